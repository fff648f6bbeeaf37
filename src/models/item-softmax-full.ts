import type { OptionTable } from './option-table.js';

/** Options that the softmax over all items has alone. */
export interface FullSoftmaxOnly {
  mode: 'counts' | 'pairs';
  regularization: number;
  clipNorm: number | undefined;
  batchSize: number | undefined;
  tables: number;
  hidden: number;
  dropout: number;
  layerNorm: boolean;
  itemBiases: boolean;
  selfMask: boolean;
  userVector: 'mean' | 'ratingMean';
  validPairs: number;
  testPairs: number;
}

const only = { objective: ['softmax'] } as const;

export const fullSoftmaxOptions: OptionTable<FullSoftmaxOnly> = {
  mode: {
    type: 'oneOf',
    words: ['counts', 'pairs'],
    default: 'counts',
    only,
    about: 'a step takes items with the counts of all their pairs, or single pairs',
  },
  regularization: { type: 'number', min: 0, default: 0, only, about: 'decoupled weight decay of all parameters' },
  clipNorm: {
    type: 'number',
    min: 0,
    exclusiveMin: true,
    default: undefined,
    only,
    about: 'longest gradient of a step',
  },
  // Of inputs, a sixteenth of the items but 512 at most: few items would have too few steps an epoch. Of pairs, 512.
  batchSize: { type: 'int', min: 1, max: 65_536, default: undefined, only, about: 'input items, or pairs, of a step' },
  tables: {
    type: 'int',
    min: 1,
    max: 2,
    default: 2,
    only,
    about: 'one vector an item, or one as input and one as output',
  },
  hidden: {
    type: 'int',
    min: 0,
    max: 4096,
    default: 0,
    only,
    about: 'units of a residual network on the input; 0: none',
  },
  dropout: { type: 'number', min: 0, max: 0.99, default: 0, only, about: 'share of hidden units left out in a step' },
  layerNorm: { type: 'boolean', default: false, only, about: 'normalise the input vector' },
  itemBiases: { type: 'boolean', default: true, only, about: 'a bias for each item as output' },
  selfMask: { type: 'boolean', default: true, only, about: 'an item is no candidate for what goes with itself' },
  userVector: {
    type: 'oneOf',
    words: ['mean', 'ratingMean'],
    default: 'mean',
    only,
    about: 'users: the mean of the vectors of their items, or weighted by rating',
  },
  validPairs: {
    type: 'number',
    min: 0,
    max: 0.99,
    default: 0,
    only,
    about: 'share of the pairs held back to validate on',
  },
  testPairs: {
    type: 'number',
    min: 0,
    max: 0.99,
    default: 0,
    only,
    about: 'share of the pairs held back for one final test',
  },
};
