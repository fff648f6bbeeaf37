import type { MomentSlots } from '../types.js';

/** Position of a user's slot at a time; -1 where there is none. NaN stands for no time. */
export function findSlot({ seconds, offsets, slots }: MomentSlots, user: number, time: number): number {
  const wanted = Math.floor(time / seconds);
  const end = offsets[user + 1] as number;
  let low = offsets[user] as number;
  for (let high = end; low < high; ) {
    const middle = (low + high) >> 1;
    if ((slots[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low < end && slots[low] === wanted ? low : -1;
}

/**
 * The row of a user at a time in a table of the users' own rows with the slots of each level behind them: the finest
 * level that knows the time.
 * @param levels coarse to fine
 */
export function queryAt(levels: readonly MomentSlots[], numUsers: number, user: number, time: number): number {
  let row = user;
  let first = numUsers;
  for (const level of levels) {
    const slot = findSlot(level, user, time);
    if (slot >= 0) row = first + slot;
    first += level.slots.length;
  }
  return row;
}
