import { availableParallelism } from 'node:os';
import { native } from '../native/load.js';
import { expectInt, expectKnownKeys, expectOneOf, rangeError, typeError } from '../options.js';
import type { Metric } from '../types.js';

export interface TopKOptions {
  /** Floats a row. */
  dim: number;
  k: number;
  /** Default 'cosine'. */
  metric?: Metric;
  /** Items to leave out, a list a query; or the same as CSR: offsets (queries + 1), items ascending within each. */
  exclude?: readonly ArrayLike<number>[] | { offsets: Uint32Array; items: Uint32Array };
  /** (items) non-zero where an item may be selected; default all. */
  candidates?: Uint8Array;
  /** (items) added to each score; default none. */
  itemBiases?: Float32Array;
  /** At most so many; small searches take one. Default: as many as the machine runs at once. */
  threads?: number;
}

export interface TopKResult {
  /** (queries, k): item indices, best first, equal scores by lower index; 0xffffffff behind the last result. */
  indices: Uint32Array;
  /** (queries, k): scores in the same order; -Infinity behind the last result. */
  scores: Float32Array;
  /** (queries): results of each query, min(k, items that were allowed). */
  counts: Uint32Array;
}

const optionNames = ['dim', 'k', 'metric', 'exclude', 'candidates', 'itemBiases', 'threads'];
const machineThreads = availableParallelism();
/** Longest typed array. */
const mostResults = 2 ** 32 - 1;

function rowsOf(name: string, values: Float32Array, dim: number): number {
  if (!(values instanceof Float32Array)) throw typeError(name, 'a Float32Array', values);
  if (dim === 0) throw rangeError('dim', 'an integer >= 1', dim);
  if (values.length % dim !== 0) throw rangeError(name, `a whole number of rows of ${dim}`, values.length);
  return values.length / dim;
}

function toCsr(
  exclude: NonNullable<TopKOptions['exclude']>,
  queries: number,
  items: number,
): { offsets: Uint32Array; items: Uint32Array } {
  const check = (list: ArrayLike<number>, begin: number, end: number): void => {
    for (let n = begin; n < end; n++) expectInt('exclude', list[n], { min: 0, max: items - 1 });
  };
  if (!Array.isArray(exclude)) {
    const csr = exclude as { offsets: Uint32Array; items: Uint32Array };
    if (!(csr.offsets instanceof Uint32Array) || !(csr.items instanceof Uint32Array)) {
      throw typeError('exclude', 'lists of item indices, or { offsets, items } as Uint32Array', exclude);
    }
    if (csr.offsets.length !== queries + 1)
      throw rangeError('exclude.offsets', `${queries + 1} numbers`, csr.offsets.length);
    check(csr.items, 0, csr.items.length);
    for (let q = 0; q < queries; q++) {
      const end = csr.offsets[q + 1] as number;
      if (end < (csr.offsets[q] as number) || end > csr.items.length)
        throw rangeError('exclude.offsets', `ascending and at most ${csr.items.length}`, end);
      for (let n = (csr.offsets[q] as number) + 1; n < end; n++) {
        if ((csr.items[n - 1] as number) > (csr.items[n] as number))
          throw rangeError('exclude.items', 'ascending in each query', n);
      }
    }
    return csr;
  }
  const lists = exclude as readonly ArrayLike<number>[];
  if (lists.length !== queries) throw rangeError('exclude', `${queries} lists, one a query`, lists.length);
  const offsets = new Uint32Array(queries + 1);
  for (const [q, list] of lists.entries()) {
    check(list, 0, list.length);
    offsets[q + 1] = (offsets[q] as number) + list.length;
  }
  const flat = new Uint32Array(offsets[queries] as number);
  for (const [q, list] of lists.entries()) flat.set(Uint32Array.from(list).sort(), offsets[q]);
  return { offsets, items: flat };
}

