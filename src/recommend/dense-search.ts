import type { Metric } from '../types.js';
import { type SelectOptions, searchTopK, selectTopK } from './select-top-k.js';
import type { SearchOptions, UserSearch } from './serving.js';

/** Users and items as rows of equal width. */
export interface DenseQueries {
  count: number;
  /** (count, dim) */
  queries: Float32Array;
  /** (numItems, dim) */
  items: Float32Array;
  /** (numItems) added to each score; undefined: none. */
  itemBiases: Float32Array | undefined;
  numItems: number;
  dim: number;
  metric: Metric;
  shown: UserSearch['shown'];
}

/** (rows, dim) copies of some rows of a table. */
export function gatherRows(table: Float32Array, rows: Uint32Array, dim: number): Float32Array {
  const gathered = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    gathered.set(table.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return gathered;
}

/** The search by native top-k. */
export function denseSearch(dense: DenseQueries): UserSearch {
  const { count, queries, items, itemBiases, numItems, dim, metric, shown } = dense;
  const call = (options: SearchOptions): SelectOptions => ({
    queries,
    items,
    numQueries: count,
    numItems,
    dim,
    metric,
    itemBiases,
    keepItems: true,
    ...options,
  });
  return {
    count,
    run: (options) => selectTopK(call(options)),
    start: (options, signal) => searchTopK(call(options), signal),
    sort(among) {
      const { indices, counts } = selectTopK({
        queries: queries.subarray(0, dim),
        items: gatherRows(items, among, dim),
        numQueries: 1,
        numItems: among.length,
        dim,
        k: among.length,
        metric,
        itemBiases: itemBiases && Float32Array.from(among, (item) => itemBiases[item] as number),
        threads: 1,
      });
      return indices.subarray(0, counts[0]).map((place) => among[place] as number);
    },
    shown,
  };
}
