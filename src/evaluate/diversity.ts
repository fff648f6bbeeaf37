import { setImmediate } from 'node:timers/promises';
import type { Catalogue } from './catalogue.js';

type Columns = Pick<Catalogue, 'seen' | 'counts'>;

/** Additions after which the event loop gets its turn. */
const TURN = 2 ** 22;
/** Items at most whose pairs are all counted: 64 MiB of counts. */
const PAIRED_ITEMS = 4096;

/**
 * Intra-list diversity (Ziegler et al. 2005; Vargas and Castells 2011): the mean over the pairs of a list of the distance
 * of two items. Here the distance is 1 - c(i, j) / sqrt(c(i) c(j)) with c the number of training users who have the item,
 * or both: one minus the cosine of the items' columns, which is the same whatever model made the list.
 *
 * Lists of a few thousand popular items share most pairs, which are then counted once over all users; lists of rare items
 * take as many additions as these have users. Both give the same up to rounding.
 * @param lists of items with a training interaction.
 * @returns (lists) NaN for a list of fewer than two items.
 */
export async function listDiversity(
  lists: readonly Uint32Array[],
  columns: Columns,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const listed = [...new Set(lists.flatMap((list) => [...list]))].sort((a, b) => a - b);
  const places = new Int32Array(columns.counts.length).fill(-1);
  for (const [place, item] of listed.entries()) places[item] = place;
  const turns = new Turns(signal);
  const ofLists = 2 * lists.reduce((sum, list) => sum + usersOf(list, columns), 0);
  const isPaired = listed.length <= PAIRED_ITEMS && (await pairsOfUsers(places, columns, turns)) < ofLists;
  const sums = isPaired
    ? await sumCountedPairs(lists, listed.length, places, columns, turns)
    : await sumColumns(lists, places, columns, turns);
  return sums.map((sum, n) => {
    const size = (lists[n] as Uint32Array).length;
    return size < 2 ? Number.NaN : 1 - sum / ((size * (size - 1)) / 2);
  });
}

const usersOf = (list: Uint32Array, { counts }: Columns): number =>
  list.reduce((sum, item) => sum + (counts[item] as number), 0);

/** Pairs of listed items that users have, over all users. */
async function pairsOfUsers(places: Int32Array, { seen }: Columns, turns: Turns): Promise<number> {
  let pairs = 0;
  for (let user = 0; user < seen.numUsers; user++) {
    let size = 0;
    const begin = seen.offsets[user] as number;
    const end = seen.offsets[user + 1] as number;
    if (turns.isDue(end - begin)) await turns.take();
    for (let at = begin; at < end; at++) {
      if ((places[seen.items[at] as number] as number) >= 0) size++;
    }
    pairs += (size * (size - 1)) / 2;
  }
  return pairs;
}

/** (lists) the sum of the cosines of all pairs, from the counts of all pairs of listed items. */
async function sumCountedPairs(
  lists: readonly Uint32Array[],
  size: number,
  places: Int32Array,
  { seen, counts }: Columns,
  turns: Turns,
): Promise<Float64Array> {
  /** (size, size) users who have both, where the row's place is the lower. */
  const both = new Uint32Array(size * size);
  const own = new Uint32Array(size);
  for (let user = 0; user < seen.numUsers; user++) {
    let found = 0;
    const end = seen.offsets[user + 1] as number;
    // Items ascend, and so do their places.
    for (let at = seen.offsets[user] as number; at < end; at++) {
      const place = places[seen.items[at] as number] as number;
      if (place >= 0) own[found++] = place;
    }
    for (let i = 0; i < found; i++) {
      const row = (own[i] as number) * size;
      for (let j = i + 1; j < found; j++) {
        const pair = row + (own[j] as number);
        both[pair] = (both[pair] as number) + 1;
      }
    }
    if (turns.isDue((found * found) / 2)) await turns.take();
  }
  const sums = new Float64Array(lists.length);
  for (const [n, list] of lists.entries()) {
    const sorted = list.slice().sort();
    let sum = 0;
    for (let i = 0; i < sorted.length; i++) {
      const item = sorted[i] as number;
      const row = (places[item] as number) * size;
      for (let j = i + 1; j < sorted.length; j++) {
        const other = sorted[j] as number;
        const count = both[row + (places[other] as number)] as number;
        sum += count / Math.sqrt((counts[item] as number) * (counts[other] as number));
      }
    }
    sums[n] = sum;
    if (turns.isDue(sorted.length ** 2 / 2)) await turns.take();
  }
  return sums;
}

/** (lists) the same, as (|sum of x(i)|^2 - n) / 2 with x(i) the columns at length 1. */
async function sumColumns(
  lists: readonly Uint32Array[],
  places: Int32Array,
  columns: Columns,
  turns: Turns,
): Promise<Float64Array> {
  const { seen, counts } = columns;
  const { begins, users } = await gatherUsers(places, columns, turns);
  const sums = new Float64Array(lists.length);
  const total = new Float64Array(seen.numUsers);
  for (const [n, list] of lists.entries()) {
    let squares = 0;
    for (let i = 0; i < list.length; i++) {
      const begin = begins[list[i] as number] as number;
      const end = begin + (counts[list[i] as number] as number);
      const share = 1 / Math.sqrt(end - begin);
      // |t + x|^2 - |t|^2 is the sum of x (2 t + x).
      for (let at = begin; at < end; at++) {
        const user = users[at] as number;
        squares += share * (2 * (total[user] as number) + share);
        total[user] = (total[user] as number) + share;
      }
    }
    for (let i = 0; i < list.length; i++) {
      const begin = begins[list[i] as number] as number;
      const end = begin + (counts[list[i] as number] as number);
      for (let at = begin; at < end; at++) total[users[at] as number] = 0;
    }
    sums[n] = (squares - list.length) / 2;
    if (turns.isDue(2 * usersOf(list, columns))) await turns.take();
  }
  return sums;
}

/** The users of the listed items alone: of all items they would take as much memory as the interactions again. */
async function gatherUsers(
  places: Int32Array,
  { seen, counts }: Columns,
  turns: Turns,
): Promise<{ begins: Uint32Array; users: Uint32Array }> {
  const begins = new Uint32Array(counts.length);
  let total = 0;
  for (let item = 0; item < counts.length; item++) {
    begins[item] = total;
    if ((places[item] as number) >= 0) total += counts[item] as number;
  }
  const next = begins.slice();
  const users = new Uint32Array(total);
  for (let user = 0; user < seen.numUsers; user++) {
    const begin = seen.offsets[user] as number;
    const end = seen.offsets[user + 1] as number;
    if (turns.isDue(end - begin)) await turns.take();
    for (let at = begin; at < end; at++) {
      const item = seen.items[at] as number;
      if ((places[item] as number) < 0) continue;
      users[next[item] as number] = user;
      next[item] = (next[item] as number) + 1;
    }
  }
  return { begins, users };
}

/** Gives the event loop its turn after some work, and ends it with the signal's reason. */
class Turns {
  readonly #signal: AbortSignal | undefined;
  #work = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  isDue(work: number): boolean {
    this.#work += work;
    return this.#work > TURN;
  }

  async take(): Promise<void> {
    this.#work = 0;
    await setImmediate();
    this.#signal?.throwIfAborted();
  }
}
