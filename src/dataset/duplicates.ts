import { DataError } from '../errors.js';
import { type Csr, truncate } from './csr.js';
import type { Vocabulary } from './vocabulary.js';

export type Duplicates = 'last' | 'mean' | 'error';

/**
 * Leaves one interaction of each user and item, in place.
 * 'last': the one with the latest time, of several the last row of the table. 'mean': the mean value (summed in float64)
 * at the latest time. 'error': DataError that names both ids.
 */
export function resolveDuplicates(csr: Csr, mode: Duplicates, users: Vocabulary, items: Vocabulary): Csr {
  if (!hasDuplicates(csr)) return csr;
  const { offsets, items: itemOf, values, times } = csr;
  let size = 0;
  let begin = offsets[0] as number;
  for (let user = 0; user < csr.numUsers; user++) {
    const end = offsets[user + 1] as number;
    for (let at = begin; at < end; ) {
      const item = itemOf[at] as number;
      let stop = at + 1;
      while (stop < end && itemOf[stop] === item) stop++;
      let winner = at;
      if (stop - at > 1) {
        if (mode === 'error') {
          throw new DataError(
            `User ${users.id(user)} rated item ${items.id(item)} ${stop - at} times; ` +
              "`duplicates: 'last'` keeps the latest rating, 'mean' their mean",
          );
        }
        winner = times === undefined ? stop - 1 : latest(times, at, stop);
        if (mode === 'mean') values[winner] = mean(values, at, stop);
      }
      itemOf[size] = item;
      values[size] = values[winner] as number;
      if (times !== undefined) times[size] = times[winner] as number;
      size++;
      at = stop;
    }
    offsets[user + 1] = size;
    begin = end;
  }
  return truncate(csr, size);
}

function hasDuplicates({ numUsers, offsets, items }: Csr): boolean {
  for (let user = 0; user < numUsers; user++) {
    const end = offsets[user + 1] as number;
    for (let i = (offsets[user] as number) + 1; i < end; i++) if (items[i] === items[i - 1]) return true;
  }
  return false;
}

/** The last of the positions with the largest time. */
function latest(times: Float64Array, begin: number, end: number): number {
  let best = begin;
  for (let i = begin + 1; i < end; i++) if ((times[i] as number) >= (times[best] as number)) best = i;
  return best;
}

function mean(values: Float32Array, begin: number, end: number): number {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += values[i] as number;
  return sum / (end - begin);
}
