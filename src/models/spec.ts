import type { FactorObjective, ModelName, Optimizer, Regularization, Schedule } from '../types.js';
import type { ModelOption, OptionSpec, OptionTable, OptionVariant } from './option-table.js';

/** What a factor model fills in where the user says nothing. */
export interface FactorDefaults {
  dim: number;
  epochs: number;
  learningRate: number;
  regularization: Regularization;
  regularizationPower: number;
  weightDecay: 'coupled' | 'decoupled';
  lazy: boolean;
  optimizer: Optimizer;
  objective: FactorObjective;
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
export interface FactorVariant {
  objective?: FactorObjective;
  optimizer?: Optimizer;
  weightDecay?: 'coupled';
  defaults: Partial<FactorDefaults>;
}

/**
 * What `tune` varies of a model where no space is given, by option ('regularization.user' for a part of one): a list of
 * values, or numbers from default / `times` to default * `times`, in whole steps of `step` if given.
 */
export type ProposedSpace = Readonly<Record<string, readonly unknown[] | { times: number; step?: number }>>;

/**
 * How a model takes in new ratings. 'retrain': it is trained on all ratings anew, as that is exact or what it keeps is no
 * place to go on from. Else training goes on from what it has learnt, by default with these shares (above 0) of the epochs
 * and of the learning rate that it was trained with, and the same schedule.
 */
export type UpdateWay = 'retrain' | { epochs: number; learningRate: number };

interface Described {
  name: ModelName;
  summary: string;
  /** Paper and equation. */
  source: string;
  /** Learns shared features from metadata, so rows without ratings can be scored. */
  usesFeatures: boolean;
  /** Its scores are ratings, which rmse and mae compare with those of a test; else they only rank. */
  predictsRatings: boolean;
  update: UpdateWay;
  space?: ProposedSpace;
}

/** A model with a row of factors for each user and item, fitted to ratings by gradient steps. */
export interface FactorSpec extends Described {
  trainer: 'factors';
  objectives: readonly FactorObjective[];
  optimizers: readonly Optimizer[];
  options: readonly ModelOption[];
  defaults: FactorDefaults;
  variants: readonly FactorVariant[];
}

/** A model with a trainer of its own, which takes an O made from a table of options. */
export interface TableSpec<O> extends Described {
  trainer: 'popularity' | 'itemKnn' | 'ease' | 'slim' | 'ials' | 'bayesianFm' | 'itemSoftmax' | 'coLikes';
  options: OptionTable<O>;
  variants?: readonly OptionVariant<O>[];
}

/** The same, whatever its options are. */
export interface AnyTableSpec extends Described {
  trainer: TableSpec<unknown>['trainer'];
  options: Readonly<Record<string, OptionSpec>>;
  variants?: readonly OptionVariant<object>[];
}

/** A model as data: what it is, what it accepts, what it defaults to. */
export type ModelSpec = FactorSpec | AnyTableSpec;

/** What fits the parameters of a model: src/train/trainers.ts has one for each. */
export type TrainerName = ModelSpec['trainer'];
