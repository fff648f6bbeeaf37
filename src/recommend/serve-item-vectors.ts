import { rangeError } from '../options.js';
import type { HistoryEntry, ItemVectorModelData, Range } from '../types.js';
import { denseSearch } from './dense-search.js';
import { listItems, nameOf, readHistory } from './history.js';
import type { Serving, UserSearch } from './serving.js';
import { UNKNOWN } from './unknown.js';

/** Added to the cosine 0 of an item without a vector: behind all others, whatever theirs is. */
const BEHIND = -2;
/** What is shown for it: the least that a cosine can be. */
const LEAST = -1;

/** (numItems) 1 / |vector| in float64; 0 for a zero row. */
function inverseLengths(itemFactors: Float32Array, numItems: number, dim: number): Float64Array {
  const inverses = new Float64Array(numItems);
  for (let item = 0; item < numItems; item++) {
    let squares = 0;
    for (let at = item * dim; at < (item + 1) * dim; at++) squares += (itemFactors[at] as number) ** 2;
    if (squares > 0) inverses[item] = 1 / Math.sqrt(squares);
  }
  return inverses;
}

/** Serves item vectors: the query of a user is made of the items he has seen, when it is asked for. */
export function serveItemVectors(data: ItemVectorModelData): Serving {
  const { seen, parameters } = data;
  const { dim, itemFactors, userVector } = parameters;
  const numItems = data.items.size;
  const inverses = inverseLengths(itemFactors, numItems, dim);
  const itemBiases = inverses.includes(0) ? Float32Array.from(inverses, (x) => (x === 0 ? BEHIND : 0)) : undefined;
  const usesRatings = userVector === 'ratingMean' && !data.implicit;
  const range: Partial<Range> = usesRatings ? seen.valueRange() : {};

  /** The weights of items in a user's query; undefined: all count the same. */
  const weightsOf = (items: Uint32Array, ratings: Float32Array): ArrayLike<number> | undefined => {
    if (userVector === 'meanCosine') return Array.from(items, (item) => inverses[item] as number);
    return usesRatings ? ratings : undefined;
  };
  const userOf = (index: number): User => {
    const items = seen.itemsOf(index);
    return { items, weights: weightsOf(items, seen.valuesOf(index)) };
  };

  const read = (history: readonly HistoryEntry[], name?: string): User => {
    const rated = readHistory(data, history, range, name);
    const items = Uint32Array.from(rated, ({ item }) => item);
    const ratings = Float32Array.from(rated, ({ rating }) => rating ?? range.max ?? 1);
    return { items, weights: weightsOf(items, ratings) };
  };

  /** The query of a user, of any length, summed in float64 in the order of the items; zero where none has a vector. */
  const sumInto = (query: Float64Array, { items, weights }: User): void => {
    query.fill(0);
    for (let n = 0; n < items.length; n++) {
      const at = (items[n] as number) * dim;
      const weight = weights === undefined ? 1 : (weights[n] as number);
      for (let k = 0; k < dim; k++) query[k] = (query[k] as number) + weight * (itemFactors[at + k] as number);
    }
  };
  /** What the cosine with a query is multiplied by: of meanCosine the length of the mean of the unit vectors. */
  const scaleOf = (query: Float64Array, { items }: User): number =>
    userVector === 'meanCosine' ? lengthOf(query) / Math.max(1, items.length) : 1;

  const search = (count: number, userAt: (n: number) => User): UserSearch => {
    const queries = new Float32Array(count * dim);
    const scales = new Float64Array(count);
    const query = new Float64Array(dim);
    for (let n = 0; n < count; n++) {
      const user = userAt(n);
      sumInto(query, user);
      queries.set(query, n * dim);
      scales[n] = scaleOf(query, user);
    }
    return denseSearch({
      count,
      queries,
      items: itemFactors,
      itemBiases,
      numItems,
      dim,
      metric: 'cosine',
      shown: (n, score) => (score < (BEHIND + LEAST) / 2 ? LEAST : clip(score) * (scales[n] as number)),
    });
  };

  return {
    dim,
    forUsers: (users) => search(users.length, (n) => userOf(users[n] as number)),
    forRange: (first, end) => search(end - first, (n) => userOf(first + n)),
    termsOf(user, item) {
      const whose = typeof user === 'number' ? userOf(user) : read(user);
      const query = new Float64Array(dim);
      sumInto(query, whose);
      const length = lengthOf(query);
      const factor = length === 0 ? 0 : (scaleOf(query, whose) / length) * (inverses[item] as number);
      const terms = Float64Array.from(whose.items, (from, n) => {
        let dot = 0;
        for (let k = 0; k < dim; k++) {
          dot += (itemFactors[from * dim + k] as number) * (itemFactors[item * dim + k] as number);
        }
        return dot * (whose.weights === undefined ? 1 : (whose.weights[n] as number)) * factor;
      });
      return { items: whose.items, terms, base: 0 };
    },
    forHistories(histories, method) {
      if (method !== undefined) {
        throw rangeError('foldIn', `left out: a user of model '${data.name}' is the mean of his items`, method);
      }
      const users = histories.map((history, u) => read(history, nameOf(histories, u)));
      return {
        search: search(users.length, (n) => users[n] as User),
        lists: listItems(users.map(({ items }) => items)),
      };
    },
    scorePairs(users, items) {
      const scores = new Float32Array(users.length);
      const query = new Float64Array(dim);
      let last = UNKNOWN;
      let factor = 0; // of the dot product with an item of length 1
      for (let n = 0; n < scores.length; n++) {
        const index = users[n] as number;
        const item = items[n] as number;
        const inverse = item === UNKNOWN ? 0 : (inverses[item] as number);
        if (inverse === 0) scores[n] = LEAST;
        if (inverse === 0 || index === UNKNOWN) continue;
        if (index !== last) {
          const user = userOf(index);
          sumInto(query, user);
          const length = lengthOf(query);
          factor = length === 0 ? 0 : scaleOf(query, user) / length;
          last = index;
        }
        let dot = 0;
        for (let k = 0; k < dim; k++) dot += (query[k] as number) * (itemFactors[item * dim + k] as number);
        scores[n] = clip(dot * inverse * factor);
      }
      return scores;
    },
  };
}

/** Items of a user, and their weights in his query. */
interface User {
  items: Uint32Array;
  weights: ArrayLike<number> | undefined;
}

const clip = (cosine: number): number => Math.min(1, Math.max(-1, cosine));

function lengthOf(row: Float64Array): number {
  let squares = 0;
  for (const value of row) squares += value * value;
  return Math.sqrt(squares);
}
