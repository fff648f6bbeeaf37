import type { Table } from 'apache-arrow';
import type { Dataset } from './dataset/dataset.js';
import type { Interactions } from './dataset/interactions.js';
import type { Id, Vocabulary } from './dataset/vocabulary.js';
import type { Device, EpochRecord, Link, Metric, ModelName, Range, TrainOptions } from './train-options.js';

export type * from './train-options.js';

/** Options that shape a model, all resolved, as JSON keeps them. Threads, device and callbacks do not belong here. */
export type ResolvedOptions = Record<string, unknown> & { model: ModelName; seed: number };

/** One categorical field of a factorisation machine with what it learnt. */
export interface FieldParameters {
  name: string;
  side: 'user' | 'item';
  /** Bucket width of a numeric field. */
  bucket?: number;
  labels: readonly string[];
  /** (rows + 1) and (active values): label indices of each user or item, ascending. */
  offsets: Uint32Array;
  indices: Uint32Array;
  /** (labels, dim) */
  factors: Float32Array;
  /** (labels) */
  biases: Float32Array;
}

/** The moments of users that a model knows, at one width. */
export interface MomentSlots {
  name: string;
  /** Width of a slot. */
  seconds: number;
  /** (numUsers + 1) slots of each user. */
  offsets: Uint32Array;
  /** (slots) floor(unix seconds / width), ascending within a user. */
  slots: Float64Array;
}

/** What a user is like at his moments: rows in place of his own. */
export interface MomentParameters extends MomentSlots {
  /** (slots, dim) */
  factors: Float32Array;
  /** (slots) */
  biases: Float32Array;
}

/**
 * Ratings as steps of a scale: at score x a rating is values[c] with the probability that a number of N(x, 1) lies between
 * cutpoints c - 1 and c, of which there are one fewer than values; outside are -Infinity and Infinity.
 */
export interface RatingCategories {
  /** Distinct ratings, ascending. */
  values: readonly number[];
  /** Ascending. */
  cutpoints: readonly number[];
}

/**
 * Parameters of every model that scores by factors: globalBias + userBiases[u] + itemBiases[i] +
 * userFactors[u] . itemFactors[i], through the link. Of an fm these are the id rows alone; `fields` hold the rest, and
 * `combineFields` folds both into one such set for serving. Popularity has dim 0.
 */
export interface FactorParameters {
  kind: 'factors';
  dim: number;
  globalBias: number;
  /** (numUsers, dim) */
  userFactors: Float32Array;
  /** (numItems, dim) */
  itemFactors: Float32Array;
  /** (numUsers) */
  userBiases: Float32Array;
  /** (numItems) */
  itemBiases: Float32Array;
  link: Link;
  /** With link 'ordinal': what a score says of each rating. */
  categories?: RatingCategories;
  /** Of the training ratings. Predicted ones lie in it: the sigmoid is scaled to it, identity is clipped to it. */
  range: Range;
  fields: readonly FieldParameters[];
  /**
   * (numItems, dim) of the implicit term, y: in scores the row of user u is userFactors[u] + |N(u)|^-1/2 times the sum of y
   * over N(u), the items of `seen` of the user.
   */
  implicitFactors?: Float32Array;
  /** Coarse to fine: at a time that none of them knows a user has his own row. */
  moments?: readonly MomentParameters[];
  /**
   * L2 penalties of a user's row and bias beside squared errors, for fold-in: of models that learn them. Others take
   * those of their options.
   */
  penalties?: { factors: number; bias: number };
}

/**
 * Parameters of the models that learn vectors of items alone: a user is what he has seen. With v the vectors of his items
 * and r his ratings of them, the score of an item x is
 *
 *   mean        cos(sum v, x)
 *   ratingMean  cos(sum r v, x)
 *   meanCosine  mean over v of cos(v, x)
 *
 * An item whose vector is zero was not trained: it scores -1, stands behind all others, and adds nothing to a user.
 */
export interface ItemVectorParameters {
  kind: 'itemVectors';
  dim: number;
  /** (numItems, dim) what users are made of and items are compared by. */
  itemFactors: Float32Array;
  /** (numItems, dim) the vectors of items as context, of a model with two tables. Scores do without. */
  contextFactors?: Float32Array;
  /** (numItems) of the training objective; cosines do without. */
  itemBiases?: Float32Array;
  /** Of itemSoftmax the network and the layer's normalisation, for training to go on from; cosines do without. */
  network?: Float32Array;
  userVector: UserVector;
}

/** How the items that a user has seen make a query; see ItemVectorParameters. */
export type UserVector = 'mean' | 'ratingMean' | 'meanCosine';

/**
 * Parameters of the models that learn how much each item of a history says for each other item: the score of an item i is
 * the sum over the history's items h of value_h w(h, i), value_h the rating of h or 1. Histories have likes alone: what is
 * rated below `positiveThreshold` adds nothing.
 */
