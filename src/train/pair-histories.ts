import type { Dataset } from '../dataset/dataset.js';
import { itemsByTime } from '../dataset/time-order.js';
import { DataError } from '../errors.js';
import { expectTimes } from '../split/expect-times.js';

/** Items of each user in the order that pairs are made in, CSR. */
export interface Histories {
  offsets: Uint32Array;
  items: Uint32Array;
}

/** @param part what the data is, for the message of a DataError: no user has two items, or there are no times to order by. */
export function historiesOf(data: Dataset, pairs: 'all' | 'window', part: string): Histories {
  const { interactions } = data;
  const { offsets } = interactions;
  const hasPairs = offsets.some((offset, user) => user > 0 && offset - (offsets[user - 1] as number) > 1);
  if (!hasPairs) throw new DataError(`No user of the ${part} part has two items, so there are no pairs to learn from`);
  if (pairs === 'all') return { offsets, items: interactions.items };
  return { offsets, items: itemsByTime(interactions, expectTimes(data, "`pairs: 'window'`")) };
}

/** The histories without the items that are not `known`. */
export function keepItems({ offsets, items }: Histories, known: (item: number) => boolean): Histories {
  const kept = new Uint32Array(items.length);
  const keptOffsets = new Uint32Array(offsets.length);
  let size = 0;
  for (let user = 0; user + 1 < offsets.length; user++) {
    for (let n = offsets[user] as number; n < (offsets[user + 1] as number); n++) {
      const item = items[n] as number;
      if (known(item)) kept[size++] = item;
    }
    keptOffsets[user + 1] = size;
  }
  return { offsets: keptOffsets, items: kept.subarray(0, size) };
}
