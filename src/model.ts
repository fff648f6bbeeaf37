import type { Table } from 'apache-arrow';
import type { Dataset } from './dataset/dataset.js';
import type { Interactions } from './dataset/interactions.js';
import type { Id, Vocabulary } from './dataset/vocabulary.js';
import { MODEL_FILE_VERSION } from './model-file/prefix.js';
import { typeError } from './options.js';
import { type Explanation, explain } from './recommend/explain.js';
import { genresOf, titleOf } from './recommend/metadata.js';
import { predictDistribution, predictPairs } from './recommend/predict.js';
import type { Recommendations, SimilarItems } from './recommend/ranked-items.js';
import { recommend } from './recommend/recommend.js';
import { recommendAll } from './recommend/recommend-all.js';
import type { RatingDistribution } from './recommend/serving.js';
import { similarItems, similarPairs } from './recommend/similar.js';
import type { SimilarPairs } from './recommend/similar-pairs.js';
import { UNKNOWN } from './recommend/unknown.js';
import { updateModel } from './train/update/update-model.js';
import type {
  EpochRecord,
  ExplainOptions,
  ModelData,
  ModelName,
  Parameters,
  RecommendAllOptions,
  RecommendOptions,
  ResolvedOptions,
  SimilarItemsOptions,
  SimilarPairsOptions,
  UpdateOptions,
} from './types.js';

/** What `info` says of a model. */
export interface ModelInfo {
  model: ModelName;
  formatVersion: number;
  users: number;
  items: number;
  interactions: number;
  implicit: boolean;
  /** Width of factors and vectors; 0 for a model without. */
  dim: number;
  /** Learnt numbers. */
  parameters: number;
  fields: { name: string; side: 'user' | 'item'; labels: number }[];
  metadata: { items: string[]; users: string[] };
  options: ResolvedOptions;
  metrics: Readonly<Record<string, number>>;
  history: readonly EpochRecord[];
}

function countLearnt(parameters: Parameters): number {
  const sum = (arrays: readonly (Float32Array | undefined)[]): number =>
    arrays.reduce((total, array) => total + (array?.length ?? 0), 0);
  if (parameters.kind === 'itemVectors') {
    return sum([parameters.itemFactors, parameters.contextFactors, parameters.itemBiases, parameters.network]);
  }
  if (parameters.kind === 'itemWeights') return parameters.weights.length;
  const { userFactors, itemFactors, userBiases, itemBiases, fields, moments = [] } = parameters;
  const ofFields = [...fields, ...moments].flatMap(({ factors, biases }) => [factors, biases]);
  return 1 + sum([userFactors, itemFactors, userBiases, itemBiases, ...ofFields]);
}

/** A trained model. Immutable; made by `train` or `loadModel`. */
export class Model {
  /** Parameters, vocabularies, training interactions and metadata, as plain data. */
  readonly data: ModelData;

  constructor(data: ModelData) {
    this.data = data;
  }

  get name(): ModelName {
    return this.data.name;
  }

  /** The options it was trained with, all resolved. */
  get options(): ResolvedOptions {
    return this.data.options;
  }

  get users(): Vocabulary {
    return this.data.users;
  }

  get items(): Vocabulary {
    return this.data.items;
  }

  /** Training interactions. */
  get seen(): Interactions {
    return this.data.seen;
  }

  /** Losses of each epoch. */
  get history(): readonly EpochRecord[] {
    return this.data.history;
  }

  get metrics(): Readonly<Record<string, number>> {
    return this.data.metrics;
  }

  /**
   * Scores of (user, item) pairs of ids, as recommendations show them: predicted ratings; popularity's counts; of models
   * of item vectors cosines, -1 to 1; of item weights their sum. An unknown user or item leaves its terms out: a new item
   * of a known user gets the mean plus the user's bias. A cosine with an unknown user is 0, with an unknown or untrained item
   * -1; a sum of weights of either is 0.
   * @param pairs `times`, unix seconds, matter to models trained with `timeSlots` alone; NaN where there is none.
   * @returns (pairs)
   */
  predict(pairs: { users: readonly Id[]; items: readonly Id[]; times?: ArrayLike<number> }): Float32Array {
    const { users, items, times } = this.#indicesOf(pairs);
    return this.predictIndices(users, items, times);
  }

