import { expectInt, expectKnownKeys, expectNumber, expectOneOf, typeError } from '../options.js';
import type { Schedule } from '../types.js';

const types = ['constant', 'exponential', 'step', 'multiStep', 'cosine', 'linear'] as const;
const keys: Record<Schedule['type'], readonly string[]> = {
  constant: ['type'],
  exponential: ['type', 'factor'],
  step: ['type', 'every', 'factor'],
  multiStep: ['type', 'epochs', 'factor'],
  cosine: ['type', 'floor'],
  linear: ['type', 'floor'],
};

const expectFactor = (value: unknown): number => expectNumber('schedule.factor', value, { min: 0, exclusiveMin: true });

/** Checks a schedule given by the user. */
export function expectSchedule(value: unknown): Schedule {
  if (typeof value !== 'object' || value === null) throw typeError('schedule', 'an object with a `type`', value);
  const given = value as Record<string, unknown>;
  const type = expectOneOf('schedule.type', given.type, types);
  expectKnownKeys(`schedule '${type}'`, given, keys[type]);
  switch (type) {
    case 'constant':
      return { type };
    case 'exponential':
      return { type, factor: expectFactor(given.factor) };
    case 'step':
      return { type, every: expectInt('schedule.every', given.every, { min: 1 }), factor: expectFactor(given.factor) };
    case 'multiStep': {
      if (!Array.isArray(given.epochs)) throw typeError('schedule.epochs', 'an array of integers >= 0', given.epochs);
      const epochs = given.epochs.map((e, i) => expectInt(`schedule.epochs[${i}]`, e, { min: 0 }));
      return { type, epochs, factor: expectFactor(given.factor) };
    }
    case 'cosine':
    case 'linear':
      return { type, floor: expectNumber('schedule.floor', given.floor ?? 0, { min: 0, max: 1 }) };
  }
}

/** Factor on the learning rate in epoch `epoch` (from 0) of `epochs`. */
export function scheduleFactor(schedule: Schedule, epoch: number, epochs: number): number {
  switch (schedule.type) {
    case 'constant':
      return 1;
    case 'exponential':
      return schedule.factor ** epoch;
    case 'step':
      return schedule.factor ** Math.floor(epoch / schedule.every);
    case 'multiStep':
      return schedule.factor ** schedule.epochs.filter((e) => e <= epoch).length;
    case 'cosine': {
      const floor = schedule.floor ?? 0;
      return floor + (1 - floor) * 0.5 * (1 + Math.cos((Math.PI * epoch) / epochs));
    }
    case 'linear':
      return 1 - ((1 - (schedule.floor ?? 0)) * epoch) / epochs;
  }
}

/**
 * The factor at the end of epoch `epoch`, for training that changes its rate within an epoch: smooth schedules reach that
 * of the next epoch, the others keep theirs.
 */
export function lastScheduleFactor(schedule: Schedule, epoch: number, epochs: number): number {
  const isSmooth = schedule.type === 'cosine' || schedule.type === 'linear';
  return scheduleFactor(schedule, isSmooth ? epoch + 1 : epoch, epochs);
}
