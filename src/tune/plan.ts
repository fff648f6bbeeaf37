import type { Dataset } from '../dataset/dataset.js';
import { rangeError } from '../options.js';
import { resolveModel, resolveRun } from '../train/resolve-options.js';
import { prepare } from '../train/trainers.js';
import type { ModelName } from '../types.js';
import { defaultSpace } from './default-space.js';
import { drawTrials } from './draw.js';
import { gridOf } from './grid.js';
import type { SearchOptions } from './options.js';
import type { RungOptions } from './rungs.js';
import { type Axis, applyValues, readSpace, type SearchSpace, type Values } from './space.js';
import type { Plan, TrialOptions } from './trial.js';

/** What trials are trained on and compared by. */
export interface Parts {
  training: Dataset;
  /** Undefined where nothing is held back, to compare by the training loss. */
  validation: Dataset | undefined;
}

/** The trials of a search before the first has run. */
export interface Planned {
  model: ModelName;
  axes: Axis[];
  plans: Plan[];
  /** Of each trial: the epochs that its options ask for; Infinity where the model has none. */
  lastEpochs: number[];
  rungs: RungOptions;
}

/** Options that say how a training runs, not what it makes: no search is over them. */
const NOT_SEARCHED = ['model', 'validation', 'threads', 'device', 'signal', 'onEpoch'];

const rootOf = (key: string): string => key.split('.', 1)[0] as string;

/** Whether the keys of a space are options of the model, and not fixed ones. */
function checkKeys(model: ModelName, axes: readonly Axis[], { fixed, criterion }: SearchOptions): void {
  const roots = axes.map(({ key }) => rootOf(key));
  resolveModel({ ...Object.fromEntries(roots.map((root) => [root, 0])), model });
  for (const { key } of axes) {
    if (NOT_SEARCHED.includes(rootOf(key)))
      throw rangeError('space', `free of '${key}', which makes no other model`, key);
    if (key in fixed) throw rangeError('space', `free of '${key}', which has a fixed value`, key);
  }
  if (['loss', 'trainLoss'].includes(criterion.name) && roots.includes('objective')) {
    throw rangeError(
      'metric',
      'a metric with `objective` in the space, as their losses do not compare',
      criterion.name,
    );
  }
}

/** The options of a training, resolved. Throws what `train` would throw at once. */
function resolve({ training, validation }: Parts, options: TrialOptions): Record<string, unknown> {
  const spec = resolveModel(options);
  resolveRun(training, { ...options, validation });
  return prepare(spec, training, options).options;
}

/**
 * The epochs that options ask for, Infinity where the model has none; the error of options that training refuses for
 * their values. A wrong type or name is a slip in the space, and thrown.
 */
function epochsOf(parts: Parts, options: TrialOptions): number | RangeError {
  try {
    const { epochs } = resolve(parts, options);
    return typeof epochs === 'number' ? epochs : Number.POSITIVE_INFINITY;
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}

/**
 * The most epochs of a space: without a dimension of them those of the first trial. More trials of the same space find
 * the same, and so have the same rungs.
 */
function longestTraining(axes: readonly Axis[], epochs: readonly (number | RangeError)[]): number {
  const axis = axes.find(({ key }) => key === 'epochs');
  if (axis !== undefined) return 'values' in axis ? Math.max(...(axis.values as number[])) : axis.max;
  const first = epochs.find((one) => typeof one === 'number') as number;
  return Number.isFinite(first) ? first : 1;
}

/**
 * The trials of a search. A trial whose options do not go together is among them, and will fail; where none would train,
 * the error of the first is thrown. Of a space that nobody gave only points that train are drawn.
 */
export function planTrials(
  model: ModelName,
  space: SearchSpace | undefined,
  given: SearchOptions,
  parts: Parts,
): Planned {
  const { fixed, strategy, seed, trials } = given;
  const optionsOf = (values: Values): TrialOptions => ({ seed, ...applyValues(fixed, values), model });
  const axes = readSpace(space ?? defaultSpace(model, fixed, resolve(parts, optionsOf({}))));
  checkKeys(model, axes, given);
  const trains = (values: Values): boolean => typeof epochsOf(parts, optionsOf(values)) === 'number';
  const points =
    strategy === 'grid' ? gridOf(axes) : drawTrials(axes, trials, seed, space === undefined ? trains : undefined);
  const plans = points.map((values, index): Plan => ({ index, values, options: optionsOf(values) }));
  const epochs = plans.map(({ options }) => epochsOf(parts, options));
  if (!epochs.some((one) => typeof one === 'number')) {
    throw epochs[0] ?? rangeError('space', 'given: the fixed options refuse all that the model proposes', space);
  }
  const { factor, minEpochs = Math.ceil(longestTraining(axes, epochs) / factor ** 2) } = given.halving;
  return {
    model,
    axes,
    plans,
    lastEpochs: epochs.map((one) => (typeof one === 'number' ? one : 0)),
    rungs: { minEpochs, factor },
  };
}
