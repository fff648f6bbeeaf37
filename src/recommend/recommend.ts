import type { Id } from '../dataset/vocabulary.js';
import { expectBoolean, expectInt, expectKnownKeys, expectOneOf, typeError } from '../options.js';
import type { HistoryEntry, ModelData, RecommendOptions } from '../types.js';
import { candidateMask } from './candidates.js';
import { findTitle } from './metadata.js';
import { seenOf, type TopItems, topItems, usersAtOnce } from './rank-users.js';
import { Recommendations } from './ranked-items.js';
import { servingOf } from './serving-of.js';

const optionNames = ['users', 'history', 'titles', 'k', 'excludeSeen', 'excludeItems', 'candidateItems', 'foldIn'];
const chunkUsers = 8192;

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
  const { k, excludeSeen, candidates } = options;
  const step = usersAtOnce(k, chunkUsers);
  for (let first = 0; first < users.length; first += step) {
    const chunk = users.subarray(first, first + step);
    const search = servingOf(data).forUsers(chunk);
    const exclude = excludeSeen ? seenOf(data, chunk) : undefined;
    yield topItems(search, search.run({ k, exclude, candidates }), { k, first });
  }
}

function historyOf(data: ModelData, options: RecommendOptions): readonly HistoryEntry[] {
  if (options.titles === undefined) return options.history as readonly HistoryEntry[];
  if (!Array.isArray(options.titles)) throw typeError('titles', 'an array of titles', options.titles);
  return options.titles.map((title: string) => ({ item: data.items.id(findTitle(data, title)) }));
}

/**
 * The k best items for known users, or for a user given by a history or by titles.
 *
 * Scores are predicted ratings; popularity's are counts, those of item vectors cosines, of item weights their sums. Seen items (of a history: its own) are left out before
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
  const method = options.foldIn === undefined ? undefined : expectOneOf('foldIn', options.foldIn, ['solve', 'sum']);
  if (options.users !== undefined) {
    if (!Array.isArray(options.users)) throw typeError('users', 'an array of user ids', options.users);
    const users = Uint32Array.from(options.users, (id: Id) => data.users.expectIndex(id, 'user'));
    const candidates = candidateMask(data, options);
    const parts = [...recommendChunks(data, users, { k, excludeSeen, candidates })];
    return new Recommendations(data, concat(parts), users);
  }
  const { search, items } = servingOf(data).forHistory(historyOf(data, options), method);
  const candidates = candidateMask(data, options, excludeSeen ? items : []);
  return new Recommendations(data, topItems(search, search.run({ k, candidates }), { k, first: 0 }), undefined);
}
