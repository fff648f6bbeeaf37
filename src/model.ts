import type { Interactions } from './dataset/interactions.js';
import type { Id, Vocabulary } from './dataset/vocabulary.js';
import { MODEL_FILE_VERSION } from './model-file/prefix.js';
import { typeError } from './options.js';
import { type Explanation, explain } from './recommend/explain.js';
import { genresOf, titleOf } from './recommend/metadata.js';
import { predictPairs } from './recommend/predict.js';
import type { Recommendations, SimilarItems } from './recommend/ranked-items.js';
import { recommend } from './recommend/recommend.js';
import { recommendAll } from './recommend/recommend-all.js';
import { similarItems, similarPairs } from './recommend/similar.js';
import type { SimilarPairs } from './recommend/similar-pairs.js';
import { UNKNOWN } from './recommend/unknown.js';
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
    return sum([parameters.itemFactors, parameters.contextFactors, parameters.itemBiases]);
  }
  if (parameters.kind === 'itemWeights') return parameters.weights.length;
  const { userFactors, itemFactors, implicitFactors, userBiases, itemBiases, fields, moments = [] } = parameters;
  const ofFields = [...fields, ...moments].flatMap(({ factors, biases }) => [factors, biases]);
  return 1 + sum([userFactors, itemFactors, implicitFactors, userBiases, itemBiases, ...ofFields]);
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
  predict({
    users,
    items,
    times,
  }: {
    users: readonly Id[];
    items: readonly Id[];
    times?: ArrayLike<number>;
  }): Float32Array {
    if (!Array.isArray(users)) throw typeError('users', 'an array of user ids', users);
    if (!Array.isArray(items)) throw typeError('items', 'an array of item ids', items);
    const indices = (vocabulary: Vocabulary, ids: readonly Id[]): Uint32Array =>
      Uint32Array.from(ids, (id) => {
        const index = vocabulary.index(id);
        return index < 0 ? UNKNOWN : index;
      });
    return this.predictIndices(
      indices(this.users, users),
      indices(this.items, items),
      times && Float64Array.from(times),
    );
  }

  /** The same for indices; 0xffffffff stands for unknown. */
  predictIndices(userIndices: Uint32Array, itemIndices: Uint32Array, times?: Float64Array): Float32Array {
    return predictPairs(this.data, userIndices, itemIndices, times);
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
   * The items of a user's history that carried a recommendation, with their shares. Exact: contributions add up to the
   * score. RangeError for a model whose scores are no sums over a history. See recommend/explain.ts.
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
