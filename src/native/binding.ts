/**
 * Every function of the native addon, typed once. Arrays are read and written in place. The TypeScript side has checked
 * all arguments before it calls; native checks only what would read or write out of bounds.
 */
export interface NativeBinding {
  /** Instruction set levels compiled in and usable here, slowest first, and the one in use. */
  simdLevels(): { available: SimdLevel[]; active: SimdLevel };
  /** Forces a level for the whole process; throws RangeError when it is not available. */
  setSimdLevel(level: SimdLevel | 'auto'): void;
  hardwareThreads(): number;

  /** Exact top-k; see native/kernels/select_topk.h. Blocks until done. */
  selectTopk(call: SelectTopkCall): void;
  /**
   * The same on threads of its own. The arrays must be left alone until the promise settles; `cancel[0]` non-zero stops
   * it, and then the results are undefined.
   */
  startTopk(call: SelectTopkCall, cancel: Int32Array): Promise<'ok' | 'cancelled'>;

  Trainer: new (config: TrainerConfig) => NativeTrainer;

  /** Counts how often items are liked together; see native/kernels/count_cooccurrence.h. */
  Cooccurrence: new (
    likes: LikesConfig,
  ) => NativeCooccurrence;
  CountTrainer: new (config: CountTrainerConfig) => NativeCountTrainer;

  /** Fits item-item weights; see native/kernels/fit_neighbors.h, fit_ease.h and fit_slim.h. */
  ItemWeights: new (
    config: ItemWeightsConfig,
  ) => NativeItemWeights;
  /** Ranks by item-item weights; see native/kernels/score_weights.h. Blocks until done. */
  scoreWeights(call: ScoreWeightsCall): void;
  /** The same on threads of its own, as startTopk. */
  startScoreWeights(call: ScoreWeightsCall, cancel: Int32Array): Promise<'ok' | 'cancelled'>;
}

export type SimdLevel = 'base' | 'avx2' | 'avx512' | 'neon';

export interface SelectTopkCall {
  /** (numQueries, k): item indices, best first; rows with fewer than k results are filled with 0xffffffff. */
  indices: Uint32Array;
  /** (numQueries, k): scores in the same order, -Infinity where there is no result. */
  scores: Float32Array;
  /** (numQueries, dim) */
  queries: Float32Array;
  /** (numItems, dim) */
  items: Float32Array;
  /** (numItems), added to each score before selection; undefined: none. */
  itemBiases: Float32Array | undefined;
  numQueries: number;
  numItems: number;
  dim: number;
  k: number;
  cosine: boolean;
  /** Excluded items a query, ascending within each: (numQueries + 1) and (excluded); undefined: none. */
  excludeOffsets: Uint32Array | undefined;
  excludeItems: Uint32Array | undefined;
  /** (numItems) non-zero where an item may be selected; undefined: all may. */
  candidates: Uint8Array | undefined;
  threads: number;
}

export interface TrainerConfig {
  numUsers: number;
  numItems: number;
  numFeatures: number;
  dim: number;
  /** Ratings as CSR by user: (numUsers + 1), (size), (size). */
  offsets: Uint32Array;
  items: Uint32Array;
  values: Float32Array;
  /** Ratings to validate on after each epoch, in any order; empty: none. */
  validUsers: Uint32Array;
  validItems: Uint32Array;
  validValues: Float32Array;
  /** fm: active shared features with weights, a row a user and a row an item; all empty for mf. */
  userFeatureOffsets: Uint32Array;
  userFeatures: Uint32Array;
  userFeatureWeights: Float32Array;
  itemFeatureOffsets: Uint32Array;
  itemFeatures: Uint32Array;
  itemFeatureWeights: Float32Array;
  /** Pairwise terms among the features of one side, as a factorisation machine has them. */
  withinSide: boolean;
  objective: 'squared' | 'logistic';
  link: 'identity' | 'sigmoid';
  rangeMin: number;
  rangeMax: number;
  globalBias: number;
  trainGlobalBias: boolean;
  biases: boolean;
  biasLearningRate: number;
  featureLearningRate: number;
  initStd: number;
  optimizer: 'sgd' | 'adagrad' | 'adam';
  beta1: number;
  beta2: number;
  epsilon: number;
  regularizationUser: number;
  regularizationItem: number;
  regularizationBias: number;
  regularizationFeature: number;
  regularizationPower: number;
  decoupled: boolean;
  /** Adam: rows without a gradient stand still. */
  lazy: boolean;
  /** 0: all ratings in one step; 1: row-wise updates on the block grid; else ratings a step. */
  batchSize: number;
  /** 0: no clipping. */
  clipNorm: number;
  seed: number;
  threads: number;
}

export interface NativeEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  trainLoss: number;
  trainRmse: number;
  validLoss: number;
  validRmse: number;
}

/** Parameters and optimizer state live in native memory while training. */
export interface NativeTrainer {
  /** Runs epoch `epoch` (from 0) on a thread of its own; `cancel[0]` non-zero stops it between steps. */
  runEpoch(epoch: number, learningRate: number, cancel: Int32Array): Promise<NativeEpoch>;
  /** Copies the parameters out; sizes as in FactorParameters, features after one another. Returns the global bias. */
  read(target: {
    userFactors: Float32Array;
    itemFactors: Float32Array;
    featureFactors: Float32Array;
    userBiases: Float32Array;
    itemBiases: Float32Array;
    featureBiases: Float32Array;
  }): number;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}

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
  dispose(): void;
}

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
  | { method: 'ease'; regularization: number }
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
