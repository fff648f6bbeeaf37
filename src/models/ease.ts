import type { TableSpec } from './spec.js';

/** What training of ease takes. */
export interface EaseOptions {
  regularization: number;
  neighborhood: number | 'all';
  minCorrelation: number;
  neighbors: number | 'all';
  ratingWeights: boolean;
  positiveThreshold: number;
}

export const ease: TableSpec<EaseOptions> = {
  name: 'ease',
  summary: 'linear autoencoder over items in closed form: what else is liked by who likes a history',
  source: 'Steck 2019, eq. 8; neighbourhoods: Steck 2019, "Markov Random Fields", section 3',
  trainer: 'ease',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
  options: {
    regularization: {
      type: 'number',
      min: 0,
      exclusiveMin: true,
      default: 250,
      about: "L2 penalty of the weights, beside each item's likes",
    },
    neighborhood: {
      type: 'int',
      min: 1,
      words: ['all'],
      default: 'all',
      about: 'items that an item is solved among, the most correlated; all: one inverse, 8 bytes a pair of items',
    },
    minCorrelation: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0,
      about: 'least absolute correlation of an item and those that it is solved among',
    },
    neighbors: { type: 'int', min: 1, words: ['all'], default: 500, about: 'weights an item at most, the strongest' },
    ratingWeights: { type: 'boolean', default: false, about: 'weight likes by their ratings' },
    positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
  },
  space: { regularization: { times: 8 } },
};
