/** Native counts of items that are liked together, and training on them; part of binding.ts. */

/** Who likes what, CSR by user, items ascending within a user: (numUsers + 1), (likes). */
export interface LikesConfig {
  offsets: Uint32Array;
  items: Uint32Array;
  numItems: number;
  threads: number;
}

export interface NativeCounts {
  status: 'ok' | 'cancelled';
  seconds: number;
  /** Pairs (i, j), i not j, that some user likes both; each in both orders, here and in the sums. */
  nonzeros: number;
  sum: number;
  sumSquares: number;
  largest: number;
}

/** Counts live in native memory until they are read. */
export interface NativeCooccurrence {
  /** Counts on threads of its own, once; `cancel[0]` non-zero stops it. */
  count(cancel: Int32Array): Promise<NativeCounts>;
  /** Copies the counts out, CSR: (numItems + 1), (nonzeros), (nonzeros); items ascending within a row. */
  read(target: { offsets: Uint32Array; items: Uint32Array; counts: Uint32Array }): void;
  dispose(): void;
}

export interface CountTrainerConfig extends LikesConfig {
  dim: number;
  loss: 'allPairs' | 'glove';
  /** All pairs: the count itself or log(1 + count). */
  target: 'count' | 'log';
  /** Weight of a count x in 'glove': min(1, (x / countCap)^countPower). */
  countCap: number;
  countPower: number;
  optimizer: 'sgd' | 'adam';
  momentum: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  initStd: number;
  seed: number;
  /** Smallest blocks, at least 1, of the products by halves in native/kernels/multiply_strassen.h; undefined: 1024. */
  leastBlock?: number;
  /** GPU to train on, counted from 0; undefined: the processor. */
  device?: number | undefined;
}

export interface NativeCountEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  /** Before the epoch's step. */
  cost: number;
}

/** Vectors and optimizer state live in native memory while training. */
export interface NativeCountTrainer {
  /** One step on all counts, on threads of its own; the first counts them. `cancel[0]` non-zero stops it. */
  runEpoch(learningRate: number, cancel: Int32Array): Promise<NativeCountEpoch>;
  /** Copies the vectors out: (numItems, dim). */
  read(itemFactors: Float32Array): void;
  /** Copies vectors in, for training to go on from; the optimizer's state stays. */
  write(itemFactors: Float32Array): void;
  dispose(): void;
}
