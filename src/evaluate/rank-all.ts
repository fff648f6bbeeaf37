import { setImmediate } from 'node:timers/promises';
import type { Interactions } from '../dataset/interactions.js';
import type { ItemLists } from '../recommend/history.js';
import { oneAhead } from '../recommend/one-ahead.js';
import { UNKNOWN } from '../recommend/unknown.js';
import { type Ranker, type RankingVisitor, type RankQuery, relevantOf } from './ranker.js';
import type { TestSet } from './test-set.js';

export interface RankAllOptions {
  /** Interactions whose items are not offered to their users. */
  seen: Interactions;
  /** (numItems) 1 for the items to rank. */
  candidates: Uint8Array;
  /** Length of the lists to visit. */
  k: number;
  /** Whether first hits below place k are looked for, too. */
  fullRanking: boolean;
  signal: AbortSignal | undefined;
}

/** Users of one call: enough to keep all threads busy. */
const USERS = 4096;
/** Numbers in the buffers of one call. */
const BUFFER = 2 ** 22;
/** Visits after which the event loop gets its turn. */
const TURN = 512;

/**
 * Ranks the candidates that each user of a test set has not seen, in chunks of bounded memory, in the order of
 * `TestSet.users`; one chunk is ranked while the one before is visited.
 *
 * No user's full ranking is built: a first relevant item beyond place k is found by counting what scores better.
 */
export async function rankAll(
  set: TestSet,
  ranker: Ranker,
  visitor: RankingVisitor,
  { seen, candidates, k: visited, fullRanking, signal }: RankAllOptions,
): Promise<void> {
  const k = Math.min(visited, candidates.length);
  const queryOf = (ordinals: Uint32Array): RankQuery => {
    const users = ordinals.map((ordinal) => set.users[ordinal] as number);
    return { users, exclude: gather(users, (user) => seen.itemsOf(user)), candidates };
  };
  const eachChunk = <T>(
    ordinals: Uint32Array,
    compute: (chunk: Uint32Array, stop: AbortSignal) => Promise<T>,
  ): AsyncGenerator<{ chunk: Uint32Array; result: T }> =>
    oneAhead(
      chunks(set, ordinals, seen, k + ranker.dim),
      async (chunk, stop) => ({ chunk, result: await compute(chunk, stop) }),
      signal,
    );

  /** (numItems) the user, as ordinal + 1, to whom an item was last marked as relevant. */
  const relevantTo = new Uint32Array(candidates.length);
  const missed: number[] = [];
  const everyone = set.users.map((_, ordinal) => ordinal);
  const lists = eachChunk(everyone, (chunk, stop) => ranker.rank({ ...queryOf(chunk), k }, stop));
  for await (const { chunk, result } of lists) {
    for (let i = 0; i < chunk.length; i++) {
      if (i % TURN === TURN - 1) await setImmediate();
      const ordinal = chunk[i] as number;
      const relevant = relevantOf(set, ordinal);
      for (let n = 0; n < relevant.length; n++) relevantTo[relevant[n] as number] = ordinal + 1;
      const list = filledPart(result.subarray(i * k, (i + 1) * k));
      const ranks: number[] = [];
      for (let n = 0; n < list.length; n++) if (relevantTo[list[n] as number] === ordinal + 1) ranks.push(n + 1);
      visitor.visit({ ordinal, list, ranks, relevant: relevant.length });
      if (ranks.length === 0 && list.length === k) missed.push(ordinal);
    }
  }
  if (!fullRanking) return;
  const first = eachChunk(Uint32Array.from(missed), (chunk, stop) => {
    const targets = gather(chunk, (ordinal) => relevantOf(set, ordinal));
    return ranker.rankFirst({ ...queryOf(chunk), targets, listed: k }, stop);
  });
  for await (const { chunk, result } of first) {
    for (let i = 0; i < chunk.length; i++) {
      if (result[i] !== 0) visitor.visitLate(chunk[i] as number, result[i] as number);
    }
  }
}

/** As many users at a time as the limits allow, at least one. `numbers`: of a user, beside those of his items. */
function* chunks(
  { users }: TestSet,
  ordinals: Uint32Array,
  seen: Interactions,
  numbers: number,
): Generator<Uint32Array> {
  let begin = 0;
  let taken = 0;
  for (let i = 0; i < ordinals.length; i++) {
    const needed = numbers + seen.itemsOf(users[ordinals[i] as number] as number).length;
    if (i > begin && (i - begin === USERS || taken + needed > BUFFER)) {
      yield ordinals.subarray(begin, i);
      begin = i;
      taken = 0;
    }
    taken += needed;
  }
  if (begin < ordinals.length) yield ordinals.subarray(begin);
}

/** The items of some rows, behind one another. */
function gather(rows: Uint32Array, itemsOf: (row: number) => Uint32Array): ItemLists {
  const offsets = new Uint32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + itemsOf(rows[i] as number).length;
  }
  const items = new Uint32Array(offsets[rows.length] as number);
  for (let i = 0; i < rows.length; i++) items.set(itemsOf(rows[i] as number), offsets[i]);
  return { offsets, items };
}

/** The row without the UNKNOWN that fill it up. */
function filledPart(row: Uint32Array): Uint32Array {
  let end = row.length;
  while (end > 0 && row[end - 1] === UNKNOWN) end--;
  return row.subarray(0, end);
}
