import { setImmediate } from 'node:timers/promises';
import type { Interactions } from '../dataset/interactions.js';
import { UNKNOWN } from '../recommend/unknown.js';
import { type Ranker, type RankingVisitor, relevantOf } from './ranker.js';
import type { TestSet } from './test-set.js';

export interface RankAllOptions {
  /** Training interactions: their items are not offered to their users. */
  seen: Interactions;
  /** (numItems) 1 for the items to rank. */
  candidates: Uint8Array;
  /** Length of the lists to visit. */
  k: number;
  /** Whether first hits below place k are looked for, too. */
  fullRanking: boolean;
  signal: AbortSignal | undefined;
}

/** Numbers in the buffers of one call. */
const BUFFER = 2 ** 22;
/** Multiplications of one call: some 50 ms on two cores, after which the event loop gets its turn. */
const WORK = 2 ** 32;
/** A ranking without a hit is asked for again with so many times more places. */
const WIDENING = 16;

/**
 * Ranks the candidates that each user of a test set has not seen, in chunks of bounded memory, in the order of
 * `TestSet.users`.
 *
 * The full ranking of a user is never built where a shorter one will do: the rank of the first relevant item is read
 * from the list of k, and users without a hit there get longer ones until all candidates are listed.
 */
export async function rankAll(
  set: TestSet,
  ranker: Ranker,
  visitor: RankingVisitor,
  { seen, candidates, k: visited, fullRanking, signal }: RankAllOptions,
): Promise<void> {
  const numItems = candidates.length;
  /** (numItems) the user, as ordinal + 1, to whom an item was last marked as relevant. */
  const relevantTo = new Uint32Array(numItems);
  let k = Math.min(visited, numItems);

  const rankEach = async (
    pending: Uint32Array,
    take: (ordinal: number, list: Uint32Array, relevant: number) => void,
  ): Promise<void> => {
    for (const ordinals of chunks(set, pending, seen, k, ranker.dim)) {
      signal?.throwIfAborted();
      const users = Uint32Array.from(ordinals, (ordinal) => set.users[ordinal] as number);
      const { offsets, items } = seenBy(users, seen);
      const lists = ranker.rank({ users, k, excludeOffsets: offsets, excludeItems: items, candidates });
      for (let i = 0; i < ordinals.length; i++) {
        const ordinal = ordinals[i] as number;
        const relevant = relevantOf(set, ordinal);
        for (const item of relevant) relevantTo[item] = ordinal + 1;
        take(ordinal, filledPart(lists.subarray(i * k, (i + 1) * k)), relevant.length);
      }
      await setImmediate();
    }
  };

  let missed: number[] = [];
  const everyone = set.users.map((_, ordinal) => ordinal);
  await rankEach(everyone, (ordinal, list, relevant) => {
    const ranks: number[] = [];
    for (let i = 0; i < list.length; i++) if (relevantTo[list[i] as number] === ordinal + 1) ranks.push(i + 1);
    visitor.visit({ ordinal, list, ranks, relevant });
    if (ranks.length === 0 && list.length === k) missed.push(ordinal);
  });
  while (fullRanking && missed.length > 0 && k < numItems) {
    const pending = Uint32Array.from(missed);
    missed = [];
    k = Math.min(k * WIDENING, numItems);
    await rankEach(pending, (ordinal, list) => {
      let first = 0;
      while (first < list.length && relevantTo[list[first] as number] !== ordinal + 1) first++;
      if (first < list.length) visitor.visitLate(ordinal, first + 1);
      else if (list.length === k) missed.push(ordinal);
    });
  }
}

/** As many users at a time as the limits of buffers and work allow, at least one. */
function* chunks(
  { users }: TestSet,
  ordinals: Uint32Array,
  seen: Interactions,
  k: number,
  dim: number,
): Generator<Uint32Array> {
  const most = Math.max(1, Math.floor(WORK / (seen.numItems * (dim + 16))));
  let begin = 0;
  let numbers = 0;
  for (let i = 0; i < ordinals.length; i++) {
    const needed = k + dim + seen.itemsOf(users[ordinals[i] as number] as number).length;
    if (i > begin && (i - begin === most || numbers + needed > BUFFER)) {
      yield ordinals.subarray(begin, i);
      begin = i;
      numbers = 0;
    }
    numbers += needed;
  }
  if (begin < ordinals.length) yield ordinals.subarray(begin);
}

/** The items that each user has in training: (users + 1) and (items). */
function seenBy(users: Uint32Array, seen: Interactions): { offsets: Uint32Array; items: Uint32Array } {
  const offsets = new Uint32Array(users.length + 1);
  for (let i = 0; i < users.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + seen.itemsOf(users[i] as number).length;
  }
  const items = new Uint32Array(offsets[users.length] as number);
  for (let i = 0; i < users.length; i++) items.set(seen.itemsOf(users[i] as number), offsets[i]);
  return { offsets, items };
}

/** The row without the UNKNOWN that fill it up. */
function filledPart(row: Uint32Array): Uint32Array {
  let end = row.length;
  while (end > 0 && row[end - 1] === UNKNOWN) end--;
  return row.subarray(0, end);
}
