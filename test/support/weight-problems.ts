import { Interactions } from '../../src/dataset/interactions.js';
import type { ItemWeightsConfig, WeightsMethod } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import type { Matrix } from '../oracle/item-weights.js';
import { likesConfig, randomLikes } from './like-problems.js';

/** Random likes with ratings of .5 to 5 as values, or all 1. Every third user and the last item have none. */
export function randomInteractions(numUsers: number, numItems: number, seed: number, rated = false): Interactions {
  const { offsets, items } = likesConfig(randomLikes(numUsers, numItems, seed), numItems);
  const values = Float32Array.from(items, (item, n) => (rated ? ((7 * item + 3 * n) % 10) / 2 + 0.5 : 1));
  return new Interactions({ numUsers, numItems, offsets, items, values, times: undefined });
}

/** X, dense. */
export function denseOf(data: Interactions): number[][] {
  const x = Array.from({ length: data.numUsers }, () => new Array<number>(data.numItems).fill(0));
  for (const [n, item] of data.items.entries()) x[data.users[n]][item] = data.values[n];
  return x;
}

/** The arguments of native fitting. */
export function weightsConfig(
  data: Interactions,
  method: WeightsMethod,
  { neighbors = data.numItems, threads = 1 } = {},
): ItemWeightsConfig {
  const byItem = data.byItem();
  return {
    ...method,
    offsets: data.offsets,
    items: data.items,
    values: data.values,
    itemOffsets: byItem.offsets,
    users: byItem.users,
    itemValues: byItem.values,
    neighbors,
    threads,
  };
}

export interface Fitted {
  offsets: Uint32Array;
  indices: Uint32Array;
  weights: Float32Array;
}

/** Fits and reads. */
export async function fitWeights(config: ItemWeightsConfig): Promise<Fitted> {
  const fitter = new (native().ItemWeights)(config);
  const { status, count } = await fitter.fit(new Int32Array(1));
  if (status !== 'ok') throw new Error(`fitting ended with '${status}'`);
  const fitted = {
    offsets: new Uint32Array(config.itemOffsets.length),
    indices: new Uint32Array(count),
    weights: new Float32Array(count),
  };
  fitter.read(fitted);
  fitter.dispose();
  return fitted;
}

/** W, dense; throws unless rows ascend and no weight is zero. */
export function denseWeights({ offsets, indices, weights }: Fitted): number[][] {
  const numItems = offsets.length - 1;
  return Array.from({ length: numItems }, (_, h) => {
    const row = new Array<number>(numItems).fill(0);
    for (let n = offsets[h]; n < offsets[h + 1]; n++) {
      if (n > offsets[h] && indices[n] <= indices[n - 1]) throw new Error(`row ${h} does not ascend`);
      if (weights[n] === 0) throw new Error(`row ${h} holds a zero`);
      row[indices[n]] = weights[n];
    }
    return row;
  });
}

/** Largest difference of two matrices. */
export function distance(a: Matrix, b: Matrix): number {
  let most = 0;
  for (const [i, row] of a.entries()) {
    for (const [j, value] of row.entries()) most = Math.max(most, Math.abs(value - b[i][j]));
  }
  return most;
}

/** Greatest size of an element. */
export function greatest(matrix: Matrix): number {
  return matrix.reduce((most, row) => row.reduce((larger, value) => Math.max(larger, Math.abs(value)), most), 0);
}