export interface ItemWeightParameters {
  kind: 'itemWeights';
  /** (numItems + 1): the weights of item h of a history are offsets[h] ... offsets[h + 1] - 1. */
  offsets: Uint32Array;
  /** (weights) item i, ascending within a row, never h itself. */
  indices: Uint32Array;
  /** (weights) w(h, i), none zero. */
  weights: Float32Array;
  /** Whether value_h is the rating. */
  ratingWeights: boolean;
  /** Least rating of a like; undefined: all count. */
  positiveThreshold?: number;
}

export type Parameters = FactorParameters | ItemVectorParameters | ItemWeightParameters;

/** Everything a trained model is: plain data, what the model file holds. */
export interface ModelData<P extends Parameters = Parameters> {
  readonly name: ModelName;
  readonly options: ResolvedOptions;
  readonly users: Vocabulary;
  readonly items: Vocabulary;
  /** Training interactions: what `excludeSeen` hides and fold-in starts from. */
  readonly seen: Interactions;
  /** Metadata in index order. */
  readonly itemTable: Table | undefined;
  readonly userTable: Table | undefined;
  readonly implicit: boolean;
  readonly parameters: P;
  readonly history: readonly EpochRecord[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Models by what they learnt. */
export type FactorModelData = ModelData<FactorParameters>;
export type ItemVectorModelData = ModelData<ItemVectorParameters>;
export type ItemWeightModelData = ModelData<ItemWeightParameters>;

/** A history entry of a user whom the model may not know. Without a rating it counts as liked. */
export interface HistoryEntry {
  item: Id;
  rating?: number;
}

export interface RecommendOptions {
  /** Known users, by id. Exactly one of users, history, histories, titles is given. */
  users?: readonly Id[];
  /** A user given by what he rated: solved by fold-in. */
  history?: readonly HistoryEntry[];
  /** Several such users, solved together; `queries` of the result are their places in this list. */
  histories?: readonly (readonly HistoryEntry[])[];
  /** The same by titles, all liked. */
  titles?: readonly string[];
  k?: number;
  excludeSeen?: boolean;
  excludeItems?: readonly Id[];
  candidateItems?: readonly Id[];
  /**
   * Models with user factors: how a history becomes a user. 'solve' (default) fits the user's row with the items fixed,
   * 'sum' adds weighted item rows. Models without user factors take no such choice: their users are their items.
   */
  foldIn?: 'solve' | 'sum';
}

/** Options of `Model.update`; all others are those that the model was trained with. */
export type UpdateOptions = Pick<
  TrainOptions,
  'epochs' | 'learningRate' | 'schedule' | 'patience' | 'seed' | 'threads' | 'device' | 'signal' | 'onEpoch'
> & {
  /** Any dataset: ids are matched, and what neither the model nor the new ratings know is left out. */
  validation?: Dataset;
};

export interface RecommendAllOptions {
  /** Length of a list. Default 10. */
  k?: number;
  /** Users a batch. Default 4,096, and fewer where k is beyond 976: a batch holds four million results at most. */
  batchSize?: number;
  /** Leave out the items of the user's training history. Default true. */
  excludeSeen?: boolean;
  excludeItems?: readonly Id[];
  /** Recommend only these. Default: all. */
  candidateItems?: readonly Id[];
  /** At most so many. Default: as many as the machine runs at once. */
  threads?: number;
  /**
   * 'cuda' searches on a GPU, which keeps the items; models of item weights (itemKnn, ease, slim) are searched on the
   * processor all the same. Default 'auto': the processor.
   */
  device?: Device;
  signal?: AbortSignal;
}

/**
 * How item vectors are compared: by their cosine, by their product, or by their cosine without what all items have in common
 * ('isotropic'; see recommend/isotropic.ts), which lists fewer of the items that everybody knows.
 */
export type SimilarMetric = Metric | 'isotropic';

export interface SimilarItemsOptions {
  items?: readonly Id[];
  titles?: readonly string[];
  k?: number;
  /** Default 'cosine'. Models of item weights compare items by these and take no metric. */
  metric?: SimilarMetric;
  excludeItems?: readonly Id[];
  candidateItems?: readonly Id[];
}

export interface SimilarPairsOptions {
  k?: number;
  /** As of SimilarItemsOptions. */
  metric?: SimilarMetric;
}

export interface ExplainOptions {
  /** A known user. Exactly one of user, history, titles is given. */
  user?: Id;
  /** A user given by what he rated. */
  history?: readonly HistoryEntry[];
  /** The same by titles, all liked. */
  titles?: readonly string[];
  /** The item to explain the score of. */
  item: Id;
  /** How many items of the history, those that carry most. Default 10. */
  k?: number;
}
