import type { Dataset } from '../dataset/dataset.js';
import { Interactions } from '../dataset/interactions.js';
import { positivesOf } from '../dataset/positives.js';
import { DataError } from '../errors.js';
import type { ItemWeightsConfig, WeightsMethod } from '../native/binding.js';
import { native } from '../native/load.js';
import { withCancel } from '../native/with-cancel.js';
import type { ItemWeightParameters } from '../types.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';

/** What all models of item weights take. */
export interface LikesOptions {
  neighbors: number | 'all';
  ratingWeights: boolean;
  positiveThreshold: number;
}

/** Likes with the values that they have in a history. DataError where values make no weights. */
export function likesToFit(data: Dataset, { ratingWeights, positiveThreshold }: LikesOptions): Interactions {
  const likes = positivesOf(data, positiveThreshold);
  if (data.implicit) return likes;
  if (!ratingWeights) return withValues(likes, new Float32Array(likes.size).fill(1));
  const { min } = likes.valueRange();
  if (!(min > 0)) {
    throw new DataError(`With \`ratingWeights\` every like needs a rating above 0; one is ${min}`, {
      column: 'rating',
    });
  }
  return likes;
}

/** The same pairs with other values. */
export function withValues({ numUsers, numItems, offsets, items }: Interactions, values: Float32Array): Interactions {
  return new Interactions({ numUsers, numItems, offsets, items, values, times: undefined });
}

/** Fits weights on native threads. Rejects with the signal's reason when aborted. */
export async function fitItemWeights(
  likes: Interactions,
  options: LikesOptions,
  method: WeightsMethod,
  { threads, signal }: RunOptions,
): Promise<Pick<ItemWeightParameters, 'offsets' | 'indices' | 'weights'>> {
  signal?.throwIfAborted();
  const byItem = likes.byItem();
  const config: ItemWeightsConfig = {
    ...method,
    offsets: likes.offsets,
    items: likes.items,
    values: likes.values,
    itemOffsets: byItem.offsets,
    users: byItem.users,
    itemValues: byItem.values,
    neighbors: options.neighbors === 'all' ? likes.numItems : options.neighbors,
    threads,
  };
  const fitter = new (native().ItemWeights)(config);
  try {
    const { status, count } = await withCancel(signal, (cancel) => fitter.fit(cancel));
    if (status === 'diverged') {
      throw new DataError('The likes are too large beside `regularization` to solve for weights; raise it');
    }
    const arrays = {
      offsets: new Uint32Array(likes.numItems + 1),
      indices: new Uint32Array(count),
      weights: new Float32Array(count),
    };
    fitter.read(arrays);
    return arrays;
  } finally {
    fitter.dispose();
  }
}

/** What a training of weights comes to. */
export function trainedWeights(
  data: Dataset,
  { ratingWeights, positiveThreshold }: LikesOptions,
  weights: Pick<ItemWeightParameters, 'offsets' | 'indices' | 'weights'>,
): Trained {
  const parameters: ItemWeightParameters = {
    kind: 'itemWeights',
    ...weights,
    ratingWeights: ratingWeights && !data.implicit,
    ...(!data.implicit && { positiveThreshold }),
  };
  return { parameters, history: [], metrics: {} };
}
