import type { OptionTable } from './option-table.js';

/** Options that the sampled objectives have alone. */
export interface SampledPairsOnly {
  pairs: 'all' | 'window';
  /** Of pairs 'window'. */
  window: number | undefined;
  /** Of pairs 'all'. */
  pairsPerItem: number | undefined;
  subsample: number;
  negatives: number;
  negativePower: number;
  rejectSeen: boolean;
  /** Of 'sampledSoftmax'. */
  logQ: boolean | undefined;
  initStd: number;
}

const sampled = ['negativeSampling', 'sampledSoftmax'] as const;
const only = { objective: sampled };

export const sampledPairsOptions: OptionTable<SampledPairsOnly> = {
  pairs: {
    type: 'oneOf',
    words: ['all', 'window'],
    default: 'all',
    only,
    about: 'items of one user that are paired: any two, or those near in time',
  },
  window: {
    type: 'int',
    min: 1,
    max: 10_000,
    default: 5,
    only: { objective: sampled, pairs: ['window'] },
    about: 'interactions that a pair is apart at most',
  },
  pairsPerItem: {
    type: 'number',
    min: 0,
    max: 1000,
    exclusiveMin: true,
    default: 6,
    only: { objective: sampled, pairs: ['all'] },
    about: 'pairs of an epoch, in the mean for each interaction',
  },
  subsample: {
    type: 'number',
    min: 0,
    max: 1,
    default: 0,
    only,
    about: 'share of all interactions above which those with an item are thinned out; 0: never',
  },
  negatives: { type: 'int', min: 1, max: 10_000, default: 5, only, about: 'negatives of a pair' },
  negativePower: {
    type: 'number',
    min: -2,
    max: 2,
    default: 0.75,
    only,
    about: 'power of popularity that draws negatives',
  },
  rejectSeen: { type: 'boolean', default: false, only, about: 'draw no negatives that the user has seen' },
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
    only,
    about: 'deviation of the initial vectors',
  },
};
