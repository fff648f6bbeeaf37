import type { Interactions } from './interactions.js';

/**
 * The items of each user in the order of time, of equal times in the order of item indices. DataError has been thrown
 * before where there are no times.
 * @returns (size), with the offsets of the interactions
 */
export function itemsByTime({ offsets, items, size, numUsers }: Interactions, times: Float64Array): Uint32Array {
  const ordered = new Uint32Array(size);
  for (let user = 0; user < numUsers; user++) {
    const begin = offsets[user] as number;
    const end = offsets[user + 1] as number;
    const places = placesByTime(times.subarray(begin, end));
    for (let n = 0; n < places.length; n++) ordered[begin + n] = items[begin + (places[n] as number)] as number;
  }
  return ordered;
}

/** Places 0, 1, ... in the order of their times; stable. */
function placesByTime(times: Float64Array): ArrayLike<number> {
  const count = times.length;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let whole = true;
  for (let n = 0; n < count; n++) {
    const time = times[n] as number;
    if (time < first) first = time;
    if (time > last) last = time;
    whole &&= Number.isInteger(time);
  }
  if (!whole || (last - first + 1) * count > Number.MAX_SAFE_INTEGER) {
    return Array.from(times, (_, n) => n).sort((a, b) => (times[a] as number) - (times[b] as number));
  }
  // Time and place in one number: sorting numbers without a comparison function is ten times as fast.
  const keys = Float64Array.from(times, (time, n) => (time - first) * count + n).sort();
  for (let n = 0; n < count; n++) keys[n] = (keys[n] as number) % count;
  return keys;
}
