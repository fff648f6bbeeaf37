/** Interactions by user (CSR). */
export interface Csr {
  numUsers: number;
  numItems: number;
  /** (numUsers + 1) */
  offsets: Uint32Array;
  /** (size) item indices, ascending within a user. */
  items: Uint32Array;
  /** (size) */
  values: Float32Array;
  /** (size) unix seconds. */
  times: Float64Array | undefined;
}

/** The first `size` interactions. */
export function truncate(csr: Csr, size: number): Csr {
  if (csr.items.length === size) return csr;
  return {
    ...csr,
    items: holdAlone(csr.items.subarray(0, size)),
    values: holdAlone(csr.values.subarray(0, size)),
    times: csr.times && holdAlone(csr.times.subarray(0, size)),
  };
}

/** The view itself when it covers at least 7/8 of its memory, otherwise a copy, so that it keeps no larger memory alive. */
export function holdAlone<T extends Uint32Array | Float32Array | Float64Array>(view: T): T {
  return (8 * view.byteLength >= 7 * view.buffer.byteLength ? view : view.slice()) as T;
}
