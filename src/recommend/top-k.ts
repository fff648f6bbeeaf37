import { resolveDevice } from '../native/device.js';
import { expectInt, expectKnownKeys, expectOneOf, expectSignal, rangeError, typeError } from '../options.js';
import type { Device, Metric } from '../types.js';
import { type SelectOptions, searchTopK, selectTopK, type TopKResult } from './select-top-k.js';

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
  /** 'cuda' searches on a GPU. Default 'auto': the processor. */
  device?: Device;
}

const metrics = ['cosine', 'dot'] as const;
const optionNames = ['dim', 'k', 'metric', 'exclude', 'candidates', 'itemBiases', 'threads', 'device'];
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

/** Checks what `topK` and `topKAsync` are given. */
function checkedOptions(
  what: string,
  queries: Float32Array,
  items: Float32Array,
  options: TopKOptions,
  names: readonly string[],
): SelectOptions {
  expectKnownKeys(what, options, names);
  const dim = expectInt('dim', options.dim, { min: 1, max: 65536 });
  const k = expectInt('k', options.k, { min: 1 });
  const metric = expectOneOf('metric', options.metric ?? 'cosine', metrics);
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
  const device = resolveDevice(expectOneOf('device', options.device ?? 'auto', ['auto', 'cpu', 'cuda']));
  return { queries, items, numQueries, numItems, dim, k, metric, exclude, candidates, itemBiases, threads, device };
}

/**
 * The k nearest items of each query, exactly, by cosine similarity or dot product. Blocks until done.
 *
 * @param queries (queries, dim) rows behind one another.
 * @param items (items, dim)
 * @throws TypeError, RangeError for wrong options or sizes; DeviceError. A k larger than the number of items gives what there is.
 */
export function topK(queries: Float32Array, items: Float32Array, options: TopKOptions): TopKResult {
  return selectTopK(checkedOptions('topK', queries, items, options, optionNames));
}

/**
 * `topK` on threads of its own, while the event loop goes on. Leave the arrays as they are until the promise settles:
 * they are not copied.
 *
 * @returns rejects with TypeError, RangeError as `topK` throws, and with the signal's reason soon after it aborts.
 */
export async function topKAsync(
  queries: Float32Array,
  items: Float32Array,
  options: TopKOptions & { signal?: AbortSignal },
): Promise<TopKResult> {
  const checked = checkedOptions('topKAsync', queries, items, options, [...optionNames, 'signal']);
  return searchTopK(checked, expectSignal(options.signal));
}
