/** Native implicit alternating least squares; part of binding.ts. */

export interface AlsTrainerConfig {
  numItems: number;
  /** Positives, CSR by user: (numUsers + 1), (positives), and their weights; undefined: all 1. */
  offsets: Uint32Array;
  items: Uint32Array;
  weights: Float32Array | undefined;
  /** Positives to validate on after each epoch, in any order; empty: none. */
  validUsers: Uint32Array;
  validItems: Uint32Array;
  validWeights: Float32Array | undefined;
  dim: number;
  solver: 'blocks' | 'cg';
  /** Columns of a block, rounded up to a multiple of 16; 0: all. */
  blockSize: number;
  cgSteps: number;
  unobservedWeight: number;
  regularization: number;
  regularizationPower: number;
  initStd: number;
  seed: number;
  threads: number;
  /** GPU to train on, counted from 0; undefined: the processor. */
  device?: number | undefined;
}

export interface NativeAlsEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  /** The objective after the epoch, for each positive. */
  trainLoss: number;
  /** Mean over the validation positives, with the term of all pairs for each training positive; 0 without. */
  validLoss: number;
}

/** Factors live in native memory while training. */
export interface NativeAlsTrainer {
  /** Fits all users, then all items, on threads of its own; `cancel[0]` non-zero stops it. */
  runEpoch(cancel: Int32Array): Promise<NativeAlsEpoch>;
  /** Copies the factors out: (numUsers, dim), (numItems, dim). */
  read(target: { userFactors: Float32Array; itemFactors: Float32Array }): void;
  /** Copies factors in, for the first epoch to start from. */
  write(source: { userFactors: Float32Array; itemFactors: Float32Array }): void;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}
