import type { Schedule } from '../types.js';
import type { TableSpec } from './spec.js';

/** What training of mf by objective 'bpr' takes. */
export interface BprOptions {
  objective: 'bpr';
  dim: number;
  epochs: number;
  learningRate: number;
  schedule: Schedule;
  regularization: number;
  optimizer: 'sgd' | 'adagrad';
  epsilon: number | undefined;
  biases: boolean;
  initStd: number;
  negatives: number;
  negativePower: number;
  rejectSeen: boolean;
  positiveThreshold: number;
  patience: number;
}

export const mfBpr: TableSpec<BprOptions> = {
  name: 'mf',
  summary: 'matrix factorisation that ranks what a user likes before what he has not met; for likes, clicks, plays',
  source: 'Rendle, Freudenthaler, Gantner, Schmidt-Thieme 2009, "BPR: Bayesian Personalized Ranking", section 4',
  trainer: 'bpr',
  usesFeatures: false,
  predictsRatings: false,
  // Trained anew, as its epochs begin with rows that are drawn.
  update: 'retrain',
  space: {
    learningRate: { times: 3 },
    regularization: { times: 4 },
    dim: [16, 32, 64, 128],
    epochs: { times: 2, step: 1 },
  },
  options: {
    objective: { type: 'oneOf', words: ['bpr'], default: 'bpr', about: 'pairs of a liked item and another, in order' },
    dim: { type: 'int', min: 1, max: 4096, default: 64, about: 'width of the factors' },
    epochs: { type: 'int', min: 1, default: 60, about: 'passes over the likes' },
    learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.1, about: 'step size' },
    schedule: { type: 'schedule', default: { type: 'linear' }, about: 'learning rate over the epochs' },
    regularization: {
      type: 'number',
      min: 0,
      default: 0.01,
      about: 'L2 penalty of the rows of a triple, each time that it is met',
    },
    optimizer: { type: 'oneOf', words: ['sgd', 'adagrad'], default: 'sgd', about: 'how' },
    epsilon: {
      type: 'number',
      min: 1e-30,
      default: 1e-8,
      only: { optimizer: ['adagrad'] },
      about: 'offset of the denominator',
    },
    biases: { type: 'boolean', default: true, about: 'a bias an item' },
    initStd: { type: 'number', min: 0, exclusiveMin: true, default: 0.1, about: 'deviation of the initial factors' },
    negatives: { type: 'int', min: 1, max: 10_000, default: 3, about: 'triples of each like in an epoch' },
    negativePower: {
      type: 'number',
      min: -2,
      max: 2,
      default: 0,
      about: 'power of popularity that draws negatives; 0: all items alike',
    },
    rejectSeen: { type: 'boolean', default: true, about: 'draw no negatives that the user likes' },
    positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
    patience: { type: 'int', min: 0, default: 0, about: 'epochs without a better validation loss before it stops' },
  },
  variants: [{ when: { optimizer: 'adagrad' }, defaults: { regularization: 0.02, initStd: 0.05 } }],
};
