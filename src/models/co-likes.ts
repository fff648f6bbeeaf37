import type { Schedule } from '../types.js';
import type { TableSpec } from './spec.js';

/** What training of coLikes takes. */
export interface CoLikesOptions {
  dim: number | 'full';
  epochs: number;
  learningRate: number;
  schedule: Schedule;
  optimizer: 'adam' | 'sgd';
  /** Of 'sgd'. */
  momentum: number | undefined;
  /** Of 'adam'. */
  epsilon: number | undefined;
  initStd: number;
  positiveThreshold: number;
  weighting: 'count' | 'log' | 'glove';
  /** Of 'glove', as the next. */
  countCap: number | undefined;
  countPower: number | undefined;
}

export const coLikes: TableSpec<CoLikesOptions> = {
  name: 'coLikes',
  summary: 'item vectors whose products are the numbers of users who like both; "liked together", for titles too',
  source: 'symmetric factorisation of co-occurrence counts; glove: Pennington, Socher, Manning 2014, eq. 8 and 9',
  trainer: 'coLikes',
  usesFeatures: false,
  predictsRatings: false,
  update: { epochs: 0.25, learningRate: 1 },
  options: {
    dim: {
      type: 'int',
      min: 1,
      max: 65536,
      words: ['full'],
      default: 128,
      about: "width of the vectors; 'full': as many as items",
    },
    epochs: { type: 'int', min: 1, default: 200, about: 'steps, each on all counts' },
    learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.05, about: 'step size' },
    schedule: { type: 'schedule', default: { type: 'constant' }, about: 'learning rate over the epochs' },
    optimizer: { type: 'oneOf', words: ['adam', 'sgd'], default: 'adam', about: 'update rule' },
    momentum: {
      type: 'number',
      min: 0,
      max: 0.9999,
      default: 0.9,
      only: { optimizer: ['sgd'] },
      about: 'share of a step that goes on',
    },
    epsilon: {
      type: 'number',
      min: 1e-30,
      default: 1e-8,
      only: { optimizer: ['adam'] },
      about: "Adam's denominator offset",
    },
    initStd: { type: 'number', min: 0, exclusiveMin: true, default: 0.1, about: 'deviation of the initial vectors' },
    positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
    weighting: {
      type: 'oneOf',
      words: ['count', 'log', 'glove'],
      default: 'count',
      about: 'what products should be: counts, log(1 + count), or log counts of the pairs that occur, weighted',
    },
    countCap: {
      type: 'number',
      min: 0,
      exclusiveMin: true,
      default: 100,
      only: { weighting: ['glove'] },
      about: 'count from which on a pair has full weight',
    },
    countPower: {
      type: 'number',
      min: 0,
      max: 2,
      default: 1,
      only: { weighting: ['glove'] },
      about: 'exponent of weights below countCap',
    },
  },
  variants: [{ when: { optimizer: 'sgd' }, defaults: { learningRate: 1e-6 } }],
};