/** A checked call: sizes agree, lists are ascending. */
export interface SelectOptions {
  queries: Float32Array;
  items: Float32Array;
  numQueries: number;
  numItems: number;
  dim: number;
  k: number;
  metric: Metric;
  exclude?: { offsets: Uint32Array; items: Uint32Array } | undefined;
  candidates?: Uint8Array | undefined;
  itemBiases?: Float32Array | undefined;
  threads?: number | undefined;
}

/** The only caller of the native top-k. Rows may have dim 0: then the biases alone rank. */
export function selectTopK(options: SelectOptions): TopKResult {
  const { numQueries, numItems, dim, exclude } = options;
  const k = Math.min(options.k, Math.max(1, numItems)); // a k beyond the catalogue must not cost memory
  const indices = new Uint32Array(numQueries * k);
  const scores = new Float32Array(numQueries * k);
  native().selectTopk({
    indices,
    scores,
    queries: options.queries,
    items: options.items,
    itemBiases: options.itemBiases,
    numQueries,
    numItems,
    dim,
    k,
    cosine: options.metric === 'cosine',
    excludeOffsets: exclude?.offsets,
    excludeItems: exclude?.items,
    candidates: options.candidates,
    threads: options.threads ?? machineThreads,
  });
  const counts = new Uint32Array(numQueries);
  for (let q = 0; q < numQueries; q++) {
    let count = 0;
    while (count < k && indices[q * k + count] !== 0xffffffff) count++;
    counts[q] = count;
  }
  return widen({ indices, scores, counts }, k, options.k);
}

/** Rows of `k` results laid out in rows of `wanted`. */
function widen({ indices, scores, counts }: TopKResult, k: number, wanted: number): TopKResult {
  if (k === wanted) return { indices, scores, counts };
  const wide = {
    indices: new Uint32Array(counts.length * wanted).fill(0xffffffff),
    scores: new Float32Array(counts.length * wanted).fill(Number.NEGATIVE_INFINITY),
    counts,
  };
  for (let q = 0; q < counts.length; q++) {
    wide.indices.set(indices.subarray(q * k, (q + 1) * k), q * wanted);
    wide.scores.set(scores.subarray(q * k, (q + 1) * k), q * wanted);
  }
  return wide;
}

/**
 * The k nearest items of each query, exactly, by cosine similarity or dot product.
 *
 * @param queries (queries, dim) rows behind one another.
 * @param items (items, dim)
 * @throws TypeError, RangeError for wrong options or sizes. A k larger than the number of items gives what there is.
 */
export function topK(queries: Float32Array, items: Float32Array, options: TopKOptions): TopKResult {
  expectKnownKeys('topK', options, optionNames);
  const dim = expectInt('dim', options.dim, { min: 1, max: 65536 });
  const k = expectInt('k', options.k, { min: 1 });
  const metric = expectOneOf('metric', options.metric ?? 'cosine', ['cosine', 'dot']);
  const numQueries = rowsOf('queries', queries, dim);
  const numItems = rowsOf('items', items, dim);
  if (numQueries * k > mostResults)
    throw rangeError('k', `an integer <= ${Math.floor(mostResults / numQueries)} for ${numQueries} queries`, k);
  const { candidates, itemBiases } = options;
  if (candidates !== undefined && !(candidates instanceof Uint8Array && candidates.length === numItems)) {
    throw typeError('candidates', `a Uint8Array of ${numItems}`, candidates);
  }
  if (itemBiases !== undefined && !(itemBiases instanceof Float32Array && itemBiases.length === numItems)) {
    throw typeError('itemBiases', `a Float32Array of ${numItems}`, itemBiases);
  }
  const threads =
    options.threads === undefined ? undefined : expectInt('threads', options.threads, { min: 1, max: 1024 });
  const exclude = options.exclude === undefined ? undefined : toCsr(options.exclude, numQueries, numItems);
  return selectTopK({ queries, items, numQueries, numItems, dim, k, metric, exclude, candidates, itemBiases, threads });
}
