import { expectInt, expectKnownKeys, expectNumber, expectOneOf, rangeError, typeError } from '../options.js';

/** Numbers from `min` to `max`, both included. */
export interface NumberRange {
  min: number;
  max: number;
  /** How draws are spread: 'log' gives each order of magnitude the same share, and needs `min` > 0. Default 'linear'. */
  scale?: 'linear' | 'log';
  /** Only min, min + step, min + 2 step, …: integers for an option that takes integers. Default: any number. */
  step?: number;
  /** Strategy 'grid': so many values, spread evenly on the scale. Default: every step. */
  points?: number;
}

/** The values that one option may take: a list, or a range of numbers. */
export type Dimension = readonly unknown[] | NumberRange;

/**
 * A search space as data, which a JSON file can hold: options of `train` by name, 'regularization.user' for a part of
 * one. Example: { learningRate: { min: 1e-3, max: 0.1, scale: 'log' }, dim: [16, 32], optimizer: ['sgd', 'adam'] }.
 */
export type SearchSpace = Readonly<Record<string, Dimension>>;

/** A checked dimension of a space. */
export type Axis =
  | { key: string; values: readonly unknown[] }
  | { key: string; min: number; max: number; scale: 'linear' | 'log'; step?: number; points?: number };

/** The value of each key of the space, in a trial. */
export type Values = Readonly<Record<string, unknown>>;

/** What a journal can hold without loss. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== 'object' || value === null) return false;
  return [Object.prototype, null].includes(Object.getPrototypeOf(value)) && Object.values(value).every(isPlain);
}

function readRange(key: string, given: object): Axis {
  const name = `space.${key}`;
  expectKnownKeys(name, given, ['min', 'max', 'scale', 'step', 'points']);
  const { min, max, scale, step, points } = given as NumberRange;
  const axis: Axis = {
    key,
    min: expectNumber(`${name}.min`, min),
    max: expectNumber(`${name}.max`, max),
    scale: expectOneOf(`${name}.scale`, scale ?? 'linear', ['linear', 'log']),
  };
  if (max <= min) throw rangeError(`${name}.max`, `a number > ${name}.min (${min})`, max);
  if (scale === 'log' && min <= 0) throw rangeError(`${name}.min`, "a number > 0 with scale 'log'", min);
  if (step !== undefined)
    axis.step = expectNumber(`${name}.step`, step, { min: 0, exclusiveMin: true, max: max - min });
  if (points !== undefined) axis.points = expectInt(`${name}.points`, points, { min: 2, max: 1000 });
  return axis;
}

/** The dimensions of a space, checked, in the order given. That the model has these options is for others to check. */
export function readSpace(space: unknown): Axis[] {
  const expected = 'an object of options with a list of values or { min, max } each';
  if (typeof space !== 'object' || space === null || Array.isArray(space)) throw typeError('space', expected, space);
  const axes = Object.entries(space).map(([key, dimension]: [string, unknown]): Axis => {
    if (typeof dimension !== 'object' || dimension === null) {
      throw typeError(`space.${key}`, 'a list of values or an object with min and max', dimension);
    }
    if (!Array.isArray(dimension)) return readRange(key, dimension);
    if (dimension.length === 0) throw rangeError(`space.${key}`, 'a list with at least one value', dimension);
    const bad = dimension.findIndex((value) => !isPlain(value));
    if (bad >= 0) throw typeError(`space.${key}[${bad}]`, 'a value that JSON can hold', dimension[bad]);
    return { key, values: dimension };
  });
  if (axes.length === 0) throw rangeError('space', 'an object with at least one option', space);
  for (const { key } of axes) {
    const dot = key.indexOf('.');
    if (dot < 0 || !(key.slice(0, dot) in space)) continue;
    throw rangeError('space', `free of '${key}' beside '${key.slice(0, dot)}', which holds it`, space);
  }
  return axes;
}

/** How many values a range with steps has. */
export const stepsOf = ({ min, max, step }: { min: number; max: number; step: number }): number =>
  Math.floor((max - min) / step + 1e-9) + 1;

/**
 * The value of a dimension at a share of the way through it, 0 <= share <= 1. Numbers without a step have four
 * significant digits, so that what a report shows is the whole value.
 */
export function valueAt(axis: Axis, share: number): unknown {
  if ('values' in axis) return axis.values[Math.min(axis.values.length - 1, Math.floor(share * axis.values.length))];
  const { min, max, scale, step } = axis;
  const raw = scale === 'log' ? min * (max / min) ** share : min + (max - min) * share;
  if (step === undefined) return Math.min(max, Math.max(min, Number(raw.toPrecision(4))));
  const count = stepsOf({ min, max, step });
  const nearest = scale === 'log' ? Math.round((raw - min) / step) : Math.floor(share * count);
  // Twelve digits: .1 + 2 * .1 is .3.
  return Number((min + Math.min(count - 1, nearest) * step).toPrecision(12));
}

/** The options of a trial: `fixed` ones, and the values of the space, a dotted key as a part of an object. */
export function applyValues(fixed: Readonly<Record<string, unknown>>, values: Values): Record<string, unknown> {
  const options: Record<string, unknown> = { ...fixed };
  for (const [key, value] of Object.entries(values)) {
    const dot = key.indexOf('.');
    if (dot < 0) {
      options[key] = value;
      continue;
    }
    const whole = key.slice(0, dot);
    const part = options[whole] ?? {};
    if (typeof part !== 'object') throw typeError(whole, `an object beside '${key}' in the space`, part);
    options[whole] = { ...part, [key.slice(dot + 1)]: value };
  }
  return options;
}
