import { availableParallelism } from 'node:os';
import type { NativeDeviceMemory, SelectTopkCall } from '../native/binding.js';
import { onDevice, onDeviceSync } from '../native/device.js';
import { native } from '../native/load.js';
import { withCancel } from '../native/with-cancel.js';
import type { Metric } from '../types.js';
import { withMemory } from './device-memory.js';

export interface TopKResult {
  /** (queries, k): item indices, best first, equal scores by lower index; 0xffffffff behind the last result. */
  indices: Uint32Array;
  /** (queries, k): scores in the same order; -Infinity behind the last result. */
  scores: Float32Array;
  /** (queries): results of each query, min(k, items that were allowed). */
  counts: Uint32Array;
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
  /** GPU to search on; undefined: the processor. */
  device?: number | undefined;
  /** The items never change: a GPU may keep them for the next search. */
  keepItems?: boolean;
}

export const machineThreads: number = availableParallelism();

/** Arguments of the native call, with fresh arrays for the results. */
function nativeCall(options: SelectOptions): SelectTopkCall {
  const { numQueries, numItems, dim, exclude } = options;
  const k = Math.min(options.k, Math.max(1, numItems)); // a k beyond the catalogue must not cost memory
  return {
    indices: new Uint32Array(numQueries * k),
    scores: new Float32Array(numQueries * k),
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
  };
}

/** The results of a native call that is done, in rows of `wanted`. */
export function resultOf(
  { indices, scores, numQueries, k }: Pick<SelectTopkCall, 'indices' | 'scores' | 'numQueries' | 'k'>,
  wanted: number,
): TopKResult {
  const counts = new Uint32Array(numQueries);
  for (let q = 0; q < numQueries; q++) {
    let count = k;
    while (count > 0 && indices[q * k + count - 1] === 0xffffffff) count--;
    counts[q] = count;
  }
  return widen({ indices, scores, counts }, k, wanted);
}

/** Blocks until done. Rows may have dim 0: then the biases alone rank. */
export function selectTopK(options: SelectOptions): TopKResult {
  const call = nativeCall(options);
  const { device, items, keepItems = false } = options;
  if (device === undefined) native().selectTopk(call);
  else onDeviceSync(() => withMemory(items, device, keepItems, (memory) => native().selectTopk({ ...call, memory })));
  return resultOf(call, options.k);
}

/** The same off the event loop; nothing may write to the arrays meanwhile. Rejects with the signal's reason. */
export async function searchTopK(options: SelectOptions, signal?: AbortSignal): Promise<TopKResult> {
  const call = nativeCall(options);
  const { device, items, keepItems = false } = options;
  await withCancel(signal, (cancel) => {
    if (device === undefined) return native().startTopk(call, cancel);
    const start = (memory: NativeDeviceMemory): Promise<string> => native().startTopk({ ...call, memory }, cancel);
    return onDevice(async () => withMemory(items, device, keepItems, start));
  });
  return resultOf(call, options.k);
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
