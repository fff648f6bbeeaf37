import type { EpochReport, TrainOptions } from '../types.js';
import { type Criterion, scoreOf } from './criterion.js';
import type { Values } from './space.js';

/**
 * 'ok': trained to its end. 'stopped': given up on a rung of 'halving'. 'diverged': a loss or parameter stopped being
 * finite. 'failed': training refused the options or the data; see `error`.
 */
export type TrialStatus = 'ok' | 'stopped' | 'diverged' | 'failed';

/** What training takes besides the run: `train(data, trial.options)` trains the same model on other data. */
export type TrialOptions = Omit<TrainOptions, 'validation' | 'threads' | 'signal' | 'onEpoch'>;

/** One setting of a search, and how it did. */
export interface Trial {
  /** From 0, in the order of the search. */
  index: number;
  /** The value of each key of the space. */
  values: Values;
  /** All options, fixed ones too. */
  options: TrialOptions;
  status: TrialStatus;
  /**
   * The metric of the search by its name, and what training measured: trainLoss, validLoss, validRmse, and `epochs`, the
   * epoch whose state was kept. Of a stopped trial those of its last epoch; of a diverged or failed one nothing.
   */
  metrics: Record<string, number>;
  /** Training and measuring, by the clock. */
  seconds: number;
  epochs: EpochReport[];
  /** What went wrong in a diverged or failed trial. */
  error?: string;
}

/** A trial before it has run. */
export type Plan = Pick<Trial, 'index' | 'values' | 'options'>;

const ORDER: Record<TrialStatus, number> = { ok: 0, stopped: 1, diverged: 2, failed: 3 };

/**
 * Trials, best first: finished ones by the metric, then stopped ones by how far they came and by the metric, then those
 * that diverged, then those that failed. Of equal ones the earlier.
 */
export function sortTrials(trials: readonly Trial[], criterion: Criterion): Trial[] {
  const score = (trial: Trial): number => scoreOf(criterion, trial.metrics[criterion.name]);
  // Infinity - Infinity is NaN, and no order.
  const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...trials].sort(
    (a, b) =>
      ORDER[a.status] - ORDER[b.status] ||
      (a.status === 'stopped' ? b.epochs.length - a.epochs.length : 0) ||
      compare(score(a), score(b)) ||
      a.index - b.index,
  );
}
