import type { Dataset } from './dataset/dataset.js';
import type { FieldSpec } from './dataset/features.js';

export type ModelName =
  | 'popularity'
  | 'itemKnn'
  | 'ease'
  | 'slim'
  | 'ials'
  | 'mf'
  | 'fm'
  | 'bayesianFm'
  | 'itemSoftmax'
  | 'coLikes';
/** Of models that fit ratings with factors. */
export type FactorObjective = 'squared' | 'logistic';
export type Objective = FactorObjective | 'bpr' | 'softmax' | 'sampledSoftmax' | 'negativeSampling' | 'cooccurrence';
export type Optimizer = 'sgd' | 'adagrad' | 'adam';
export type Device = 'auto' | 'cpu' | 'cuda';
export type Metric = 'cosine' | 'dot';
/**
 * How a raw score x becomes a rating: x itself; min + (max - min) * sigmoid(x); 'ordinal' (bayesianFm): the mean of the
 * distinct ratings, each with its probability under N(x, 1) between two cutpoints.
 */
export type Link = 'identity' | 'sigmoid' | 'ordinal';

/** L2 penalty by kind of parameter; see TrainOptions.regularization. */
export interface Regularization {
  user: number;
  item: number;
  bias: number;
  /** Of what a row shares with others: the metadata of an fm, or what an item says of all who rated it (`implicitTerm`). */
  feature: number;
}

/** Learning rate over epochs e = 0, 1, ...: a factor on `learningRate`. */
export type Schedule =
  | { type: 'constant' }
  /** factor^e */
  | { type: 'exponential'; factor: number }
  /** factor^floor(e / every) */
  | { type: 'step'; every: number; factor: number }
  /** factor^(how many of `epochs` are <= e); `epochs` counts from 0 */
  | { type: 'multiStep'; epochs: number[]; factor: number }
  /** floor + (1 - floor) (1 + cos(pi e / epochs)) / 2 */
  | { type: 'cosine'; floor?: number }
  /** 1 - (1 - floor) e / epochs */
  | { type: 'linear'; floor?: number };

export interface Range {
  min: number;
  max: number;
}

/** `rmse` in rating units, where the model predicts ratings. */
export interface Losses {
  loss: number;
  rmse?: number;
}

/**
 * What `train` reports after each epoch. Losses are in the units of the objective: of models that fit ratings a mean over
 * ratings, of bpr a mean over triples, of a softmax the mean cross-entropy in nats, of co-occurrence the whole cost, of ials the whole cost for each
 * positive.
 */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  seconds: number;
  learningRate: number;
  train: Losses;
  valid?: Losses;
}

/** An epoch as a model keeps it: without wall times, so that equal seeds give equal model bytes. */
export type EpochRecord = Omit<EpochReport, 'seconds'>;

