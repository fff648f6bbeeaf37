import type { HistoryEntry, RecommendOptions } from '../types.js';
import type { ItemLists } from './history.js';
import type { TopKResult } from './select-top-k.js';

/** What of the catalogue a search may list. */
export interface SearchOptions {
  k: number;
  /** Items not to list, ascending for each user; undefined: none. */
  exclude?: ItemLists | undefined;
  /** (numItems) non-zero where an item may be listed; undefined: all. */
  candidates?: Uint8Array | undefined;
  /** Default: as many as the machine runs at once. */
  threads?: number | undefined;
  /** GPU to search on; undefined: the processor. */
  device?: number | undefined;
}

/** Some users, ready to have the items of a model ranked for them. */
export interface UserSearch {
  /** How many users. */
  readonly count: number;
  /** Their best items, with raw scores. Blocks until done. */
  run(options: SearchOptions): TopKResult;
  /** The same off the event loop. Rejects with the signal's reason. */
  start(options: SearchOptions, signal?: AbortSignal): Promise<TopKResult>;
  /** All of these items, ascending as given, in order of their scores for the first user; equal ones by lower index. */
  sort(items: Uint32Array): Uint32Array;
  /** A raw score of a user (from 0) as results show it: a rating, a count, a cosine. */
  shown(user: number, score: number): number;
}

/** Users given by histories. */
export interface HistorySearch {
  search: UserSearch;
  lists: ItemLists;
}

/** A score as a sum over the items of a history, and what it is without them. */
export interface Terms {
  items: Uint32Array;
  terms: Float64Array;
  base: number;
}

/** How likely each rating is. */
export interface RatingDistribution {
  /** (ratings) the distinct ones of training, ascending */
  values: Float64Array;
  /** (pairs, ratings), each row with sum 1 */
  probabilities: Float32Array;
}

/** How a kind of parameters ranks and scores. Indices are in range when these are called. */
export interface Serving {
  /** Multiplications that a score takes. */
  readonly dim: number;
  /** @param users (n) indices */
  forUsers(users: Uint32Array): UserSearch;
  /** Users first ... end - 1. */
  forRange(first: number, end: number): UserSearch;
  /** TypeError, RangeError for a history or a method that does not suit the model; DataError for an unknown item. */
  forHistories(histories: readonly (readonly HistoryEntry[])[], method: RecommendOptions['foldIn']): HistorySearch;
  /**
   * Scores of pairs as results show them; index 0xffffffff stands for an unknown user or item.
   * @param users (n)
   * @param items (n)
   * @param times (n) unix seconds, NaN for none: of models that know the moments of users.
   * @returns (n)
   */
  scorePairs(users: Uint32Array, items: Uint32Array, times?: Float64Array): Float32Array;
  /** The probability of each rating of pairs as in scorePairs. Undefined where a score is no distribution. */
  readonly distributionOf?: (users: Uint32Array, items: Uint32Array, times?: Float64Array) => RatingDistribution;
  /**
   * What each item of a user's history adds to the score of an item. RangeError where scores are no such sums. Throws as
   * forHistories does.
   * @param user an index, or a history
   */
  termsOf(user: number | readonly HistoryEntry[], item: number): Terms;
}
