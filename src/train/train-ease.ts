import { availableMemory } from 'node:process';
import type { Dataset } from '../dataset/dataset.js';
import type { Interactions } from '../dataset/interactions.js';
import { DataError } from '../errors.js';
import type { EaseOptions } from '../models/ease.js';
import { fitItemWeights, likesToFit, trainedWeights } from './fit-item-weights.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

/** DataError where the matrix that the closed form inverts, as large as the lesser of users and items, has no room. */
export function expectRoom({ numUsers, numItems }: Pick<Interactions, 'numUsers' | 'numItems'>, free: number): void {
  const rows = Math.min(numUsers, numItems);
  const needed = 8 * rows ** 2;
  if (needed <= free) return;
  throw new DataError(
    `ease inverts a matrix of ${rows.toLocaleString('en')} rows in ${gigabytes(needed)}, and ${gigabytes(free)} are free. Set \`neighborhood\`, to 500 for example, or leave out rare items`,
  );
}

/** The closed form, or its sparse approximation by neighbourhoods; see native/kernels/fit_ease.h. */
export async function trainEase(data: Dataset, options: EaseOptions, run: RunOptions): Promise<Trained> {
  const likes = likesToFit(data, options);
  const { regularization, minCorrelation } = options;
  const isDense = options.neighborhood === 'all' && minCorrelation === 0;
  const free = availableMemory();
  // Asked before anything is allocated: systems that lend more memory than they have end the process later.
  if (isDense) expectRoom(likes, free);
  const neighborhood = options.neighborhood === 'all' ? likes.numItems : options.neighborhood;
  const method = {
    method: 'ease',
    regularization,
    neighborhood: isDense ? 0 : neighborhood,
    minCorrelation,
    memoryLimit: free,
  } as const;
  return trainedWeights(data, options, await fitItemWeights(likes, options, method, run));
}
