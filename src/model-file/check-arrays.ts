import { setImmediate } from 'node:timers/promises';
import { sectionFault } from './fault.js';

/** Values checked between turns of the event loop. */
const SLICE = 2 ** 21;

/** UTF-8 has no lone surrogates, and Arrow's decoder drops a byte order mark in front. */
const UNFIT = /^\uFEFF|\p{Surrogate}/u;

/** Fault on a text that would come back as another. */
export function checkTexts(section: string, texts: Iterable<string>): void {
  for (const text of texts) {
    if (UNFIT.test(text)) throw sectionFault(section, `has ${JSON.stringify(text)}, which UTF-8 does not hold`);
  }
}

export function checkLength(section: string, array: { length: number }, expected: number): void {
  if (array.length === expected) return;
  throw sectionFault(section, `has ${array.length} values where ${expected} are expected`);
}

/** Fault unless there are as many numbers as expected, all finite. */
export async function checkNumbers(
  section: string,
  numbers: Float32Array | Float64Array,
  expected: number,
): Promise<void> {
  checkLength(section, numbers, expected);
  for (let start = 0; start < numbers.length; start += SLICE) {
    const slice = numbers.subarray(start, start + SLICE);
    const at = slice instanceof Float32Array ? findNotFinite32(slice) : findNotFinite64(slice);
    if (at >= 0) throw sectionFault(section, `has the value ${slice[at]} at ${start + at}`);
    await setImmediate();
  }
}

// Two loops, as one over both kinds of array runs several times slower.

function findNotFinite32(numbers: Float32Array): number {
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return i;
  return -1;
}

function findNotFinite64(numbers: Float64Array): number {
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return i;
  return -1;
}

/** Fault unless offsets ascend from 0 to the number of values. */
function checkOffsets(offsetsName: string, offsets: Uint32Array, size: number): void {
  if (offsets[0] !== 0) throw sectionFault(offsetsName, `begins with ${offsets[0]}, not 0`);
  if (offsets[offsets.length - 1] !== size) {
    throw sectionFault(offsetsName, `ends with ${offsets[offsets.length - 1]}, not ${size}`);
  }
  const descent = offsets.findIndex((offset, row) => row > 0 && offset < (offsets[row - 1] as number));
  if (descent >= 0) throw sectionFault(offsetsName, `has ${offsets[descent]} after ${offsets[descent - 1]}`);
}

/** Fault unless lists hold values that ascend in each list. */
export function checkSlots(offsetsName: string, offsets: Uint32Array, slotsName: string, slots: Float64Array): void {
  checkOffsets(offsetsName, offsets, slots.length);
  for (let row = 0; row + 1 < offsets.length; row++) {
    for (let n = (offsets[row] as number) + 1; n < (offsets[row + 1] as number); n++) {
      if ((slots[n] as number) > (slots[n - 1] as number)) continue;
      throw sectionFault(slotsName, `has ${slots[n]} in row ${row}, after ${slots[n - 1]}`);
    }
  }
}

/** Fault unless lists hold indices below `size`, ascending and unique in each list. */
export async function checkLists(
  offsetsName: string,
  offsets: Uint32Array,
  indicesName: string,
  indices: Uint32Array,
  size: number,
): Promise<void> {
  checkOffsets(offsetsName, offsets, indices.length);
  let checked = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    const start = offsets[row] as number;
    const end = offsets[row + 1] as number;
    const at = findDisorder(indices, start, end, size);
    if (at >= 0) {
      const place = `${indices[at]} in row ${row}`;
      const problem = (indices[at] as number) >= size ? `outside 0 … ${size - 1}` : `after ${indices[at - 1]}`;
      throw sectionFault(indicesName, `has ${place}, ${problem}`);
    }
    if (end - checked < SLICE) continue;
    checked = end;
    await setImmediate();
  }
}

/** Position of the first index that is not below `size` or not above the one before; -1 when there is none. */
function findDisorder(indices: Uint32Array, start: number, end: number, size: number): number {
  let before = -1;
  for (let i = start; i < end; i++) {
    const index = indices[i] as number;
    if (index >= size || index <= before) return i;
    before = index;
  }
  return -1;
}
