import type { ItemWeightParameters } from '../types.js';

/** Item weights by the item that they are for. */
export interface WeightColumns {
  /** (numItems + 1): the weights for item i are offsets[i] ... offsets[i + 1] - 1. */
  offsets: Uint32Array;
  /** (weights) item h of a history, ascending within a column. */
  sources: Uint32Array;
  /** (weights) w(h, i) */
  weights: Float32Array;
}

const cache = new WeakMap<ItemWeightParameters, WeightColumns>();

/** The transpose; made once. */
export function weightColumns(parameters: ItemWeightParameters): WeightColumns {
  let columns = cache.get(parameters);
  if (columns === undefined) {
    columns = transpose(parameters);
    cache.set(parameters, columns);
  }
  return columns;
}

function transpose(rows: ItemWeightParameters): WeightColumns {
  const numItems = rows.offsets.length - 1;
  const offsets = new Uint32Array(numItems + 1);
  for (const item of rows.indices) offsets[item + 1] = (offsets[item + 1] as number) + 1;
  for (let item = 1; item <= numItems; item++) {
    offsets[item] = (offsets[item] as number) + (offsets[item - 1] as number);
  }
  const next = offsets.slice();
  const sources = new Uint32Array(rows.indices.length);
  const weights = new Float32Array(rows.indices.length);
  for (let source = 0; source < numItems; source++) {
    for (let n = rows.offsets[source] as number; n < (rows.offsets[source + 1] as number); n++) {
      const item = rows.indices[n] as number;
      const at = next[item] as number;
      next[item] = at + 1;
      sources[at] = source;
      weights[at] = rows.weights[n] as number;
    }
  }
  return { offsets, sources, weights };
}

/** w(h, i): 0 where there is none. */
export function weightOf({ offsets, indices, weights }: ItemWeightParameters, source: number, item: number): number {
  let low = offsets[source] as number;
  const end = offsets[source + 1] as number;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((indices[middle] as number) < item) low = middle + 1;
    else high = middle;
  }
  return low < end && indices[low] === item ? (weights[low] as number) : 0;
}
