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

/** The first `size` interactions, in arrays of just that length. */
export function truncate(csr: Csr, size: number): Csr {
  if (csr.items.length === size) return csr;
  return {
    ...csr,
    items: csr.items.slice(0, size),
    values: csr.values.slice(0, size),
    times: csr.times?.slice(0, size),
  };
}
