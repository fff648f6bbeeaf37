import { specOf } from '../models/index.js';
import { rangeError } from '../options.js';
import type { ModelName } from '../types.js';
import type { NumberRange, SearchSpace } from './space.js';

/** The value of a key as a space writes it: 'regularization.user' is a part of `regularization`. */
function lookUp(options: Readonly<Record<string, unknown>>, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], options);
}

/** From value / times to value * times; with a step in whole multiples of it, one at least. */
function rangeAround(value: number, { times, step }: { times: number; step?: number }): NumberRange {
  if (step === undefined) {
    const round = (x: number): number => Number(x.toPrecision(4));
    return { min: round(value / times), max: round(value * times), scale: 'log' };
  }
  const steps = (x: number): number => Math.max(1, Math.round(x / step)) * step;
  return { min: steps(value / times), max: Math.max(steps(value * times), 2 * step), scale: 'log', step };
}

/**
 * The space that a model's file proposes, around the defaults for this data, without what `fixed` settles. An option whose
 * default is 0 or absent has no range around it, and is left out.
 * @param defaults the options of the model, resolved.
 */
export function defaultSpace(
  model: ModelName,
  fixed: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): SearchSpace {
  const space: Record<string, SearchSpace[string]> = {};
  for (const [key, proposed] of Object.entries(specOf(model, fixed.objective).space ?? {})) {
    if ((key.split('.', 1)[0] as string) in fixed) continue;
    if ('times' in proposed) {
      const value = lookUp(defaults, key);
      if (typeof value === 'number' && value > 0) space[key] = rangeAround(value, proposed);
    } else {
      space[key] = proposed;
    }
  }
  if (Object.keys(space).length > 0) return space;
  throw rangeError('space', `an object of options to vary, as model '${model}' proposes none`, undefined);
}
