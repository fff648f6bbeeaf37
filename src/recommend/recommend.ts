import type { Id } from '../dataset/vocabulary.js';
import { expectBoolean, expectInt, expectKnownKeys, expectOneOf, typeError } from '../options.js';
import type { HistoryEntry, ModelData, RecommendOptions } from '../types.js';
import { candidateMask } from './candidates.js';
import { servingFactors } from './combine-fields.js';
import { foldIn } from './fold-in.js';
import { findTitle } from './metadata.js';
import { applyLink } from './predict.js';
import { Recommendations } from './ranked-items.js';
import { selectTopK } from './top-k.js';

const optionNames = ['users', 'history', 'titles', 'k', 'excludeSeen', 'excludeItems', 'candidateItems', 'foldIn'];
/** Users scored at once, and their results at most: bounds the memory of a chunk. */
const chunkUsers = 8192;
const chunkResults = 4_000_000;

/** A chunk of users as the top-k takes them. */
interface Queries {
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

function rank(
  data: ModelData,
  queries: Queries,
  k: number,
  candidates: Uint8Array | undefined,
  first: number,
): TopItems {
  const { dim, globalBias, itemFactors, itemBiases } = servingFactors(data);
  const top = selectTopK({
    queries: queries.factors,
    items: itemFactors,
    numQueries: queries.count,
    numItems: data.items.size,
    dim,
    k,
    metric: 'dot',
    exclude: queries.exclude,
    candidates,
    itemBiases,
  });
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

function concat(parts: readonly TopItems[]): TopItems {
  if (parts.length === 1) return parts[0] as TopItems;
  const total = parts.reduce((sum, part) => sum + part.scores.length, 0);
  const result: TopItems = {
    queries: new Uint32Array(total),
    itemIndices: new Uint32Array(total),
    scores: new Float32Array(total),
    ranks: new Uint32Array(total),
  };
  let at = 0;
  for (const part of parts) {
    for (const column of ['queries', 'itemIndices', 'scores', 'ranks'] as const) result[column].set(part[column], at);
    at += part.scores.length;
  }
  return result;
}

/**
 * The k best items of known users, chunk by chunk, so that any number of users can be scored in little memory.
 * @param users (n) user indices.
 */
export function* recommendChunks(
  data: ModelData,
  users: Uint32Array,
  options: { k: number; excludeSeen: boolean; candidates?: Uint8Array | undefined },
): Generator<TopItems> {
  const { dim, userFactors, userBiases } = servingFactors(data);
  const step = Math.max(1, Math.min(chunkUsers, Math.floor(chunkResults / options.k)));
  for (let first = 0; first < users.length; first += step) {
    const chunk = users.subarray(first, first + step);
    const factors = new Float32Array(chunk.length * dim);
    for (const [q, user] of chunk.entries()) factors.set(userFactors.subarray(user * dim, (user + 1) * dim), q * dim);
    const queries: Queries = {
      count: chunk.length,
      factors,
      biases: Float32Array.from(chunk, (user) => userBiases[user] as number),
      exclude: options.excludeSeen ? seenOf(data, chunk) : undefined,
    };
    yield rank(data, queries, options.k, options.candidates, first);
  }
}

function seenOf({ seen }: ModelData, users: Uint32Array): { offsets: Uint32Array; items: Uint32Array } {
  const offsets = new Uint32Array(users.length + 1);
  for (const [q, user] of users.entries()) offsets[q + 1] = (offsets[q] as number) + seen.itemsOf(user).length;
  const items = new Uint32Array(offsets[users.length] as number);
  for (const [q, user] of users.entries()) items.set(seen.itemsOf(user), offsets[q]);
  return { offsets, items };
}

function historyOf(data: ModelData, options: RecommendOptions): readonly HistoryEntry[] {
  if (options.titles === undefined) return options.history as readonly HistoryEntry[];
  if (!Array.isArray(options.titles)) throw typeError('titles', 'an array of titles', options.titles);
  return options.titles.map((title: string) => ({ item: data.items.id(findTitle(data, title)) }));
}

/**
 * The k best items for known users, or for a user given by a history or by titles.
 *
 * Scores are predicted ratings; popularity's are counts. Seen items (of a history: its own) are left out before
 * selection, so exactly min(k, available) items a user come back. Equal scores stand in order of the item's index.
 *
 * @throws TypeError, RangeError for wrong options; DataError for an unknown user, item or title.
 */
export function recommend(data: ModelData, options: RecommendOptions): Recommendations {
  expectKnownKeys('recommend', options, optionNames);
  const given = (['users', 'history', 'titles'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) throw typeError('recommend', 'given exactly one of `users`, `history`, `titles`', given);
  const k = Math.min(expectInt('k', options.k ?? 10, { min: 1 }), data.items.size);
  const excludeSeen = expectBoolean('excludeSeen', options.excludeSeen ?? true);
  const method = expectOneOf('foldIn', options.foldIn ?? 'solve', ['solve', 'sum']);
  if (options.users !== undefined) {
    if (!Array.isArray(options.users)) throw typeError('users', 'an array of user ids', options.users);
    const users = Uint32Array.from(options.users, (id: Id) => data.users.expectIndex(id, 'user'));
    const candidates = candidateMask(data, options);
    const parts = [...recommendChunks(data, users, { k, excludeSeen, candidates })];
    return new Recommendations(data, concat(parts), users);
  }
  const user = foldIn(data, historyOf(data, options), method);
  const candidates = candidateMask(data, options, excludeSeen ? user.items : []);
  const queries: Queries = { count: 1, factors: user.factors, biases: Float32Array.of(user.bias), exclude: undefined };
  return new Recommendations(data, rank(data, queries, k, candidates, 0), undefined);
}
