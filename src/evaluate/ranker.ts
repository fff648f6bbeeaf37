import type { TestSet } from './test-set.js';

/** Top-k of many users over the whole catalogue. */
export interface RankQuery {
  users: Uint32Array;
  k: number;
  /** (users + 1) and (excluded), ascending within a user. */
  excludeOffsets: Uint32Array;
  excludeItems: Uint32Array;
  /** (numItems) 0 where an item may not be listed. */
  candidates: Uint8Array;
}

/** How a model orders items: best first, equal scores by lower index. */
export interface Ranker {
  /** Width of the factors; how much work a ranking is. */
  readonly dim: number;
  /** (users, k) item indices, filled up with UNKNOWN. */
  rank(query: RankQuery): Uint32Array;
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
