import type { Schedule } from '../types.js';
import type { OptionTable } from './option-table.js';

/** Options of the sampled objectives of `itemSoftmax`. */
export interface SampledPairsOptions {
  objective: 'negativeSampling' | 'sampledSoftmax';
  dim: number;
  epochs: number;
  learningRate: number;
  schedule: Schedule;
  pairs: 'all' | 'window';
  /** Only of pairs 'window'. */
  window: number | undefined;
  /** Only of pairs 'all'. */
  pairsPerItem: number | undefined;
  negatives: number;
  negativePower: number;
  rejectSeen: boolean;
  /** Only of 'sampledSoftmax'. */
  logQ: boolean | undefined;
  initStd: number;
  patience: number;
}

export const sampledPairsOptions: OptionTable<SampledPairsOptions> = {
  objective: {
    type: 'oneOf',
    words: ['negativeSampling', 'sampledSoftmax'],
    default: 'negativeSampling',
    about: 'what is minimised',
  },
  dim: { type: 'int', min: 1, max: 4096, default: 64, about: 'width of the vectors' },
  epochs: { type: 'int', min: 1, default: 40, about: 'passes over the interactions' },
  learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.025, about: 'step size' },
  schedule: { type: 'schedule', default: { type: 'linear' }, about: 'how the step size falls' },
  pairs: {
    type: 'oneOf',
    words: ['all', 'window'],
    default: 'all',
    about: 'items of one user that are paired: any two, or those near in time',
  },
  window: {
    type: 'int',
    min: 1,
    max: 10_000,
    default: 5,
    only: { pairs: ['window'] },
    about: 'interactions that a pair is apart at most',
  },
  pairsPerItem: {
    type: 'number',
    min: 0,
    max: 1000,
    exclusiveMin: true,
    default: 6,
    only: { pairs: ['all'] },
    about: 'pairs of an epoch, in the mean for each interaction',
  },
  negatives: { type: 'int', min: 1, max: 10_000, default: 5, about: 'negatives of a pair' },
  negativePower: { type: 'number', min: -2, max: 2, default: 0.75, about: 'power of popularity that draws negatives' },
  rejectSeen: { type: 'boolean', default: false, about: 'draw no negatives that the user has seen' },
  logQ: {
    type: 'boolean',
    default: true,
    only: { objective: ['sampledSoftmax'] },
    about: 'correct sampled softmax for how often negatives are drawn',
  },
  initStd: {
    type: 'number',
    min: 0,
    exclusiveMin: true,
    default: 0.4,
    about: 'deviation of the initial vectors',
  },
  patience: { type: 'int', min: 0, default: 0, about: 'stop after so many epochs without a better validation loss' },
};
