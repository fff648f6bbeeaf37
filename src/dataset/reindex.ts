import type { Csr } from './csr.js';

/** New index of each old one, ascending with it; -1: dropped. */
export type IndexMap = Int32Array;

/**
 * The interactions under other user and item indices, without those of dropped ones. Values and times are the same memory
 * when nothing is dropped.
 */
export function reindex(csr: Csr, userMap: IndexMap, numUsers: number, itemMap: IndexMap, numItems: number): Csr {
  const offsets = countKept(csr, userMap, numUsers, itemMap);
  const size = offsets[numUsers] as number;
  const items = new Uint32Array(size);
  const complete = size === csr.items.length;
  const values = complete ? csr.values : new Float32Array(size);
  const times = complete ? csr.times : csr.times && new Float64Array(size);
  let next = 0;
  for (let user = 0; user < csr.numUsers; user++) {
    if ((userMap[user] as number) < 0) continue;
    const end = csr.offsets[user + 1] as number;
    for (let i = csr.offsets[user] as number; i < end; i++) {
      const item = itemMap[csr.items[i] as number] as number;
      if (item < 0) continue;
      items[next] = item;
      if (!complete) {
        values[next] = csr.values[i] as number;
        if (times !== undefined) times[next] = csr.times?.[i] as number;
      }
      next++;
    }
  }
  return { numUsers, numItems, offsets, items, values, times };
}

/** (numUsers + 1) where the kept interactions of each new user begin. */
function countKept(csr: Csr, userMap: IndexMap, numUsers: number, itemMap: IndexMap): Uint32Array {
  const offsets = new Uint32Array(numUsers + 1);
  for (let user = 0; user < csr.numUsers; user++) {
    const newUser = userMap[user] as number;
    if (newUser < 0) continue;
    const end = csr.offsets[user + 1] as number;
    let kept = 0;
    for (let i = csr.offsets[user] as number; i < end; i++) {
      if ((itemMap[csr.items[i] as number] as number) >= 0) kept++;
    }
    offsets[newUser + 1] = kept;
  }
  for (let i = 1; i <= numUsers; i++) offsets[i] = (offsets[i] as number) + (offsets[i - 1] as number);
  return offsets;
}
