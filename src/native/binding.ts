import type { AlsTrainerConfig, NativeAlsTrainer } from './als-binding.js';
import type { CountTrainerConfig, LikesConfig, NativeCooccurrence, NativeCountTrainer } from './counts-binding.js';
import type { FoldRowsCall, FormGramCall } from './fold-binding.js';
import type { NativeSampler, SamplerConfig } from './sampler-binding.js';
import type { ItemPairConfig, NativeItemPairTrainer, NativeSoftmaxTrainer, SoftmaxConfig } from './softmax-binding.js';
import type { ItemWeightsConfig, NativeItemWeights, ScoreWeightsCall } from './weights-binding.js';

export type * from './als-binding.js';
export type * from './counts-binding.js';
export type * from './fold-binding.js';
export type * from './sampler-binding.js';
export type * from './softmax-binding.js';
export type * from './weights-binding.js';

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

  /** Opens the CUDA library at `path`, whose devices later calls count from 0. None: `reason` says why. */
  cudaDevices(path: string): { devices: (Gpu & { reason?: string })[]; reason?: string };
  /** Memory of a device for calls that follow each other; throws an error with code ERR_PALATE_DEVICE. */
  DeviceMemory: new (config: {
    device: number;
  }) => NativeDeviceMemory;

  /** Exact top-k; see native/kernels/select_topk.h. Blocks until done. */
  selectTopk(call: SelectTopkCall): void;
  /**
   * The same on threads of its own. The arrays must be left alone until the promise settles; `cancel[0]` non-zero stops
   * it, and then the results are undefined.
   */
  startTopk(call: SelectTopkCall, cancel: Int32Array): Promise<'ok' | 'cancelled'>;

  Trainer: new (config: TrainerConfig) => NativeTrainer;
  Sampler: new (config: SamplerConfig) => NativeSampler;

  /** Counts how often items are liked together; see native/kernels/count_cooccurrence.h. */
  Cooccurrence: new (
    likes: LikesConfig,
  ) => NativeCooccurrence;
  CountTrainer: new (config: CountTrainerConfig) => NativeCountTrainer;

  /** Implicit alternating least squares; see native/kernels/solve_als.h. */
  AlsTrainer: new (
    config: AlsTrainerConfig,
  ) => NativeAlsTrainer;

  /** Fits item-item weights; see native/kernels/fit_neighbors.h, fit_ease.h and fit_slim.h. */
  ItemWeights: new (
    config: ItemWeightsConfig,
  ) => NativeItemWeights;
  /** Ranks by item-item weights; see native/kernels/score_weights.h. Blocks until done. */
  scoreWeights(call: ScoreWeightsCall): void;
  /** The same on threads of its own, as startTopk. */
  startScoreWeights(call: ScoreWeightsCall, cancel: Int32Array): Promise<'ok' | 'cancelled'>;

  /** Fits rows to their pairs with the other side fixed; see native/kernels/fold_rows.h. Blocks until done. */
  foldRows(call: FoldRowsCall): void;
  /** Sums of products of columns. Blocks until done. */
  formGram(call: FormGramCall): void;

  SoftmaxTrainer: new (config: SoftmaxConfig) => NativeSoftmaxTrainer;

  /** Item vectors from sampled pairs; see native/kernels/train_item_pairs.h. */
  ItemPairTrainer: new (
    config: ItemPairConfig,
  ) => NativeItemPairTrainer;
}

export type SimdLevel = 'base' | 'avx2' | 'avx512' | 'neon';

export interface Gpu {
  /** As its driver calls it. */
  name: string;
  memoryBytes: number;
  multiprocessors: number;
  /** Compute capability, as '9.0'. */
  capability: string;
}

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
  /** Search on the device that this memory is of, where `items` and `itemBiases` stay; undefined: on the processor. */
  memory?: NativeDeviceMemory;
}

export interface NativeDeviceMemory {
  /** Frees the memory once no call uses it. */
  dispose(): void;
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
  /** GPU to train on, counted from 0; undefined: the processor. */
  device?: number | undefined;
}

export interface NativeEpoch {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  trainLoss: number;
  trainRmse: number;
  validLoss: number;
  validRmse: number;
}

/** Parameters of a NativeTrainer; sizes as in FactorParameters, features after one another. */
export interface TrainerArrays {
  userFactors: Float32Array;
  itemFactors: Float32Array;
  featureFactors: Float32Array;
  userBiases: Float32Array;
  itemBiases: Float32Array;
  featureBiases: Float32Array;
}

/** Parameters and optimizer state live in native memory while training. */
export interface NativeTrainer {
  /** Runs epoch `epoch` (from 0) on a thread of its own; `cancel[0]` non-zero stops it between steps. */
  runEpoch(epoch: number, learningRate: number, cancel: Int32Array): Promise<NativeEpoch>;
  /** Copies the parameters out. Returns the global bias. */
  read(target: TrainerArrays): number;
  /** Copies parameters in, for training to go on from; the optimizer's state stays. */
  write(source: TrainerArrays, globalBias: number): void;
  /** Frees the native memory; the trainer must not be used afterwards. */
  dispose(): void;
}
