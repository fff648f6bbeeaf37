import { setImmediate } from 'node:timers/promises';
import { UNKNOWN } from '../recommend/predict.js';
import { type Candidates, relevantOf } from './candidates.js';
import type { TestSet } from './test-set.js';

/** Exact top-k of a model over dense indices. */
export interface RankQuery {
  users: Uint32Array;
  k: number;
  /** (users + 1) and (excluded), ascending within a user. */
  excludeOffsets: Uint32Array;
  excludeItems: Uint32Array;
  /** (numItems) 0 where an item may not be listed. */
  candidates: Uint8Array;
}

/** (users, k) item indices, best first, ties by lower index, filled with UNKNOWN. */
export type Rank = (query: RankQuery) => Uint32Array;

/** One user's list as the metrics see it. */
export interface RankedUser {
  /** Position in `TestSet.users`. */
  ordinal: number;
  /** Items, best first: k of them, or all candidates where they are fewer. */
  list: Uint32Array;
  /** Ranks of the relevant items in the list, from 1, ascending. */
  ranks: readonly number[];
  relevant: number;
}

export interface RankUsersOptions {
  k: number;
  numItems: number;
  dim: number;
  /** Whether ranks of first hits below place k are looked for. */
  fullRanking: boolean;
  signal: AbortSignal | undefined;
  onUser: (user: RankedUser) => void;
  /** Users without a hit in their list, with the rank of the first relevant item in the full ranking. */
  onLateHit: (ordinal: number, rank: number) => void;
}

/** Numbers in the buffers of one call. */
const BUFFER = 2 ** 22;
/** Multiplications of one call: some 20 ms, after which the event loop gets its turn. */
const WORK = 2 ** 32;
/** A ranking without a hit is asked for again with so many times more places. */
const WIDENING = 16;

/**
 * Ranks the candidates for each user of a test set, in chunks of bounded memory, in the order of `TestSet.users`.
 *
 * The full ranking of a user is never built where a shorter one will do: the rank of the first relevant item is read
 * from the longest list, and users without a hit there get longer ones until all candidates are listed.
 */
export async function rankUsers(
  set: TestSet,
  candidates: Candidates,
  rank: Rank,
  options: RankUsersOptions,
): Promise<void> {
  const { numItems, signal } = options;
  /** (numItems) the user, as ordinal + 1, to whom an item was last marked as relevant. */
  const relevantTo = new Uint32Array(numItems);

  const rankEach = async (
    pending: Uint32Array,
    k: number,
    visit: (ordinal: number, list: Uint32Array, relevant: Uint32Array) => void,
  ): Promise<void> => {
    for (const ordinals of chunks(pending, k, candidates, options)) {
      signal?.throwIfAborted();
      const { offsets, items } = candidates.exclusions(ordinals);
      const users = Uint32Array.from(ordinals, (ordinal) => set.users[ordinal] as number);
      const lists = rank({ users, k, excludeOffsets: offsets, excludeItems: items, candidates: candidates.trained });
      for (let i = 0; i < ordinals.length; i++) {
        const ordinal = ordinals[i] as number;
        const relevant = relevantOf(set, ordinal);
        for (const item of relevant) relevantTo[item] = ordinal + 1;
        visit(ordinal, filledPart(lists.subarray(i * k, (i + 1) * k)), relevant);
      }
      await setImmediate();
    }
  };

  let k = Math.min(options.k, numItems);
  let missed: number[] = [];
  await rankEach(
    set.users.map((_, ordinal) => ordinal),
    k,
    (ordinal, list, relevant) => {
      const ranks: number[] = [];
      for (let i = 0; i < list.length; i++) if (relevantTo[list[i] as number] === ordinal + 1) ranks.push(i + 1);
      options.onUser({ ordinal, list, ranks, relevant: relevant.length });
      if (ranks.length === 0 && list.length === k) missed.push(ordinal);
    },
  );
  while (options.fullRanking && missed.length > 0 && k < numItems) {
    const pending = Uint32Array.from(missed);
    missed = [];
    k = Math.min(k * WIDENING, numItems);
    await rankEach(pending, k, (ordinal, list) => {
      let first = 0;
      while (first < list.length && relevantTo[list[first] as number] !== ordinal + 1) first++;
      if (first < list.length) options.onLateHit(ordinal, first + 1);
      else if (list.length === k) missed.push(ordinal);
    });
  }
}

function* chunks(
  ordinals: Uint32Array,
  k: number,
  { maxExclusions }: Candidates,
  { numItems, dim }: RankUsersOptions,
): Generator<Uint32Array> {
  const size = Math.max(1, Math.floor(Math.min(BUFFER / (k + maxExclusions + dim), WORK / (numItems * (dim + 16)))));
  for (let begin = 0; begin < ordinals.length; begin += size) yield ordinals.subarray(begin, begin + size);
}

/** The row without the UNKNOWN that fill it up. */
function filledPart(row: Uint32Array): Uint32Array {
  let end = row.length;
  while (end > 0 && row[end - 1] === UNKNOWN) end--;
  return row.subarray(0, end);
}
