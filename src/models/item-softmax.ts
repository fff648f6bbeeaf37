import { type SampledPairsOptions, sampledPairsOptions } from './item-softmax-sampled.js';
import type { TableSpec } from './spec.js';

export const itemSoftmax: TableSpec<SampledPairsOptions> = {
  name: 'itemSoftmax',
  summary:
    'item vectors from pairs of items that one user met, any two or near in time (item2vec); ratings are not read',
  source:
    'Mikolov et al. 2013, "Distributed Representations of Words and Phrases", eq. 4; Barkan, Koenigstein 2016, "Item2Vec"',
  trainer: 'itemSoftmax',
  usesFeatures: false,
  predictsRatings: false,
  options: sampledPairsOptions,
};
