import type { FieldSpec } from '../dataset/features.js';
import type { TableSpec } from './spec.js';

/** What training of bayesianFm takes. */
export interface BayesianFmOptions {
  dim: number;
  link: 'identity' | 'ordinal';
  epochs: number;
  burnIn: number | undefined;
  fields: readonly FieldSpec[] | undefined;
  implicitBlocks: boolean;
  timeSlots: boolean;
  servingDim: number;
  initStd: number;
}

export const bayesianFm: TableSpec<BayesianFmOptions> = {
  name: 'bayesianFm',
  summary: 'the lowest errors of ratings: a factorisation machine averaged over Gibbs samples, without a learning rate',
  source:
    'Rendle 2012 (libFM), section 3.3; features of users and items by blocks: Rendle 2013; ordinal: Albert, Chib 1993',
  trainer: 'bayesianFm',
  usesFeatures: true,
  predictsRatings: true,
  update: 'retrain',
  options: {
    dim: { type: 'int', min: 1, max: 4096, default: 16, about: 'width of the factors' },
    link: {
      type: 'oneOf',
      words: ['identity', 'ordinal'],
      default: 'identity',
      about: 'ratings as numbers, or as steps of a scale, with a probability for each',
    },
    epochs: { type: 'int', min: 1, default: 200, about: 'samples' },
    burnIn: { type: 'int', min: 0, default: undefined, about: 'first samples that predictions leave out' },
    fields: { type: 'fields', default: undefined, about: 'metadata columns used as features' },
    implicitBlocks: { type: 'boolean', default: true, about: 'who has rated what as features of users and items' },
    timeSlots: {
      type: 'boolean',
      default: false,
      about: "the day and the ten minutes of a user's ratings as features",
    },
    servingDim: {
      type: 'int',
      min: 1,
      max: 4096,
      default: 64,
      about: 'width of the factors that stand for the mean over all samples',
    },
    initStd: { type: 'number', min: 0, exclusiveMin: true, default: 0.1, about: 'deviation of the initial factors' },
  },
};
