import type { Dataset } from '../dataset/dataset.js';
import type { SlimOptions } from '../models/slim.js';
import { fitItemWeights, likesToFit, trainedWeights } from './fit-item-weights.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';

/** Coordinate descent, item by item; see native/kernels/fit_slim.h. */
export async function trainSlim(data: Dataset, options: SlimOptions, run: RunOptions): Promise<Trained> {
  const likes = likesToFit(data, options);
  const { l1Regularization: l1, regularization, tolerance, epochs } = options;
  const method = { method: 'slim', l1, regularization, tolerance, epochs } as const;
  return trainedWeights(data, options, await fitItemWeights(likes, options, method, run));
}
