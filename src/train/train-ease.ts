import type { Dataset } from '../dataset/dataset.js';
import type { EaseOptions } from '../models/ease.js';
import { fitItemWeights, likesToFit, trainedWeights } from './fit-item-weights.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';

/** The closed form; see native/kernels/fit_ease.h. */
export async function trainEase(data: Dataset, options: EaseOptions, run: RunOptions): Promise<Trained> {
  const likes = likesToFit(data, options);
  const method = { method: 'ease', regularization: options.regularization } as const;
  return trainedWeights(data, options, await fitItemWeights(likes, options, method, run));
}
