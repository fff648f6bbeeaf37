import type { Interactions } from './interactions.js';

/**
 * The items of each user in the order of time, of equal times in the order of item indices. DataError has been thrown
 * before where there are no times.
 * @returns (size), with the offsets of the interactions
 */
export function itemsByTime(interactions: Interactions, times: Float64Array): Uint32Array {
  const { offsets, items, size, numUsers } = interactions;
  const ordered = new Uint32Array(size);
  let keys = new Float64Array(0);
  for (let user = 0; user < numUsers; user++) {
    const begin = offsets[user] as number;
    const count = (offsets[user + 1] as number) - begin;
    if (keys.length < count) keys = new Float64Array(2 * count);
    const places = keys.subarray(0, count);
    sortPlaces(places, times, begin);
    for (let n = 0; n < count; n++) ordered[begin + n] = items[begin + (places[n] as number)] as number;
  }
  return ordered;
}

/** Fills `places` with 0, 1, ... in the order of the times from `begin` on; stable. */
function sortPlaces(places: Float64Array, times: Float64Array, begin: number): void {
  const count = places.length;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let whole = true;
  for (let n = begin; n < begin + count; n++) {
    const time = times[n] as number;
    if (time < first) first = time;
    if (time > last) last = time;
    if (Math.floor(time) !== time) whole = false;
  }
  if (!whole || (last - first + 1) * count > Number.MAX_SAFE_INTEGER) {
    for (let n = 0; n < count; n++) places[n] = n;
    places.sort((a, b) => (times[begin + a] as number) - (times[begin + b] as number));
    return;
  }
  // Time and place in one number: sorting numbers without a comparison function is ten times as fast.
  for (let n = 0; n < count; n++) places[n] = ((times[begin + n] as number) - first) * count + n;
  places.sort();
  for (let n = 0; n < count; n++) places[n] = (places[n] as number) % count;
}
