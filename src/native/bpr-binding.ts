/** Native Bayesian personalised ranking; part of binding.ts. */

export interface BprConfig {
  numUsers: number;
  numItems: number;
  /** What users have, CSR with items ascending: (numUsers + 1), (positives). */
  offsets: Uint32Array;
  items: Uint32Array;
  /** The same to validate on after each epoch; no items: none. */
  validOffsets: Uint32Array;
  validItems: Uint32Array;
  /** (numItems) weights of negatives; positive for every item above. */
  noise: Float64Array;
  dim: number;
  optimizer: 'sgd' | 'adagrad';
  epsilon: number;
  biases: boolean;
  biasLearningRate: number;
  regularizationUser: number;
  regularizationItem: number;
  regularizationBias: number;
  /** Triples of a pair in an epoch. */
  negatives: number;
  /** Draw negatives again that the user has. */
  rejectSeen: boolean;
  /** About how many pairs are sorted at a time, 8 bytes each. */
  pairsPerChunk: number;
  initStd: number;
  seed: number;
  threads: number;
}

export interface NativeBprEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  /** Trained on, without void ones. */
  triples: number;
  /** Means over triples. */
  trainLoss: number;
  validLoss: number;
}

/** Parameters and optimizer state live in native memory while training. */
export interface NativeBprTrainer {
  /** Runs epoch `epoch` (from 0) on threads of its own; `cancel[0]` non-zero stops it. */
  runEpoch(epoch: number, learningRate: number, cancel: Int32Array): Promise<NativeBprEpoch>;
  /** Copies out: (numUsers, dim), (numItems, dim), (numItems). */
  read(target: { userFactors: Float32Array; itemFactors: Float32Array; itemBiases: Float32Array }): void;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}
