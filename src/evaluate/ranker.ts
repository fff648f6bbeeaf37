import type { ItemLists } from '../recommend/history.js';
import type { TestSet } from './test-set.js';

/** Many users, and what of the catalogue is ranked for them. */
export interface RankQuery {
  users: Uint32Array;
  /** Items not to list: (users + 1) and (excluded), ascending within a user. */
  exclude: ItemLists;
  /** (numItems) 0 where an item may not be listed. */
  candidates: Uint8Array;
}

/** How items are ordered for users: best first, equal scores by lower index. Rejects with the signal's reason. */
export interface Ranker {
  /** Numbers that a user takes in the buffers of a call, beside his items and results. */
  readonly dim: number;
  /** (users, k) item indices, filled up with UNKNOWN. */
  rank(query: RankQuery & { k: number }, signal: AbortSignal): Promise<Uint32Array>;
  /** (users) the rank, from 1, of the first of a user's targets, all of which may be listed; none is in his first `listed`. */
  rankFirst(query: RankQuery & { targets: ItemLists; listed: number }, signal: AbortSignal): Promise<Uint32Array>;
  /** The items, ascending as given, in order of their scores. */
  rankAmong(user: number, items: Uint32Array): Uint32Array;
}

/** One user's list as the metrics see it. */
export interface RankedUser {
  /** Position in `TestSet.users`. */
  ordinal: number;
  /** Items, best first: at least as many as metrics look at, or all candidates where they are fewer. */
  list: Uint32Array;
  /** Ranks of the relevant items in the list, from 1, ascending. */
  ranks: readonly number[];
  relevant: number;
}

/** Takes what a ranking of all users finds. */
export interface RankingVisitor {
  visit(user: RankedUser): void;
  /** The rank of the first relevant item of a user who had none in the list of `visit`. */
  visitLate(ordinal: number, rank: number): void;
}

/** View of the relevant items of a user. */
export function relevantOf({ relevantItems, relevantOffsets }: TestSet, ordinal: number): Uint32Array {
  return relevantItems.subarray(relevantOffsets[ordinal], relevantOffsets[ordinal + 1]);
}
