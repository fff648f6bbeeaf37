import type { ModelData } from '../types.js';
import { type ItemLists, listItems } from './history.js';
import type { TopKResult } from './select-top-k.js';
import type { UserSearch } from './serving.js';

/** Results at most that one search of many users makes: bounds its memory where k is large. */
const mostResults = 4_000_000;

/** How many users to rank at once, at most `wanted`. */
export function usersAtOnce(k: number, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(mostResults / k)));
}

/** Results of `k` a query without the empty places. */
export interface TopItems {
  queries: Uint32Array;
  itemIndices: Uint32Array;
  scores: Float32Array;
  ranks: Uint32Array;
}

/** The items that each user has in training: (users + 1) and (items). */
export function seenOf({ seen }: ModelData, users: Uint32Array): ItemLists {
  return listItems(Array.from(users, (user) => seen.itemsOf(user)));
}

/** What a search found, with scores as they are shown. `first` is the number that its first user bears in the result. */
export function topItems(search: UserSearch, top: TopKResult, { k, first }: { k: number; first: number }): TopItems {
  const total = top.counts.reduce((sum, count) => sum + count, 0);
  const result: TopItems = {
    queries: new Uint32Array(total),
    itemIndices: new Uint32Array(total),
    scores: new Float32Array(total),
    ranks: new Uint32Array(total),
  };
  let at = 0;
  for (let q = 0; q < search.count; q++) {
    for (let n = 0; n < (top.counts[q] as number); n++) {
      result.queries[at] = first + q;
      result.itemIndices[at] = top.indices[q * k + n] as number;
      result.scores[at] = search.shown(q, top.scores[q * k + n] as number);
      result.ranks[at++] = n + 1;
    }
  }
  return result;
}