  #indicesOf({ users, items, times }: { users: readonly Id[]; items: readonly Id[]; times?: ArrayLike<number> }): {
    users: Uint32Array;
    items: Uint32Array;
    times: Float64Array | undefined;
  } {
    if (!Array.isArray(users)) throw typeError('users', 'an array of user ids', users);
    if (!Array.isArray(items)) throw typeError('items', 'an array of item ids', items);
    const indices = (vocabulary: Vocabulary, ids: readonly Id[]): Uint32Array =>
      Uint32Array.from(ids, (id) => {
        const index = vocabulary.index(id);
        return index < 0 ? UNKNOWN : index;
      });
    return {
      users: indices(this.users, users),
      items: indices(this.items, items),
      times: times && Float64Array.from(times),
    };
  }

  /** The same for indices; 0xffffffff stands for unknown. */
  predictIndices(userIndices: Uint32Array, itemIndices: Uint32Array, times?: Float64Array): Float32Array {
    return predictPairs(this.data, userIndices, itemIndices, times);
  }

  /**
   * How likely each rating is for pairs as in `predict`, of a bayesianFm trained with link 'ordinal'; TypeError for other
   * models. `predict` gives the mean of these distributions.
   */
  predictDistribution(pairs: {
    users: readonly Id[];
    items: readonly Id[];
    times?: ArrayLike<number>;
  }): RatingDistribution {
    const { users, items, times } = this.#indicesOf(pairs);
    return predictDistribution(this.data, users, items, times);
  }

  /** The k best items for known users, or for a user given by a history or by titles. See recommend/recommend.ts. */
  recommend(options: RecommendOptions): Recommendations {
    return recommend(this.data, options);
  }

  /**
   * The k best items of every user in batches, off the event loop: `for await (const batch of model.recommendAll())`.
   * One batch is computed while the one before is used, so memory stays bounded. See recommend/recommend-all.ts.
   */
  recommendAll(options?: RecommendAllOptions): AsyncGenerator<Recommendations, void, undefined> {
    return recommendAll(this.data, options);
  }

  /** The k items nearest to each given item. */
  similarItems(options: SimilarItemsOptions): SimilarItems {
    return similarItems(this.data, options);
  }

  /** The k most similar pairs of all items. */
  similarPairs(options?: SimilarPairsOptions): SimilarPairs {
    return similarPairs(this.data, options);
  }

  /**
   * The items of a user's history that carried a recommendation, with their shares. Exact: contributions and `base` add up
   * to the score. RangeError, with the reason, for a model whose scores are no such sums. See recommend/explain.ts.
   */
  explain(options: ExplainOptions): Explanation {
    return explain(this.data, options);
  }

  /** The title of an item, undefined where there is none. DataError for an unknown id. */
  title(item: Id): string | undefined {
    return titleOf(this.data, this.items.expectIndex(item, 'item'));
  }

  /** The genres of an item. DataError for an unknown id. */
  genres(item: Id): string[] {
    return genresOf(this.data, this.items.expectIndex(item, 'item'));
  }

  /** A summary that JSON can hold. */
  info(): ModelInfo {
    const { parameters: p, seen, itemTable, userTable } = this.data;
    const columns = (table: ModelData['itemTable']): string[] => table?.schema.fields.map((field) => field.name) ?? [];
    return {
      model: this.name,
      formatVersion: MODEL_FILE_VERSION,
      users: this.users.size,
      items: this.items.size,
      interactions: seen.size,
      implicit: this.data.implicit,
      dim: p.kind === 'itemWeights' ? 0 : p.dim,
      parameters: countLearnt(p),
      fields: (p.kind === 'factors' ? p.fields : []).map(({ name, side, labels }) => ({
        name,
        side,
        labels: labels.length,
      })),
      metadata: { items: columns(itemTable), users: columns(userTable) },
      options: this.options,
      metrics: this.metrics,
      history: this.history,
    };
  }

  /**
   * A model that knows more ratings, of known and new users and items, without retraining from nothing; this one stays as
   * it is. A new rating of a known pair takes the place of the old one. Indices stay, new ids follow behind. Training goes
   * on from what this model has learnt, with a part of its epochs, over all ratings; popularity, itemKnn, ease, slim and
   * bayesianFm are trained on all ratings anew. A factor model fits the rows of new users and items to their ratings first.
   *
   * @param ratings a table as of `Dataset.fromTable`, or a Dataset, which brings the metadata of new items and users along.
   *   Ratings where the model has ratings, likes where it has likes.
   * @param options what differs from how the model was trained, e.g. `epochs`.
   * @throws TypeError, RangeError for a wrong option; DataError for ratings that do not fit the model's; DivergedError;
   *   DeviceError; the signal's reason when aborted.
   */
  async update(ratings: Table | Dataset, options?: UpdateOptions): Promise<Model> {
    return new Model(await updateModel(this.data, ratings, options));
  }

  /** Writes the model to one file, all or nothing. ModelFileError when that fails. */
  async save(path: string): Promise<void> {
    // Here and below: who only trains and ranks need not wait for the code of files.
    const { saveModelFile } = await import('./model-file.js');
    await saveModelFile(this.data, path);
  }
}

/** Reads a model file. ModelFileError when it is missing, damaged or of another version. */
export async function loadModel(path: string): Promise<Model> {
  const { readModelFile } = await import('./model-file.js');
  return new Model(await readModelFile(path));
}
