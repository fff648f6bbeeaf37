/** Items dealt to groups and the alias tables of negatives: the twin of native/core/item_groups.cc. */
import type { OracleRng } from './train-rng.js';

export interface AliasSlot {
  /** Of 2^32: below it the first item is drawn, else the second. */
  threshold: number;
  items: [number, number];
}

/** Vose's construction: slot n is drawn with probability 1 / size, then one of its two items. */
export function aliasTable(items: readonly number[], noise: ArrayLike<number>): AliasSlot[] {
  const sum = items.reduce((total, item) => total + noise[item], 0);
  const shares = items.map((item) => (noise[item] * items.length) / sum);
  const slots = items.map((item): AliasSlot => ({ threshold: 0, items: [item, item] }));
  const small: number[] = [];
  const large: number[] = [];
  for (const [n, share] of shares.entries()) (share < 1 ? small : large).push(n);
  while (small.length > 0 && large.length > 0) {
    const slot = small.pop() as number;
    const donor = large.at(-1) as number;
    slots[slot] = { threshold: Math.floor(shares[slot] * 2 ** 32), items: [items[slot], items[donor]] };
    shares[donor] = shares[donor] + shares[slot] - 1;
    if (shares[donor] < 1) small.push(large.pop() as number);
  }
  return slots;
}

/** The item that 64 random bits draw. */
export function drawSlot(slots: readonly AliasSlot[], bits: bigint): number {
  const slot = slots[Number(((bits >> 32n) * BigInt(slots.length)) >> 32n)];
  return slot.items[Number(bits & 0xffffffffn) < slot.threshold ? 0 : 1];
}

/** Groups of at least 128 items, at most 16. */
export const groupsFor = (items: number): number => Math.min(16, Math.max(1, Math.floor(items / 128)));

/** Items of each group: runs of items in order of popularity, dealt one to each group in random order. */
export function dealItems(noise: ArrayLike<number>, rng: OracleRng): number[][] {
  const byPopularity = Array.from(noise, (_, item) => item)
    .filter((item) => noise[item] > 0)
    .sort((a, b) => noise[b] - noise[a] || a - b);
  const groups: number[][] = Array.from({ length: groupsFor(byPopularity.length) }, () => []);
  for (let begin = 0; begin < byPopularity.length; begin += groups.length) {
    const order = groups.map((_, g) => g);
    rng.shuffle(order);
    for (const [n, item] of byPopularity.slice(begin, begin + groups.length).entries()) groups[order[n]].push(item);
  }
  return groups;
}
