import { availableParallelism } from 'node:os';
import { Dataset } from '../dataset/dataset.js';
import {
  expectFunction,
  expectInt,
  expectKnownKeys,
  expectNumber,
  expectOneOf,
  expectSignal,
  expectString,
  rangeError,
  typeError,
} from '../options.js';
import { resolveModel } from '../train/resolve-options.js';
import type { EpochReport, ModelName, TrainOptions } from '../types.js';
import { type Criterion, readCriterion } from './criterion.js';
import type { RungOptions } from './rungs.js';
import type { SearchSpace } from './space.js';
import type { Trial } from './trial.js';

/** How far a search is. */
export interface TuneProgress {
  /** Trials that have ended, those of the journal too. */
  done: number;
  /** Trials that there are. */
  total: number;
}

export interface TuneOptions {
  model: ModelName;
  /** What is varied. Default: what the model's file proposes, around its defaults, without what `options` fixes. */
  space?: SearchSpace;
  /**
   * 'random' draws `trials` points of the space (default); 'grid' tries every combination; 'halving' draws like 'random'
   * and gives up trials early that do badly at the same number of epochs: see `halving`.
   */
  strategy?: 'random' | 'grid' | 'halving';
  /** Points that are drawn; fewer where the space has fewer. Default 20; not for 'grid'. */
  trials?: number;
  /**
   * What decides: 'loss' (default), the validation loss that training reports, or a metric as `evaluate` names it, as
   * 'rmse' or 'ndcg@10'. Losses of different objectives do not compare: with `objective` in the space name a metric.
   * 'trainLoss' compares how far training itself got, as a sweep over optimizers does; it holds nothing back.
   */
  metric?: string;
  /** Held back to choose by: a part of a split, or the share of `data` to hold back at random. Default 0.1; nothing with 'trainLoss'. */
  validation?: Dataset | number;
  /** Scored once, at the end, by the best model; nothing else looks at it. */
  test?: Dataset;
  /** Options of `train` that are the same in every trial. */
  options?: Partial<Omit<TrainOptions, 'model' | 'validation' | 'threads' | 'signal' | 'onEpoch'>>;
  /** Seed of the draws, of the split, and of each training unless `options` or the space name one. Default 42. */
  seed?: number;
  /** Trials at once. Default 1: one training uses several threads well where the data is large. */
  parallel?: number;
  /** Native threads of all trials together. Default: as many as the machine runs at once. */
  threads?: number;
  /**
   * 'halving': a trial is compared with the earlier ones after `minEpochs`, `minEpochs` * `factor`, `minEpochs` *
   * `factor`^2 epochs and so on, by `metric` where that is the loss or rmse, else by the validation loss; it goes on while
   * it is among the best 1 / `factor` there. Defaults: factor 3, and of minEpochs the longest training of the space
   * divided by factor^2. Earlier rungs save time, and miss slow but good settings.
   */
  halving?: Partial<RungOptions>;
  /**
   * File that takes each finished trial, a line of JSON each. Where it exists the search goes on with the trials that it
   * lacks, also with more `trials` than before; anything else must be as it was.
   */
  journal?: string;
  signal?: AbortSignal;
  /** Called as each trial ends; not for those that the journal brought. */
  onTrial?: (trial: Trial, progress: TuneProgress) => void;
  onEpoch?: (report: EpochReport, trial: Pick<Trial, 'index' | 'values' | 'options'>, progress: TuneProgress) => void;
}

const KNOWN = [
  'model',
  'space',
  'strategy',
  'trials',
  'metric',
  'validation',
  'test',
  'options',
  'seed',
  'parallel',
  'threads',
  'halving',
  'journal',
  'signal',
  'onTrial',
  'onEpoch',
] as const satisfies readonly (keyof TuneOptions)[];

/** Options of `train` that are the search's own business. */
const OWN = ['model', 'validation', 'threads', 'signal', 'onEpoch'] as const;

/** The options of a search, checked; what depends on the model comes later. */
export interface SearchOptions {
  strategy: 'random' | 'grid' | 'halving';
  trials: number;
  criterion: Criterion;
  validation: Dataset | number | undefined;
  test: Dataset | undefined;
  fixed: Record<string, unknown>;
  seed: number;
  parallel: number;
  threads: number;
  /** Without `minEpochs` where the space is to decide. */
  halving: Partial<RungOptions> & { factor: number };
  journal: string | undefined;
  signal: AbortSignal | undefined;
  onTrial: TuneOptions['onTrial'];
  onEpoch: TuneOptions['onEpoch'];
}

function readValidation(value: unknown): Dataset | number {
  if (value instanceof Dataset) return value;
  if (typeof value !== 'number')
    throw typeError('validation', 'a Dataset or the share of the data to hold back', value);
  const share = expectNumber('validation', value, { min: 0, max: 1, exclusiveMin: true });
  if (share === 1) throw rangeError('validation', 'a number > 0 and < 1', value);
  return share;
}

function readFixed(value: object): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw typeError('options', 'an object of options of train', value);
  for (const key of OWN) {
    if (key in value) throw rangeError('options', `free of \`${key}\`, which the search sets itself`, value);
  }
  return { ...value };
}

export function readOptions(data: Dataset, options: TuneOptions): SearchOptions {
  if (!(data instanceof Dataset)) throw typeError('data', 'a Dataset', data);
  expectKnownKeys('tune', options, KNOWN);
  const fixed = readFixed(options.options ?? {});
  const spec = resolveModel({ model: options.model, objective: fixed.objective } as TrainOptions);
  const { test, trials } = options;
  const strategy = expectOneOf('strategy', options.strategy ?? 'random', ['random', 'grid', 'halving']);
  if (strategy === 'grid' && trials !== undefined) {
    throw rangeError('trials', "left out with strategy 'grid', which tries every combination", trials);
  }
  if (test !== undefined && !(test instanceof Dataset)) throw typeError('test', 'a Dataset', test);
  const criterion = readCriterion(options.metric ?? 'loss', spec.predictsRatings && !data.implicit);
  const share = options.validation ?? (criterion.needsValidation ? 0.1 : undefined);
  const validation = share === undefined ? undefined : readValidation(share);
  if (test !== undefined && test === validation) {
    throw rangeError('test', 'another part than `validation`, which the choice has seen', test);
  }
  const halving = options.halving ?? {};
  expectKnownKeys('halving', halving, ['minEpochs', 'factor']);
  return {
    strategy,
    trials: expectInt('trials', trials ?? 20, { min: 1, max: 100_000 }),
    criterion,
    validation,
    test,
    fixed,
    seed: expectInt('seed', options.seed ?? 42, { min: 0 }),
    parallel: expectInt('parallel', options.parallel ?? 1, { min: 1, max: 1024 }),
    threads: expectInt('threads', options.threads ?? availableParallelism(), { min: 1, max: 1024 }),
    halving: {
      ...(halving.minEpochs !== undefined && {
        minEpochs: expectInt('halving.minEpochs', halving.minEpochs, { min: 1 }),
      }),
      factor: expectInt('halving.factor', halving.factor ?? 3, { min: 2 }),
    },
    journal: options.journal === undefined ? undefined : expectString('journal', options.journal),
    signal: expectSignal(options.signal),
    onTrial: options.onTrial === undefined ? undefined : expectFunction('onTrial', options.onTrial),
    onEpoch: options.onEpoch === undefined ? undefined : expectFunction('onEpoch', options.onEpoch),
  };
}
