/** A Bayesian factorisation machine; see native/kernels/sample_fm.h. */
export interface SamplerConfig {
  numUsers: number;
  numItems: number;
  dim: number;
  /** Ratings as CSR by user, within a user by moment: (numUsers + 1), (size), (size). */
  offsets: Uint32Array;
  items: Uint32Array;
  values: Float32Array;
  /** Of ordinal ratings (size) the category of each and (categories) what they stand for, ascending; else both empty. */
  categories: Uint8Array;
  categoryValues: Float64Array;
  /** (size) query of each rating: its user, or numUsers + its finest label over all levels. */
  queryRows: Uint32Array;
  /** Labels of each field of users; their lists over all fields with weights, (numUsers + 1), (active), (active). */
  userFieldSizes: Uint32Array;
  userFeatureOffsets: Uint32Array;
  userFeatures: Uint32Array;
  userFeatureWeights: Float32Array;
  itemFieldSizes: Uint32Array;
  itemFeatureOffsets: Uint32Array;
  itemFeatures: Uint32Array;
  itemFeatureWeights: Float32Array;
  /** Levels of moments behind one another: labels of each; (numUsers + 1) each; (labels + 1) each; (labels) each. */
  levelSizes: Uint32Array;
  levelUsers: Uint32Array;
  levelOffsets: Uint32Array;
  levelParents: Uint32Array;
  /** Pairs to validate on: queries, items, ratings; empty: none. */
  validQueries: Uint32Array;
  validItems: Uint32Array;
  validValues: Float32Array;
  rangeMin: number;
  rangeMax: number;
  globalBias: number;
  initStd: number;
  /** Columns of the sketches, multiples of 16. */
  range: number;
  corange: number;
  seed: number;
  threads: number;
}

export interface NativeSweep {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  /** Mean squared error of this sample; of ordinal ratings minus the mean logarithm of their likelihood. */
  trainLoss: number;
  /** Squared error of the mean score over the samples kept so far; `validRmse` clipped to the range. Of ordinal ratings
   * both are those of the mean rating under that score and the mean cutpoints. */
  validLoss: number;
  validRmse: number;
}

/** The sample and the running sums live in native memory while training. */
export interface NativeSampler {
  /** Runs sweep `sweep` (from 0) on a thread of its own; `keep` adds its sample to the sums. */
  runSweep(sweep: number, keep: boolean, cancel: Int32Array): Promise<NativeSweep>;
  /** Copies the sums over the kept samples out; queries are the users, then the labels of all levels. */
  read(target: {
    /** (queries, range) */
    querySketch: Float32Array;
    /** (numItems, corange) */
    itemSketch: Float32Array;
    /** (corange, range) */
    mixed: Float32Array;
    queryBiases: Float64Array;
    itemBiases: Float64Array;
    /** (categories - 1) */
    cutpoints: Float64Array;
  }): { samples: number; globalBias: number; noiseVariance: number };
  /** Copies the current sample out: features are users, their labels, items, theirs, moments; weights are row `dim`. */
  readSample(target: {
    /** (dim + 1, features) */
    values: Float32Array;
    /** (dim + 1, fields) */
    means: Float32Array;
    precisions: Float32Array;
    /** (categories - 1) */
    cutpoints: Float32Array;
  }): { globalBias: number; precision: number };
  /** Frees the native memory; the sampler must not be used afterwards. */
  dispose(): void;
}
