/** Native training of item vectors on pairs of items; part of binding.ts. */

export interface ItemPairConfig {
  numItems: number;
  dim: number;
  /** Histories as CSR, the items of each in their order: (histories + 1), (size). */
  offsets: Uint32Array;
  items: Uint32Array;
  /** (size) the items of each history ascending, with `rejectSeen`; else empty. */
  seenItems: Uint32Array;
  /** Histories to validate on after each epoch; both empty: none. */
  validOffsets: Uint32Array;
  validItems: Uint32Array;
  /** (numItems) weights with which negatives are drawn; positive for every item of a history. */
  noise: Float64Array;
  /** (numItems) how likely an interaction with each item takes part in an epoch; empty: all do. */
  chances: Float32Array;
  /** (numItems) what sampled softmax takes from the scores; empty: nothing. */
  logNoise: Float32Array;
  objective: 'negativeSampling' | 'sampledSoftmax';
  /** Places that a pair is apart at most; 0: all pairs of a history, `pairsPerItem` for each of its items in the mean. */
  window: number;
  pairsPerItem: number;
  /** Pairs held at a time. */
  pairsPerChunk: number;
  pairsPerRound: number;
  negatives: number;
  rejectSeen: boolean;
  initStd: number;
  seed: number;
  threads: number;
  /** GPU to train on, counted from 0; undefined: the processor. */
  device?: number | undefined;
}

export interface NativeItemPairEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  /** Pairs trained on. */
  pairs: number;
  /** Means over pairs. */
  trainLoss: number;
  validLoss: number;
}

export interface NativeItemPairTrainer {
  /** Runs epoch `epoch` (from 0) on a thread of its own while the learning rate falls to `lastRate`. */
  runEpoch(epoch: number, learningRate: number, lastRate: number, cancel: Int32Array): Promise<NativeItemPairEpoch>;
  /** Copies both tables out, (numItems, dim) each. */
  read(target: { inputs: Float32Array; outputs: Float32Array }): void;
  /** Copies both tables in, for training to go on from. */
  write(source: { inputs: Float32Array; outputs: Float32Array }): void;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}

/** Training of item vectors by a softmax over all items; see native/kernels/softmax.h. */
export interface SoftmaxConfig {
  numItems: number;
  /** Items of each user: (numUsers + 1), (size). All ordered pairs of different items of one user are learnt from. */
  offsets: Uint32Array;
  items: Uint32Array;
  /** Items to predict from those above after each epoch: (numUsers + 1), (size); both empty: none. */
  validOffsets: Uint32Array;
  validItems: Uint32Array;
  /** (3) shares of the pairs to train, to validate and to test on; the last one above 0 gets the rest. */
  fractions: Float64Array;
  dim: number;
  /** Units of the residual network; 0: none. */
  hidden: number;
  /** 1: inputs and outputs share their vectors; 2: each has its own. */
  tables: 1 | 2;
  /** Share of hidden units left out, in [0, 1). */
  dropout: number;
  layerNorm: boolean;
  itemBiases: boolean;
  /** An input is no candidate of its own softmax. */
  selfMask: boolean;
  /** A row of a batch is a pair, not an input with the counts of all its pairs. */
  singlePairs: boolean;
  /** Rows a step. */
  batchSize: number;
  /** AdamW's decay. */
  regularization: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** 0: no clipping. */
  clipNorm: number;
  seed: number;
  threads: number;
  /** GPU to train on, counted from 0; undefined: the processor. */
  device?: number | undefined;
}

/** Losses are mean cross-entropies a pair, NaN where there are no pairs. */
export interface NativeSoftmaxEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  /** With the validation; the first epoch counts the pairs too. */
  seconds: number;
  trainLoss: number;
  validLoss: number;
}

/** Parameters of the softmax model. */
export interface SoftmaxArrays {
  /** (numItems, dim) vectors of items as inputs, and as outputs: the same numbers where there is one table. */
  inputs: Float32Array;
  outputs: Float32Array;
  /** (numItems), or empty without biases. */
  biases: Float32Array;
  /** W1 (hidden, dim), b1, W2 (dim, hidden), b2, gain (dim), shift (dim), those that the model has. */
  weights: Float32Array;
}

/** Parameters, pair counts and optimizer state live in native memory while training. */
export interface NativeSoftmaxTrainer {
  /** Runs epoch `epoch` (from 0) on a thread of its own; `cancel[0]` non-zero stops it between steps. */
  runEpoch(epoch: number, learningRate: number, cancel: Int32Array): Promise<NativeSoftmaxEpoch>;
  /** The loss on the pairs to test on, as validLoss. */
  scoreTest(cancel: Int32Array): Promise<NativeSoftmaxEpoch>;
  /** Pairs to train, to validate and to test on. */
  pairs(): [number, number, number];
  read(target: SoftmaxArrays): void;
  /** Copies parameters back in; the optimizer's state stays. */
  write(source: SoftmaxArrays): void;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}
