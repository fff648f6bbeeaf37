import type { Csr } from './csr.js';

/** Which users and items stay: 1 or 0 for each index. */
export interface Alive {
  users: Uint8Array;
  items: Uint8Array;
}

/**
 * Users with at least `minUser` interactions and items with at least `minItem`, counted among those that stay: removing
 * one may push others under the limit, so rounds go on until nothing changes (the k-core). Users and items without
 * interactions never stay.
 */
export function filterCounts(csr: Csr, minUser: number, minItem: number): Alive {
  const users = new Uint8Array(csr.numUsers).fill(1);
  const items = new Uint8Array(csr.numItems).fill(1);
  const userCounts = new Uint32Array(csr.numUsers);
  const itemCounts = new Uint32Array(csr.numItems);
  for (;;) {
    countAlive(csr, users, items, userCounts, itemCounts);
    const dropped = drop(users, userCounts, Math.max(1, minUser)) + drop(items, itemCounts, Math.max(1, minItem));
    // Indices that had nothing left take no interactions with them.
    if (dropped === 0) return { users, items };
  }
}

function countAlive(
  { offsets, items: itemOf }: Csr,
  users: Uint8Array,
  items: Uint8Array,
  userCounts: Uint32Array,
  itemCounts: Uint32Array,
): void {
  userCounts.fill(0);
  itemCounts.fill(0);
  for (let user = 0; user < users.length; user++) {
    if (users[user] === 0) continue;
    const end = offsets[user + 1] as number;
    let count = 0;
    for (let i = offsets[user] as number; i < end; i++) {
      const item = itemOf[i] as number;
      if (items[item] === 0) continue;
      itemCounts[item] = (itemCounts[item] as number) + 1;
      count++;
    }
    userCounts[user] = count;
  }
}

/** Marks the indices under the limit and gives the number of interactions that go with them. */
function drop(alive: Uint8Array, counts: Uint32Array, limit: number): number {
  let dropped = 0;
  for (let i = 0; i < alive.length; i++) {
    if (alive[i] === 0 || (counts[i] as number) >= limit) continue;
    alive[i] = 0;
    dropped += counts[i] as number;
  }
  return dropped;
}
