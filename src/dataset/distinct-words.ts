/** Distinct values in order of first appearance, and for each row the number of its value in that order. */
export interface DistinctWords {
  /** (n) */
  codes: Int32Array;
  /** (2 m) low and high word of each distinct value. */
  words: Int32Array;
  /** m */
  count: number;
}

/**
 * Numbers the distinct 64-bit integers of a column by an open-addressing table on their two words; no bigint in the
 * loop.
 * @param words (2 n) low and high word of each row.
 */
export function distinctWords(words: Int32Array): DistinctWords {
  const codes = new Int32Array(words.length / 2);
  let distinct = new Int32Array(2 * 1024);
  let slots = new Int32Array(2 * 1024).fill(-1);
  let count = 0;
  for (let row = 0; row < codes.length; row++) {
    const low = words[2 * row] as number;
    const high = words[2 * row + 1] as number;
    const mask = slots.length - 1;
    let slot = hash(low, high) & mask;
    let code = slots[slot] as number;
    while (code >= 0 && (distinct[2 * code] !== low || distinct[2 * code + 1] !== high)) {
      slot = (slot + 1) & mask;
      code = slots[slot] as number;
    }
    if (code < 0) {
      if (2 * count === distinct.length) {
        distinct = doubled(distinct);
        slots = rehashed(distinct, count);
        slot = freeSlot(slots, low, high);
      }
      code = count++;
      distinct[2 * code] = low;
      distinct[2 * code + 1] = high;
      slots[slot] = code;
    }
    codes[row] = code;
  }
  return { codes, words: distinct.slice(0, 2 * count), count };
}

function hash(low: number, high: number): number {
  const h = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return h ^ (h >>> 15);
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Twice as many slots as values fit, so that at most half of them are taken. */
function rehashed(distinct: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(distinct.length).fill(-1);
  for (let code = 0; code < count; code++) {
    slots[freeSlot(slots, distinct[2 * code] as number, distinct[2 * code + 1] as number)] = code;
  }
  return slots;
}

function freeSlot(slots: Int32Array, low: number, high: number): number {
  const mask = slots.length - 1;
  let slot = hash(low, high) & mask;
  while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask;
  return slot;
}
