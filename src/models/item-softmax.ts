import type { Schedule } from '../types.js';
import { type FullSoftmaxOnly, fullSoftmaxOptions } from './item-softmax-full.js';
import { type SampledPairsOnly, sampledPairsOptions } from './item-softmax-sampled.js';
import type { TableSpec } from './spec.js';

/** Options of all objectives. */
export interface ItemSoftmaxShared {
  objective: 'softmax' | 'negativeSampling' | 'sampledSoftmax';
  dim: number;
  epochs: number;
  learningRate: number;
  schedule: Schedule;
  patience: number;
}

/** Options of the softmax over all items. */
export type FullSoftmaxOptions = ItemSoftmaxShared & FullSoftmaxOnly;

/** Options of the sampled objectives. */
export type SampledPairsOptions = ItemSoftmaxShared &
  SampledPairsOnly & { objective: Exclude<ItemSoftmaxShared['objective'], 'softmax'> };

type Undefinable<O> = { [K in keyof O]: O[K] | undefined };

/** All options; those of other objectives than the chosen one are undefined. */
export type ItemSoftmaxOptions = ItemSoftmaxShared & Undefinable<FullSoftmaxOnly> & Undefinable<SampledPairsOnly>;

export const itemSoftmax: TableSpec<ItemSoftmaxOptions> = {
  name: 'itemSoftmax',
  summary:
    'item vectors by which one item of a user predicts the others, over all items or sampled ones (item2vec); users are the mean of what they have seen',
  source:
    'Mikolov et al. 2013, "Distributed Representations of Words and Phrases", eq. 2 and 4; Barkan, Koenigstein 2016, "Item2Vec"',
  trainer: 'itemSoftmax',
  usesFeatures: false,
  predictsRatings: false,
  update: { epochs: 0.5, learningRate: 1 },
  options: {
    objective: {
      type: 'oneOf',
      words: ['softmax', 'negativeSampling', 'sampledSoftmax'],
      default: 'softmax',
      about: 'what is minimised: the cross-entropy over all items, or that against sampled ones',
    },
    dim: { type: 'int', min: 1, max: 4096, default: 64, about: 'width of the vectors' },
    epochs: {
      type: 'int',
      min: 1,
      default: 30,
      about: 'passes over the items, or over the interactions with sampling',
    },
    learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.04, about: 'step size' },
    schedule: { type: 'schedule', default: { type: 'cosine' }, about: 'learning rate over the epochs' },
    patience: { type: 'int', min: 0, default: 0, about: 'epochs without a better validation loss before it stops' },
    ...fullSoftmaxOptions,
    ...sampledPairsOptions,
  },
  variants: (['negativeSampling', 'sampledSoftmax'] as const).map((objective) => ({
    when: { objective },
    defaults: { epochs: 40, learningRate: 0.025, schedule: { type: 'linear' } },
  })),
};
