import type { Dataset } from '../dataset/dataset.js';
import type { Interactions } from '../dataset/interactions.js';
import { expectInt, expectKnownKeys, expectNumber } from '../options.js';

export interface BiasBaselineOptions {
  /** Pseudo-counts that pull each bias to 0. Default item 10, user 15. */
  regularization?: { item?: number; user?: number };
  /** Sweeps over items, then users. Default 10. */
  epochs?: number;
}

/** Ratings from biases alone: what a personal model has to beat. */
export interface BiasBaseline {
  /** Mean training rating mu. */
  readonly globalBias: number;
  /** (numUsers) */
  readonly userBiases: Float64Array;
  /** (numItems) */
  readonly itemBiases: Float64Array;
  /** Range of the training ratings. */
  readonly range: { min: number; max: number };
  /** mu + b_u + b_i, clipped to the range; an index outside the training data has no bias. */
  predict(user: number, item: number): number;
}

/**
 * r = mu + b_u + b_i by alternating least squares, as in Koren (2010), section 2.1, and the `als` baseline of Surprise:
 * from b = 0, each epoch sets
 *
 *   b_i = sum over users u of i of (r_ui - mu - b_u) / (regularization.item + number of them), for all items, then
 *   b_u = sum over items i of u of (r_ui - mu - b_i) / (regularization.user + number of them), for all users,
 *
 * in float64. A user or item without ratings keeps 0.
 */
export function biasBaseline(train: Dataset, options: BiasBaselineOptions = {}): BiasBaseline {
  const sweeps = fitBiases(train.interactions, options);
  for (;;) {
    const { done, value } = sweeps.next();
    if (done) return value;
  }
}

/** The same, sweep by sweep, for whoever has other things to do in between. */
export function* fitBiases(
  interactions: Interactions,
  options: BiasBaselineOptions = {},
): Generator<undefined, BiasBaseline, undefined> {
  expectKnownKeys('biasBaseline', options, ['regularization', 'epochs']);
  const epochs = expectInt('epochs', options.epochs ?? 10, { min: 0 });
  const regularization = options.regularization ?? {};
  expectKnownKeys('regularization', regularization, ['item', 'user']);
  const itemPull = expectNumber('regularization.item', regularization.item ?? 10, { min: 0 });
  const userPull = expectNumber('regularization.user', regularization.user ?? 15, { min: 0 });

  const { users, items, values, size } = interactions;
  const userCounts = interactions.userCounts();
  const itemCounts = interactions.itemCounts();
  const globalBias = interactions.meanValue();
  const userBiases = new Float64Array(interactions.numUsers);
  const itemBiases = new Float64Array(interactions.numItems);

  const update = (
    biases: Float64Array,
    rows: Uint32Array,
    counts: Uint32Array,
    pull: number,
    others: Float64Array,
    otherRows: Uint32Array,
  ): void => {
    biases.fill(0);
    for (let at = 0; at < size; at++) {
      const row = rows[at] as number;
      const residual = (values[at] as number) - globalBias - (others[otherRows[at] as number] as number);
      biases[row] = (biases[row] as number) + residual;
    }
    for (let row = 0; row < biases.length; row++) {
      const count = counts[row] as number;
      if (count > 0) biases[row] = (biases[row] as number) / (pull + count);
    }
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    update(itemBiases, items, itemCounts, itemPull, userBiases, users);
    yield;
    update(userBiases, users, userCounts, userPull, itemBiases, items);
    yield;
  }

  const range = interactions.valueRange();
  return {
    globalBias,
    userBiases,
    itemBiases,
    range,
    predict(user, item) {
      const rating = globalBias + (userBiases[user] ?? 0) + (itemBiases[item] ?? 0);
      return Math.min(Math.max(rating, range.min), range.max);
    },
  };
}
