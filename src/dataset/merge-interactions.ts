import { buildCsr } from './build-csr.js';
import { type Csr, truncate } from './csr.js';
import type { EncodedIds } from './encode-ids.js';
import { Interactions } from './interactions.js';
import type { Vocabulary } from './vocabulary.js';

/** Where the indices of one vocabulary lead in another; -1 where it lacks the id. */
function mapIds(from: Vocabulary, to: Vocabulary): Int32Array {
  return Int32Array.from({ length: from.size }, (_, index) => (from === to ? index : to.index(from.id(index))));
}

const encoded = (vocabulary: Vocabulary, indices: Uint32Array, map: Int32Array): EncodedIds => ({
  vocabulary,
  raw: Int32Array.from(indices),
  base: 0,
  lookup: Uint32Array.from(map),
});

/** The interactions in the indices of other vocabularies, without those whose user or item these lack. */
export function moveInteractions(
  from: { users: Vocabulary; items: Vocabulary; interactions: Interactions },
  users: Vocabulary,
  items: Vocabulary,
): Interactions {
  const { interactions } = from;
  const userMap = mapIds(from.users, users);
  const itemMap = mapIds(from.items, items);
  const isKnown = (n: number): boolean =>
    (userMap[interactions.users[n] as number] as number) >= 0 &&
    (itemMap[interactions.items[n] as number] as number) >= 0;
  const complete = !userMap.includes(-1) && !itemMap.includes(-1);
  const kept = complete ? undefined : Uint8Array.from(interactions.items, (_, n) => (isKnown(n) ? 1 : 0));
  return new Interactions(
    buildCsr(
      encoded(users, interactions.users, userMap),
      encoded(items, interactions.items, itemMap),
      interactions.values,
      interactions.times,
      kept,
    ),
  );
}

/**
 * The interactions of both; of a pair that both have, the one of `added`.
 * @param added in the same index space, which may be larger than that of `base`. Its times are left out where `base` has none.
 */
export function mergeInteractions(base: Csr, added: Csr): Interactions {
  const { numUsers, numItems } = added;
  const most = base.items.length + added.items.length;
  const offsets = new Uint32Array(numUsers + 1);
  const items = new Uint32Array(most);
  const values = new Float32Array(most);
  const times = base.times && new Float64Array(most);
  let size = 0;
  // Entry by entry, as views of short runs would cost more than their numbers.
  const append = (from: Csr, n: number): void => {
    items[size] = from.items[n] as number;
    values[size] = from.values[n] as number;
    if (times !== undefined) times[size] = from.times?.[n] as number;
    size++;
  };
  for (let user = 0; user < numUsers; user++) {
    let old = base.offsets[Math.min(user, base.numUsers)] as number;
    const oldEnd = base.offsets[Math.min(user + 1, base.numUsers)] as number;
    for (let n = added.offsets[user] as number; n < (added.offsets[user + 1] as number); n++) {
      const item = added.items[n] as number;
      while (old < oldEnd && (base.items[old] as number) < item) append(base, old++);
      if (old < oldEnd && base.items[old] === item) old++;
      append(added, n);
    }
    while (old < oldEnd) append(base, old++);
    offsets[user + 1] = size;
  }
  return new Interactions(truncate({ numUsers, numItems, offsets, items, values, times }, size));
}
