import { type Csr, truncate } from './csr.js';

/** New index of each old one, ascending with it; -1: dropped. */
export type IndexMap = Int32Array;

/** Moves interactions to other user and item indices, in place, and leaves out those of dropped ones. */
export function reindex(csr: Csr, userMap: IndexMap, numUsers: number, itemMap: IndexMap, numItems: number): Csr {
  const { offsets, items, values, times } = csr;
  const newOffsets = new Uint32Array(numUsers + 1);
  let size = 0;
  for (let user = 0; user < csr.numUsers; user++) {
    const newUser = userMap[user] as number;
    if (newUser < 0) continue;
    const begin = size;
    const end = offsets[user + 1] as number;
    for (let i = offsets[user] as number; i < end; i++) {
      const item = itemMap[items[i] as number] as number;
      if (item < 0) continue;
      items[size] = item;
      values[size] = values[i] as number;
      if (times !== undefined) times[size] = times[i] as number;
      size++;
    }
    newOffsets[newUser + 1] = size - begin;
  }
  for (let i = 1; i <= numUsers; i++) newOffsets[i] = (newOffsets[i] as number) + (newOffsets[i - 1] as number);
  return truncate({ numUsers, numItems, offsets: newOffsets, items, values, times }, size);
}
