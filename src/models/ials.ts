import type { TableSpec } from './spec.js';

/** What training of ials takes. */
export interface IalsOptions {
  dim: number;
  epochs: number;
  regularization: number;
  regularizationPower: number;
  unobservedWeight: number;
  positiveThreshold: number | undefined;
  ratingWeight: number;
  solver: 'cholesky' | 'cg';
  blockSize: number | 'full' | undefined;
  cgSteps: number | undefined;
  initStd: number | undefined;
  patience: number;
}

export const ials: TableSpec<IalsOptions> = {
  name: 'ials',
  summary:
    'implicit alternating least squares: factors by which what a user chose stands out; for likes, clicks, plays',
  source:
    'Rendle, Krichene, Zhang, Koren 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks", eq. 3 to 5',
  trainer: 'ials',
  usesFeatures: false,
  predictsRatings: false,
  update: { epochs: 0.25, learningRate: 1 },
  space: {
    regularization: { times: 8 },
    unobservedWeight: { times: 8 },
    dim: [32, 64, 128, 256],
    epochs: { times: 2, step: 1 },
  },
  options: {
    dim: { type: 'int', min: 1, max: 4096, default: 64, about: 'width of the factors' },
    epochs: { type: 'int', min: 1, default: 16, about: 'passes over users, then items' },
    regularization: { type: 'number', min: 0, exclusiveMin: true, default: 0.01, about: 'L2 penalty' },
    regularizationPower: {
      type: 'number',
      min: 0,
      max: 1,
      default: 1,
      about: 'its growth with the positives of a row and with what is unobserved',
    },
    unobservedWeight: {
      type: 'number',
      min: 0,
      default: 0.1,
      about: 'weight of the squares of all scores, against 1 for what a user has',
    },
    positiveThreshold: { type: 'number', default: undefined, about: 'least rating of a positive; without, all are' },
    ratingWeight: { type: 'number', min: 0, default: 0, about: 'a positive weighs 1 + this * rating' },
    solver: {
      type: 'oneOf',
      words: ['cholesky', 'cg'],
      default: 'cholesky',
      about: 'how a row is fitted: by Cholesky in blocks, or by conjugate gradients',
    },
    blockSize: {
      type: 'int',
      min: 1,
      max: 4096,
      words: ['full'],
      default: 16,
      only: { solver: ['cholesky'] },
      about: 'factors of a row that are fitted together, in multiples of 16; full: all, the exact solution',
    },
    cgSteps: {
      type: 'int',
      min: 1,
      default: 3,
      only: { solver: ['cg'] },
      about: 'conjugate gradients for each row in each epoch',
    },
    initStd: {
      type: 'number',
      min: 0,
      exclusiveMin: true,
      default: undefined,
      about: 'deviation of the initial factors; without, .1 / sqrt(dim)',
    },
    patience: { type: 'int', min: 0, default: 0, about: 'epochs without a better validation loss before it stops' },
  },
};