export interface TrainOptions {
  model: ModelName;
  /** Width of the factors; coLikes: 'full' for as many as items. */
  dim?: number | 'full';
  /** Passes over the data; bayesianFm: samples. */
  epochs?: number;
  learningRate?: number;
  /**
   * L2 penalty. With `batchSize` 1 and sgd or adagrad a row with n ratings adds
   * `regularization` * n^`regularizationPower` * |row|^2 to the sum of losses. In batches every row gets
   * `regularization` * row added to its gradient of the mean loss ('coupled'), or is multiplied by
   * 1 - learningRate * regularization each step ('decoupled'); Adam's default for that takes about the same share of a
   * row in an epoch, however many steps it has. ials: a row with n positives adds
   * `regularization` * (n + `unobservedWeight` * rows of the other side)^`regularizationPower` * |row|^2. With objective
   * 'bpr' it is a number, and `regularization` * row is added to the gradient of each triple that moves the row.
   */
  regularization?: number | Partial<Regularization>;
  /** Frequency scaling of the penalty: 0 plain ridge, 1 weighted lambda. */
  regularizationPower?: number;
  /** Where L2 acts in batches: in the gradient or beside it (AdamW). Adam defaults to 'decoupled', which is far faster. */
  weightDecay?: 'coupled' | 'decoupled';
  /**
   * Adam: leave rows that a batch does not touch where they are, as sparse Adams do, instead of moving them by their
   * momentum and decay. Another optimizer: a learning rate tuned for one does not carry over. Default false.
   */
  lazy?: boolean;
  optimizer?: Optimizer;
  /** sgd: share of the last step that goes on in the next, 0 to 1. Only of models that list it. */
  momentum?: number;
  objective?: Objective;
  schedule?: Schedule;
  /**
   * Ratings a step: 1 updates after each rating, 'full' takes all ratings at once. itemSoftmax: input items a step, by
   * default a sixteenth of them, from 32 to 512; with `mode` 'pairs' pairs a step, by default 512.
   */
  batchSize?: number | 'full';
  /** Upper bound on the L2 norm of a batch's gradient; only for training in batches. */
  clipNorm?: number;
  link?: Link;
  /** Range of predictions; default the range of the training ratings. */
  range?: Range;
  /**
   * Whether there are biases. The global bias starts at the mean rating; an fm that trains in batches learns it further.
   */
  biases?: boolean;
  /**
   * mf: whether what a user rated tells of the user, whatever the ratings (SVD++; Koren 2008, eq. 15). Each item j gets a
   * second vector y_j, and the user's vector is p_u + |N(u)|^-1/2 sum of y_j over N(u), all items that the user rated in the
   * training data, or of a new user those of the history. Trains user by user: only with optimizer 'sgd' and `batchSize` 1.
   * Default false.
   */
  implicitTerm?: boolean;
  /** Learning rate of biases as a multiple of `learningRate`. */
  biasLearningRate?: number;
  /** Learning rate of shared features (genres, age, ...), or of `implicitTerm`, as a multiple of `learningRate`. */
  featureLearningRate?: number;
  /** Standard deviation of the normal initial factors. Default of ials: .1 / sqrt(dim). */
  initStd?: number;
  /**
   * itemSoftmax, sampled: which items of a user are paired: any two, each ordered pair of the data as likely as any other
   * ('all'), or those at most 1 ... `window` interactions apart, drawn anew for each ('window'; needs times).
   */
  pairs?: 'all' | 'window';
  /** Interactions that a pair is apart at most. Only with `pairs: 'window'`. */
  window?: number;
  /** Pairs of an epoch, in the mean for each interaction. Only with `pairs: 'all'`. */
  pairsPerItem?: number;
  /**
   * Thins out interactions with popular items, anew for each epoch, before pairs are made: of an item with the share f of
   * all interactions, each takes part with probability sqrt(subsample / f) + subsample / f. 0: all take part (Mikolov et
   * al. 2013, 2.3, as word2vec has it; there 1e-3 to 1e-5).
   */
  subsample?: number;
  /** Negatives of a pair, or of a like. */
  negatives?: number;
  /** Negatives are drawn with the weights (interactions of the item) ^ negativePower: 0 evenly, 1 by popularity. */
  negativePower?: number;
  /** Whether negatives that the user has seen are drawn again (at most 16 times, then left out). */
  rejectSeen?: boolean;
  /** sampledSoftmax: whether log(weight) is taken from the scores, so that it tends to the full softmax. */
  logQ?: boolean;
  /** Decay rates of Adam's moments. */
  betas?: [number, number];
  /** Adam's and AdaGrad's denominator offset. */
  epsilon?: number;
  /**
   * Models of likes: least rating of a like. Default 4; of ials none, as whatever was rated was chosen. Of an implicit dataset
   * every interaction is one.
   */
  positiveThreshold?: number;
  /** Models of item weights: weights an item at most, the strongest; 'all' keeps every one. */
  neighbors?: number | 'all';
  /**
   * ease: items that an item's weights are solved among, those most correlated with it. Default 'all': the closed form, in
   * 8 bytes for each pair of items, or of users where these are fewer. A large catalogue needs a number: some 500 come
   * close to it.
   */
  neighborhood?: number | 'all';
  /** ease: least absolute correlation of an item with those that it is solved among, 0 to 1. Default 0: any. */
  minCorrelation?: number;
  /** Models of item weights: weight likes by their ratings, in training and in histories. Default false: all count 1. */
  ratingWeights?: boolean;
  /** itemKnn: what makes items alike. */
  similarity?: 'cosine' | 'jaccard';
  /**
   * itemKnn, cosine: with columns x_h of the history item and x_i, <x_h, x_i> / (|x_h|^2a |x_i|^(2 - 2a)). Default a = 0.5,
   * the cosine itself; at 1 the share of who likes h that likes i, too.
   */
  asymmetry?: number;
  /** itemKnn: added to the denominator of similarities: pairs with little to go by count less. */
  shrink?: number;
  /** itemKnn: scale the weights of each history item to a sum of 1. */
  normalize?: boolean;
  /** slim: L1 penalty beside `regularization`, the L2 penalty. */
  l1Regularization?: number;
  /** slim: passes over an item's weights end when none moves by more than this. */
  tolerance?: number;
  /**
   * coLikes: what the product of two items' vectors should be. 'count': the number of users who like both. 'log':
   * log(1 + count). Both over all pairs, 0 for those that never occur. 'glove': log count, over the pairs that occur alone,
   * weighted, with a bias an item.
   *
   * itemKnn: how similarities count a like. 'none': all alike. 'tfIdf': less of users who like much. 'bm25': the same, and
   * less of items that are liked much.
   */
  weighting?: 'count' | 'log' | 'glove' | 'none' | 'tfIdf' | 'bm25';
  /** coLikes, glove: a count x has weight min(1, (x / countCap)^countPower). */
  countCap?: number;
  countPower?: number;
  /** ials: weight of the squares of all scores, seen or not, beside the errors of what was seen. */
  unobservedWeight?: number;
  /** ials: a positive weighs 1 + `ratingWeight` * rating. Default 0: all alike. */
  ratingWeight?: number;
  /** ials: how a row is fitted: by Cholesky, in blocks of `blockSize` factors, or by `cgSteps` conjugate gradients. */
  solver?: 'cholesky' | 'cg';
  /** Factors that a step of Cholesky fits together, rounded up to a multiple of 16; 'full': all, which is exact. */
  blockSize?: number | 'full';
  /** Steps of conjugate gradients for each row in each epoch. */
  cgSteps?: number;
  /** Metadata columns used as features; default genres, year, age, sex, occupation where the dataset has them. */
  fields?: readonly FieldSpec[];
  /** bayesianFm: the first samples, which predictions leave out. Default a tenth of `epochs`. */
  burnIn?: number;
  /**
   * bayesianFm: whether the items that a user has rated are features of the user, and the users who have rated an item
   * features of the item. Default true.
   */
  implicitBlocks?: boolean;
  /**
   * bayesianFm: whether the day and the ten minutes in which a user rated are features of his ratings, so that those of
   * one sitting share what his mood was; needs times. Predictions for a time in them use it; others leave it out. It is
   * for filling gaps: nothing is known of sittings that are not in the training data. Default false.
   */
  timeSlots?: boolean;
  /** bayesianFm: width of the factors that stand for the mean over all samples. Default 64. */
  servingDim?: number;
  seed?: number;
  threads?: number;
  /**
   * 'cuda' trains on a GPU what has kernels for it; itemKnn, ease, slim, popularity and bayesianFm, and mf with objective
   * 'bpr' or `implicitTerm`, train on the processor all the same. DeviceError where there is no GPU. Default 'auto': the
   * processor.
   */
  device?: Device;
  validation?: Dataset;
  /** itemSoftmax: a step takes `batchSize` items with the counts of all their pairs, or `batchSize` single pairs. */
  mode?: 'counts' | 'pairs';
  /** itemSoftmax: 1 for one vector an item, 2 for one as input and another as output. */
  tables?: number;
  /** itemSoftmax: units of a residual network between the input's vector and the softmax. 0: none. */
  hidden?: number;
  /** itemSoftmax: share of hidden units left out in each step, in [0, 1). */
  dropout?: number;
  /** itemSoftmax: whether what enters the softmax is normalised (LayerNorm). */
  layerNorm?: boolean;
  /** itemSoftmax: whether an item has a bias as output: how likely it is whatever the input. */
  itemBiases?: boolean;
  /** itemSoftmax: whether an item is no candidate for what goes with itself. */
  selfMask?: boolean;
  /** itemSoftmax: users are the plain mean of the vectors of their items, or weighted by rating. */
  userVector?: 'mean' | 'ratingMean';
  /**
   * itemSoftmax: share of the pairs of items that is held back to validate on after each epoch. Each user's items make
   * all their ordered pairs; `seed` deals all pairs of all users out at random, so that most items and users are in each
   * part. The parts have floor(share * pairs) pairs, and training has the rest, when `testPairs` is 0.
   */
  validPairs?: number;
  /** itemSoftmax: share of the pairs held back for one test at the end (metrics.testLoss); it gets what rounding leaves. */
  testPairs?: number;
  /** Stop after this many epochs without a better validation loss, and keep the best state. 0: never. */
  patience?: number;
  signal?: AbortSignal;
  onEpoch?: (report: EpochReport) => void;
}
