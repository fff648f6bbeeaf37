import type { Schedule } from '../types.js';
import type { TableSpec } from './spec.js';

export interface ItemSoftmaxOptions {
  objective: 'softmax';
  mode: 'counts' | 'pairs';
  dim: number;
  epochs: number;
  learningRate: number;
  regularization: number;
  schedule: Schedule;
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
  patience: number;
}

export const itemSoftmax: TableSpec<ItemSoftmaxOptions> = {
  name: 'itemSoftmax',
  summary: 'item vectors by which one item of a user predicts the others; users are the mean of what they have seen',
  source:
    'Mikolov et al. 2013, "Distributed Representations of Words and Phrases", eq. 2, with all items of a user as context',
  trainer: 'itemSoftmax',
  usesFeatures: false,
  predictsRatings: false,
  options: {
    objective: {
      type: 'oneOf',
      words: ['softmax'],
      default: 'softmax',
      about: 'what is minimised: the cross-entropy over all items',
    },
    mode: {
      type: 'oneOf',
      words: ['counts', 'pairs'],
      default: 'counts',
      about: 'a step takes items with the counts of all their pairs, or single pairs',
    },
    dim: { type: 'int', min: 1, max: 4096, default: 64, about: 'width of the vectors' },
    epochs: { type: 'int', min: 1, default: 30, about: 'passes over the items' },
    learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.04, about: 'step size of AdamW' },
    regularization: { type: 'number', min: 0, default: 0, about: 'decoupled weight decay of all parameters' },
    schedule: { type: 'schedule', default: { type: 'cosine' }, about: 'learning rate over the epochs' },
    clipNorm: { type: 'number', min: 0, exclusiveMin: true, default: undefined, about: 'longest gradient of a step' },
    // Of inputs, a sixteenth of the items but 512 at most: few items would have too few steps an epoch. Of pairs, 512.
    batchSize: { type: 'int', min: 1, max: 65_536, default: undefined, about: 'input items, or pairs, of a step' },
    tables: { type: 'int', min: 1, max: 2, default: 2, about: 'one vector an item, or one as input and one as output' },
    hidden: { type: 'int', min: 0, max: 4096, default: 0, about: 'units of a residual network on the input; 0: none' },
    dropout: { type: 'number', min: 0, max: 0.99, default: 0, about: 'share of hidden units left out in a step' },
    layerNorm: { type: 'boolean', default: false, about: 'normalise the input vector' },
    itemBiases: { type: 'boolean', default: true, about: 'a bias for each item as output' },
    selfMask: { type: 'boolean', default: true, about: 'an item is no candidate for what goes with itself' },
    userVector: {
      type: 'oneOf',
      words: ['mean', 'ratingMean'],
      default: 'mean',
      about: 'users: the mean of the vectors of their items, or weighted by rating',
    },
    validPairs: { type: 'number', min: 0, max: 0.99, default: 0, about: 'share of the pairs held back to validate on' },
    testPairs: {
      type: 'number',
      min: 0,
      max: 0.99,
      default: 0,
      about: 'share of the pairs held back for one final test',
    },
    patience: { type: 'int', min: 0, default: 0, about: 'epochs without a better validation loss before it stops' },
  },
};
