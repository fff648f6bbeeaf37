import type { Dataset } from '../dataset/dataset.js';
import type { FullSoftmaxOptions, ItemSoftmaxOptions, SampledPairsOptions } from '../models/item-softmax.js';
import type { RunOptions } from './resolve-options.js';
import { trainFullSoftmax } from './train-full-softmax.js';
import { trainSampledPairs } from './train-sampled-pairs.js';
import type { Trained } from './trained.js';

/** Trains item vectors by the objective that was chosen. */
export function trainItemSoftmax(data: Dataset, options: ItemSoftmaxOptions, run: RunOptions): Promise<Trained> {
  // The table gives the options of the chosen objective, and leaves those of the others undefined.
  return options.objective === 'softmax'
    ? trainFullSoftmax(data, options as FullSoftmaxOptions, run)
    : trainSampledPairs(data, options as SampledPairsOptions, run);
}
