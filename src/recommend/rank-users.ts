import type { ModelData } from '../types.js';
import { servingFactors } from './combine-fields.js';
import { applyLink } from './predict.js';
import type { SelectOptions, TopKResult } from './select-top-k.js';

/** Results at most that one search of many users makes: bounds its memory where k is large. */
const mostResults = 4_000_000;

/** How many users to rank at once, at most `wanted`. */
export function usersAtOnce(k: number, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(mostResults / k)));
}

/** Users as the top-k takes them. */
export interface UserQueries {
  count: number;
  /** (count, dim) */
  factors: Float32Array;
  /** (count) */
  biases: Float32Array;
  /** Items not to recommend; undefined: none. */
  exclude: { offsets: Uint32Array; items: Uint32Array } | undefined;
}

/** Results of `k` a query without the empty places; scores are predictions, or raw for popularity. */
export interface TopItems {
  queries: Uint32Array;
  itemIndices: Uint32Array;
  scores: Float32Array;
  ranks: Uint32Array;
}

/** Known users by their indices. */
export function queriesOf(data: ModelData, users: Uint32Array, excludeSeen: boolean): UserQueries {
  const { dim, userFactors, userBiases } = servingFactors(data);
  const factors = new Float32Array(users.length * dim);
  for (const [q, user] of users.entries()) factors.set(userFactors.subarray(user * dim, (user + 1) * dim), q * dim);
  return {
    count: users.length,
    factors,
    biases: Float32Array.from(users, (user) => userBiases[user] as number),
    exclude: excludeSeen ? seenOf(data, users) : undefined,
  };
}

/** Users first … end - 1, as views of the model's own arrays: nothing is copied. */
export function rangeOfQueries(data: ModelData, first: number, end: number, excludeSeen: boolean): UserQueries {
  const { dim, userFactors, userBiases } = servingFactors(data);
  const { offsets, items } = data.seen;
  return {
    count: end - first,
    factors: userFactors.subarray(first * dim, end * dim),
    biases: userBiases.subarray(first, end),
    exclude: excludeSeen ? { offsets: offsets.subarray(first, end + 1), items } : undefined,
  };
}

function seenOf({ seen }: ModelData, users: Uint32Array): { offsets: Uint32Array; items: Uint32Array } {
  const offsets = new Uint32Array(users.length + 1);
  for (const [q, user] of users.entries()) offsets[q + 1] = (offsets[q] as number) + seen.itemsOf(user).length;
  const items = new Uint32Array(offsets[users.length] as number);
  for (const [q, user] of users.entries()) items.set(seen.itemsOf(user), offsets[q]);
  return { offsets, items };
}

/** The search that ranks the items of a model for some users. */
export function searchFor(
  data: ModelData,
  queries: UserQueries,
  options: { k: number; candidates: Uint8Array | undefined; threads?: number | undefined },
): SelectOptions {
  const { dim, itemFactors, itemBiases } = servingFactors(data);
  return {
    queries: queries.factors,
    items: itemFactors,
    numQueries: queries.count,
    numItems: data.items.size,
    dim,
    metric: 'dot',
    exclude: queries.exclude,
    itemBiases,
    ...options,
  };
}

/** What that search found. `first` is the number that the first query bears in the result. */
export function topItems(
  data: ModelData,
  queries: UserQueries,
  top: TopKResult,
  { k, first }: { k: number; first: number },
): TopItems {
  const { dim, globalBias } = servingFactors(data);
  const total = top.counts.reduce((sum, count) => sum + count, 0);
  const result: TopItems = {
    queries: new Uint32Array(total),
    itemIndices: new Uint32Array(total),
    scores: new Float32Array(total),
    ranks: new Uint32Array(total),
  };
  const asRating = dim > 0;
  let at = 0;
  for (let q = 0; q < queries.count; q++) {
    const base = globalBias + (queries.biases[q] as number);
    for (let n = 0; n < (top.counts[q] as number); n++) {
      const score = base + (top.scores[q * k + n] as number);
      result.queries[at] = first + q;
      result.itemIndices[at] = top.indices[q * k + n] as number;
      result.scores[at] = asRating ? applyLink(data.parameters, score) : score;
      result.ranks[at++] = n + 1;
    }
  }
  return result;
}
