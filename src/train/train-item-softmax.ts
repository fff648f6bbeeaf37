import type { Dataset } from '../dataset/dataset.js';
import type { ItemSoftmaxOptions } from '../models/item-softmax.js';
import type { RunOptions } from './resolve-options.js';
import { trainFullSoftmax } from './train-full-softmax.js';
import type { Trained } from './trained.js';

type ObjectiveTrainer = (data: Dataset, options: ItemSoftmaxOptions, run: RunOptions) => Promise<Trained>;

/** The ways to fit the model: one line an objective. */
const objectives: { readonly [O in ItemSoftmaxOptions['objective']]: ObjectiveTrainer } = {
  softmax: trainFullSoftmax,
};

/** Trains item vectors by the objective that was chosen. */
export function trainItemSoftmax(data: Dataset, options: ItemSoftmaxOptions, run: RunOptions): Promise<Trained> {
  return objectives[options.objective](data, options, run);
}
