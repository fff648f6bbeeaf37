import type { Baselines, Difference, Interval } from '../../src/index.js';
import type { Machine } from '../types.js';

/** A figure over folds. */
export interface OverFolds {
  mean: number;
  /** Standard deviation over the folds, by n - 1. */
  deviation: number;
}

/** A model that predicts ratings. */
export interface ExplicitResult {
  variant: string;
  rmse: OverFolds;
  mae: OverFolds;
  /** Seconds of training a fold. */
  seconds?: number;
}

/** A model that ranks likes. */
export interface ImplicitResult {
  variant: string;
  /** Seconds of training and of evaluating. */
  seconds: number;
  evaluateSeconds: number;
  metrics: Record<string, number>;
  intervals: Record<string, Interval>;
  /** This variant minus the reference, on the same users. */
  differences: Record<string, Difference>;
}

/** What the results file holds. */
export interface QualityResults {
  palate: string;
  /** Day of the measurement, ISO 8601. */
  date: string;
  machine: Machine;
  load: number;
  /** Of the split of likes. */
  seed: number;
  explicit: ExplicitResult[];
  implicit: ImplicitResult[];
  /** Of the likes. */
  baselines: Baselines;
}
