import type { TableSpec } from './spec.js';

/** What training of slim takes. */
export interface SlimOptions {
  l1Regularization: number;
  regularization: number;
  epochs: number;
  tolerance: number;
  neighbors: number | 'all';
  ratingWeights: boolean;
  positiveThreshold: number;
}

export const slim: TableSpec<SlimOptions> = {
  name: 'slim',
  summary: 'sparse linear weights of items by an elastic net: few, none negative',
  source: 'Ning, Karypis 2011, eq. 2; coordinate descent: Friedman, Hastie, Tibshirani 2010',
  trainer: 'slim',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
  options: {
    l1Regularization: { type: 'number', min: 0, default: 1, about: 'L1 penalty of the weights: more leaves fewer' },
    regularization: { type: 'number', min: 0, default: 100, about: 'L2 penalty of the weights' },
    epochs: { type: 'int', min: 1, default: 50, about: 'passes over the weights of an item, at most' },
    tolerance: {
      type: 'number',
      min: 0,
      exclusiveMin: true,
      default: 1e-4,
      about: 'passes end when no weight moves by more',
    },
    neighbors: { type: 'int', min: 1, words: ['all'], default: 'all', about: 'weights an item at most, the strongest' },
    ratingWeights: { type: 'boolean', default: false, about: 'weight likes by their ratings, which must be positive' },
    positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
  },
  space: { l1Regularization: { times: 8 }, regularization: { times: 8 } },
};
