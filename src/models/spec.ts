import type { ModelName, Objective, Optimizer, Regularization, Schedule, TrainOptions } from '../types.js';

/** Options that every model accepts. */
export type CommonOption = 'model' | 'seed' | 'threads' | 'device' | 'validation' | 'signal' | 'onEpoch';

/** What a model fills in where the user says nothing. */
export interface ModelDefaults {
  dim: number;
  epochs: number;
  learningRate: number;
  regularization: Regularization;
  regularizationPower: number;
  weightDecay: 'coupled' | 'decoupled';
  lazy: boolean;
  optimizer: Optimizer;
  objective: Objective;
  schedule: Schedule;
  batchSize: number | 'full';
  link: 'identity' | 'sigmoid';
  biases: boolean;
  biasLearningRate: number;
  featureLearningRate: number;
  initStd: number;
  betas: [number, number];
  epsilon: number;
  patience: number;
  /**
   * Steps an epoch for which `learningRate` and `regularization` were chosen; 0: they fit any number. With more steps
   * both defaults shrink: see scaleToSteps.
   */
  chosenAtSteps: number;
}

/** Other defaults where the user chose an objective, optimizer or kind of decay that is not the model's own. */
export interface Variant {
  objective?: Objective;
  optimizer?: Optimizer;
  weightDecay?: 'coupled';
  defaults: Partial<ModelDefaults>;
}

/** A model as data: what it is, what it accepts, what it defaults to. */
export interface ModelSpec {
  name: ModelName;
  summary: string;
  /** Paper and equation. */
  source: string;
  trainer: 'factors' | 'popularity';
  /** Learns shared features from metadata, so rows without ratings can be scored. */
  usesFeatures: boolean;
  objectives: readonly Objective[];
  optimizers: readonly Optimizer[];
  options: readonly Exclude<keyof TrainOptions, CommonOption>[];
  defaults: ModelDefaults | undefined;
  variants: readonly Variant[];
}
