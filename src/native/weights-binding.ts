/** What the native functions of item-item weights take and give; see binding.ts. */

/** What the weights are, with what each way of fitting them takes besides. */
export type WeightsMethod =
  | {
      method: 'neighbors';
      /** (numItems) */
      sourceNorms: Float32Array;
      /** (numItems) */
      targetNorms: Float32Array;
      shrink: number;
      tanimoto: boolean;
    }
  | {
      method: 'ease';
      regularization: number;
      /** Items that a target is solved among, at most; 0: all, by one inverse. */
      neighborhood: number;
      /** Least absolute correlation of these. */
      minCorrelation: number;
      /** Bytes that products of items may take where there are neighbourhoods. */
      memoryLimit: number;
    }
  | { method: 'slim'; l1: number; regularization: number; tolerance: number; epochs: number };

/** Who likes what, both ways round: by user (numUsers + 1), (likes), (likes); by item (numItems + 1), (likes), (likes). */
export type ItemWeightsConfig = WeightsMethod & {
  offsets: Uint32Array;
  items: Uint32Array;
  values: Float32Array;
  itemOffsets: Uint32Array;
  users: Uint32Array;
  itemValues: Float32Array;
  /** Weights a target at most. */
  neighbors: number;
  threads: number;
};

/** Weights live in native memory until they are read. */
export interface NativeItemWeights {
  /** Fits on threads of its own, once; `cancel[0]` non-zero stops it. `count`: weights of all items. */
  fit(cancel: Int32Array): Promise<{ status: 'ok' | 'cancelled' | 'diverged'; seconds: number; count: number }>;
  /** Copies the weights out, CSR by the item of the history: (numItems + 1), (count), (count); targets ascend in a row. */
  read(target: { offsets: Uint32Array; indices: Uint32Array; weights: Float32Array }): void;
  dispose(): void;
}

export interface ScoreWeightsCall {
  /** (numUsers, k), as of SelectTopkCall. */
  indices: Uint32Array;
  scores: Float32Array;
  /** Histories: (numUsers + 1), then items and values from offset to offset. */
  historyOffsets: Uint32Array;
  historyItems: Uint32Array;
  historyValues: Float32Array;
  /** Weights by the item of the history: (numItems + 1), (weights), (weights). */
  weightOffsets: Uint32Array;
  weightItems: Uint32Array;
  weights: Float32Array;
  numUsers: number;
  numItems: number;
  k: number;
  excludeOffsets: Uint32Array | undefined;
  excludeItems: Uint32Array | undefined;
  /** (numItems) non-zero where an item may be selected; undefined: all may. */
  candidates: Uint8Array | undefined;
  threads: number;
}
