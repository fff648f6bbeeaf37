import type { Id } from '../dataset/vocabulary.js';
import { expectBoolean, expectInt, expectKnownKeys, expectOneOf, rangeError, typeError } from '../options.js';
import type { HistoryEntry, ModelData, RecommendOptions } from '../types.js';
import { candidateMask } from './candidates.js';
import { findTitle } from './metadata.js';
import { seenOf, type TopItems, topItems, usersAtOnce } from './rank-users.js';
import { Recommendations } from './ranked-items.js';
import { servingOf } from './serving-of.js';

const ways = ['users', 'history', 'histories', 'titles'] as const;
const optionNames = [...ways, 'k', 'excludeSeen', 'excludeItems', 'candidateItems', 'foldIn'];
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

function historiesOf(
  data: ModelData,
  { history, histories, titles }: RecommendOptions,
): readonly (readonly HistoryEntry[])[] {
  if (history !== undefined) return [history];
  if (histories !== undefined) {
    if (!Array.isArray(histories)) throw typeError('histories', 'an array of histories', histories);
    if (histories.length === 0) throw rangeError('histories', 'at least one history', histories);
    return histories;
  }
  if (!Array.isArray(titles)) throw typeError('titles', 'an array of titles', titles);
  return [titles.map((title: string) => ({ item: data.items.id(findTitle(data, title)) }))];
}

/** The same for users given by histories. */
function* historyChunks(
  data: ModelData,
  histories: readonly (readonly HistoryEntry[])[],
  options: { k: number; excludeSeen: boolean; candidates?: Uint8Array | undefined; foldIn: RecommendOptions['foldIn'] },
): Generator<TopItems> {
  const { k, excludeSeen, candidates, foldIn } = options;
  const step = usersAtOnce(k, chunkUsers);
  for (let first = 0; first < histories.length; first += step) {
    const { search, lists } = servingOf(data).forHistories(histories.slice(first, first + step), foldIn);
    yield topItems(search, search.run({ k, exclude: excludeSeen ? lists : undefined, candidates }), { k, first });
  }
}

/**
 * The k best items for known users, or for users given by histories or by titles.
 *
 * Scores are predicted ratings; popularity's are counts, those of item vectors cosines, of item weights their sums. Seen items (of a history: its own) are left out before
 * selection, so exactly min(k, available) items a user come back. Equal scores stand in order of the item's index.
 *
 * @throws TypeError, RangeError for wrong options; DataError for an unknown user, item or title.
 */
export function recommend(data: ModelData, options: RecommendOptions): Recommendations {
  expectKnownKeys('recommend', options, optionNames);
  const given = ways.filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    throw typeError('recommend', 'given exactly one of `users`, `history`, `histories`, `titles`', given);
  }
  const k = Math.min(expectInt('k', options.k ?? 10, { min: 1 }), data.items.size);
  const excludeSeen = expectBoolean('excludeSeen', options.excludeSeen ?? true);
  const foldIn = options.foldIn === undefined ? undefined : expectOneOf('foldIn', options.foldIn, ['solve', 'sum']);
  if (options.users === undefined) {
    const histories = historiesOf(data, options);
    const candidates = candidateMask(data, options);
    const parts = [...historyChunks(data, histories, { k, excludeSeen, candidates, foldIn })];
    return new Recommendations(data, concat(parts), undefined);
  }
  if (!Array.isArray(options.users)) throw typeError('users', 'an array of user ids', options.users);
  const users = Uint32Array.from(options.users, (id: Id) => data.users.expectIndex(id, 'user'));
  const candidates = candidateMask(data, options);
  const parts = [...recommendChunks(data, users, { k, excludeSeen, candidates })];
  return new Recommendations(data, concat(parts), users);
}
