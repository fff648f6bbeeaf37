import { setImmediate } from 'node:timers/promises';
import type { Catalogue } from './catalogue.js';

/** Training users of some items. */
interface UsersOfItems {
  /** (numItems) which of the item's users come first, where the item is one of them. */
  begins: Uint32Array;
  users: Uint32Array;
}

/** Additions after which the event loop gets its turn. */
const TURN = 2 ** 22;

/**
 * Intra-list diversity (Ziegler et al. 2005; Vargas and Castells 2011): the mean over the pairs of a list of the distance
 * of two items. Here the distance is 1 - c(i, j) / sqrt(c(i) c(j)) with c the number of training users who have the item,
 * or both: one minus the cosine of the items' columns, which is the same whatever model made the list.
 *
 * With x(i) those columns at length 1, the cosines of all pairs sum to (|sum x(i)|^2 - n) / 2, so that a list takes as many
 * additions as its items have users.
 * @param lists of items with a training interaction.
 * @returns (lists) NaN for a list of fewer than two items.
 */
export async function listDiversity(
  lists: readonly Uint32Array[],
  { seen, counts }: Pick<Catalogue, 'seen' | 'counts'>,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { begins, users } = gatherUsers(lists, { seen, counts });
  const values = new Float64Array(lists.length);
  const sums = new Float64Array(seen.numUsers);
  let work = 0;
  for (const [n, list] of lists.entries()) {
    if (work > TURN) {
      await setImmediate();
      signal?.throwIfAborted();
      work = 0;
    }
    const size = list.length;
    let squares = 0;
    for (let i = 0; i < size; i++) {
      const item = list[i] as number;
      const count = counts[item] as number;
      const begin = begins[item] as number;
      const share = 1 / Math.sqrt(count);
      // |s + x|^2 - |s|^2 = sum of x (2 s + x)
      for (let at = begin; at < begin + count; at++) {
        const user = users[at] as number;
        squares += share * (2 * (sums[user] as number) + share);
        sums[user] = (sums[user] as number) + share;
      }
      work += 2 * count;
    }
    for (let i = 0; i < size; i++) {
      const begin = begins[list[i] as number] as number;
      for (let at = begin; at < begin + (counts[list[i] as number] as number); at++) sums[users[at] as number] = 0;
    }
    values[n] = size < 2 ? Number.NaN : 1 - (squares - size) / (size * (size - 1));
  }
  return values;
}

/** The users of the listed items alone: of all items they would take as much memory as the interactions again. */
function gatherUsers(
  lists: readonly Uint32Array[],
  { seen, counts }: Pick<Catalogue, 'seen' | 'counts'>,
): UsersOfItems {
  const listed = new Uint8Array(counts.length);
  for (const list of lists) for (const item of list) listed[item] = 1;
  const begins = new Uint32Array(counts.length);
  let total = 0;
  for (let item = 0; item < counts.length; item++) {
    begins[item] = total;
    if (listed[item] === 1) total += counts[item] as number;
  }
  const next = begins.slice();
  const users = new Uint32Array(total);
  for (let user = 0; user < seen.numUsers; user++) {
    for (let at = seen.offsets[user] as number; at < (seen.offsets[user + 1] as number); at++) {
      const item = seen.items[at] as number;
      if (listed[item] === 0) continue;
      users[next[item] as number] = user;
      next[item] = (next[item] as number) + 1;
    }
  }
  return { begins, users };
}
