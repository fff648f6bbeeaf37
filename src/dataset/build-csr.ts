import type { NumberArray } from './columns.js';
import { type Csr, holdAlone } from './csr.js';
import type { EncodedIds } from './encode-ids.js';
import { sortSegments } from './sort-segments.js';

/**
 * Orders rows by user and item index; rows of one user and item keep their order and stay side by side.
 *
 * A table that already stands in that order, each pair once, as MovieLens files do, gives its float32 ratings and its times
 * as they lie in memory. Otherwise a counting sort by user carries the columns along, then each user is sorted by item while
 * he is in the cache. Beside the result this needs room for the largest user only.
 * @param ratings (rows) undefined: all 1.
 * @param times (rows)
 * @param kept (rows) 1 for the rows to take; undefined: all.
 */
export function buildCsr(
  users: EncodedIds,
  items: EncodedIds,
  ratings: NumberArray | undefined,
  times: Float64Array | undefined,
  kept: Uint8Array | undefined,
): Csr {
  return (
    (kept === undefined ? takeInOrder(users, items, ratings, times) : undefined) ??
    sortRows(users, items, ratings, times, kept)
  );
}

/** The rows as they stand; undefined when one does not follow the one before. */
function takeInOrder(
  users: EncodedIds,
  items: EncodedIds,
  ratings: NumberArray | undefined,
  times: Float64Array | undefined,
): Csr | undefined {
  const { raw: userRaw, base: userBase, lookup: userLookup } = users;
  const { raw: itemRaw, base: itemBase, lookup: itemLookup } = items;
  const size = userRaw.length;
  const numUsers = users.vocabulary.size;
  const offsets = new Uint32Array(numUsers + 1);
  const itemsOut = new Uint32Array(size);
  let lastUser = -1;
  let lastItem = -1;
  for (let row = 0; row < size; row++) {
    const user = userLookup[(userRaw[row] as number) - userBase] as number;
    const item = itemLookup[(itemRaw[row] as number) - itemBase] as number;
    if (user !== lastUser) {
      if (user < lastUser) return undefined;
      offsets.fill(row, lastUser + 1, user + 1);
      lastUser = user;
    } else if (item <= lastItem) return undefined;
    itemsOut[row] = item;
    lastItem = item;
  }
  offsets.fill(size, lastUser + 1);
  const values = valuesInPlace(ratings, size);
  return {
    numUsers,
    numItems: items.vocabulary.size,
    offsets,
    items: itemsOut,
    values,
    times: times && holdAlone(times),
  };
}

function valuesInPlace(ratings: NumberArray | undefined, size: number): Float32Array {
  if (ratings === undefined) return new Float32Array(size).fill(1);
  return ratings instanceof Float32Array ? holdAlone(ratings) : new Float32Array(ratings);
}

function sortRows(
  users: EncodedIds,
  items: EncodedIds,
  ratings: NumberArray | undefined,
  times: Float64Array | undefined,
  kept: Uint8Array | undefined,
): Csr {
  const numUsers = users.vocabulary.size;
  const offsets = countOffsets(users, numUsers, kept);
  const size = offsets[numUsers] as number;
  const csr: Csr = {
    numUsers,
    numItems: items.vocabulary.size,
    offsets,
    items: new Uint32Array(size),
    values: new Float32Array(size),
    times: times === undefined ? undefined : new Float64Array(size),
  };
  if (ratings === undefined) csr.values.fill(1);
  scatterByUser(csr, users, items, ratings, times, kept);
  sortSegments(csr);
  return csr;
}

/** (numUsers + 1) where the kept rows of each user begin once they are sorted by user. */
function countOffsets(users: EncodedIds, numUsers: number, kept: Uint8Array | undefined): Uint32Array {
  const { raw, base, lookup } = users;
  const offsets = new Uint32Array(numUsers + 1);
  for (let row = 0; row < raw.length; row++) {
    if (kept !== undefined && kept[row] === 0) continue;
    const after = (lookup[(raw[row] as number) - base] as number) + 1;
    offsets[after] = (offsets[after] as number) + 1;
  }
  for (let user = 1; user <= numUsers; user++) {
    offsets[user] = (offsets[user] as number) + (offsets[user - 1] as number);
  }
  return offsets;
}

/** Stable: the rows of one user keep their order. */
function scatterByUser(
  csr: Csr,
  users: EncodedIds,
  items: EncodedIds,
  ratings: NumberArray | undefined,
  times: Float64Array | undefined,
  kept: Uint8Array | undefined,
): void {
  const { raw: userRaw, base: userBase, lookup: userLookup } = users;
  const { raw: itemRaw, base: itemBase, lookup: itemLookup } = items;
  const { items: itemsOut, values: valuesOut, times: timesOut } = csr;
  const next = csr.offsets.slice();
  for (let row = 0; row < userRaw.length; row++) {
    if (kept !== undefined && kept[row] === 0) continue;
    const user = userLookup[(userRaw[row] as number) - userBase] as number;
    const position = next[user] as number;
    next[user] = position + 1;
    itemsOut[position] = itemLookup[(itemRaw[row] as number) - itemBase] as number;
    if (ratings !== undefined) valuesOut[position] = ratings[row] as number;
    if (times !== undefined && timesOut !== undefined) timesOut[position] = times[row] as number;
  }
}
