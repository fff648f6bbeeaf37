import type { Interactions } from '../../dataset/interactions.js';
import type { RowPairs } from '../../recommend/fit-rows.js';

/** Users or items that a model has learnt nothing of: those with ratings now and none when it was trained, ascending. */
export interface FreshRows {
  users: Uint32Array;
  items: Uint32Array;
}

const ratedNow = (before: Uint32Array, now: Uint32Array): Uint32Array =>
  Uint32Array.from(now.keys()).filter((row) => (now[row] as number) > 0 && (before[row] ?? 0) === 0);

/** @param before and `now`: interactions of its training and of all, in the same indices. */
export function freshRows(before: Interactions, now: Interactions): FreshRows {
  return {
    users: ratedNow(before.userCounts(), now.userCounts()),
    items: ratedNow(before.itemCounts(), now.itemCounts()),
  };
}

/** The interactions from one side: (rows + 1), (size), (size). */
interface SideLists {
  offsets: Uint32Array;
  others: Uint32Array;
  values: Float32Array;
}

/** The pairs of some rows of one side, without those with the rows of the other side that are left out. */
export function pairsOf({ offsets, others, values }: SideLists, rows: Uint32Array, leftOut: Uint32Array): RowPairs {
  const hidden = new Set(leftOut);
  const kept: number[] = [];
  const ends = new Uint32Array(rows.length + 1);
  for (const [r, row] of rows.entries()) {
    for (let n = offsets[row] as number; n < (offsets[row + 1] as number); n++) {
      if (!hidden.has(others[n] as number)) kept.push(n);
    }
    ends[r + 1] = kept.length;
  }
  return {
    offsets: ends,
    others: Uint32Array.from(kept, (n) => others[n] as number),
    ratings: Float32Array.from(kept, (n) => values[n] as number),
  };
}

export const userSide = ({ offsets, items, values }: Interactions): SideLists => ({ offsets, others: items, values });

export function itemSide(interactions: Interactions): SideLists {
  const { offsets, users, values } = interactions.byItem();
  return { offsets, others: users, values };
}

/** Copies fitted rows to their places; those without a pair stay as they are. */
export function placeRows(
  target: Float32Array,
  dim: number,
  rows: Uint32Array,
  fitted: Float32Array,
  pairs: RowPairs,
): void {
  for (const [r, row] of rows.entries()) {
    if (pairs.offsets[r] === pairs.offsets[r + 1]) continue;
    target.set(fitted.subarray(r * dim, (r + 1) * dim), row * dim);
  }
}
