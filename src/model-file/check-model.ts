import { setImmediate } from 'node:timers/promises';
import type { Table } from 'apache-arrow';
import type { Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { sectionFault } from './fault.js';
import { fieldSection } from './layout.js';

/** Values checked between turns of the event loop. */
const SLICE = 2 ** 21;

/**
 * Fault unless the arrays of a model fit each other, indices are in range and numbers finite. Holds for what is saved,
 * too: a file that cannot be read again is of no use.
 */
export async function checkModel(data: ModelData): Promise<void> {
  const { users, items, seen, parameters } = data;
  const { dim } = parameters;
  checkTexts('user.ids', idsOf(users));
  checkTexts('item.ids', idsOf(items));
  checkLength('seen.offsets', seen.offsets, users.size + 1);
  await checkLists('seen', seen.offsets, seen.items, items.size);
  await checkNumbers('seen.values', seen.values, seen.items.length);
  if (seen.times !== undefined) await checkNumbers('seen.times', seen.times, seen.items.length);
  await checkNumbers('user.factors', parameters.userFactors, users.size * dim);
  await checkNumbers('item.factors', parameters.itemFactors, items.size * dim);
  await checkNumbers('user.biases', parameters.userBiases, users.size);
  await checkNumbers('item.biases', parameters.itemBiases, items.size);
  for (const [i, field] of parameters.fields.entries()) {
    const rows = (field.side === 'user' ? users : items).size;
    checkTexts(fieldSection(i, 'labels'), field.labels);
    checkLength(fieldSection(i, 'offsets'), field.offsets, rows + 1);
    await checkLists(`field.${i}`, field.offsets, field.indices, field.labels.length);
    await checkNumbers(fieldSection(i, 'factors'), field.factors, field.labels.length * dim);
    await checkNumbers(fieldSection(i, 'biases'), field.biases, field.labels.length);
  }
  if (data.userTable !== undefined) checkIds('user.table', data.userTable, 'userId', users);
  if (data.itemTable !== undefined) checkIds('item.table', data.itemTable, 'itemId', items);
}

function* idsOf(ids: Vocabulary): Iterable<string> {
  if (ids.kind !== 'string') return;
  for (let i = 0; i < ids.size; i++) yield ids.id(i) as string;
}

/** UTF-8 has no lone surrogates, and Arrow's decoder drops a byte order mark in front. */
const UNFIT = /^\uFEFF|\p{Surrogate}/u;

function checkTexts(section: string, texts: Iterable<string>): void {
  for (const text of texts) {
    if (UNFIT.test(text)) throw sectionFault(section, `has ${JSON.stringify(text)}, which UTF-8 does not hold`);
  }
}

function checkLength(section: string, array: { length: number }, expected: number): void {
  if (array.length === expected) return;
  throw sectionFault(section, `has ${array.length} values where ${expected} are expected`);
}

async function checkNumbers(section: string, numbers: Float32Array | Float64Array, expected: number): Promise<void> {
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

/** Lists of indices below `size`, ascending and unique in each list. */
async function checkLists(name: string, offsets: Uint32Array, indices: Uint32Array, size: number): Promise<void> {
  const offsetsName = `${name}.offsets`;
  if (offsets[0] !== 0) throw sectionFault(offsetsName, `begins with ${offsets[0]}, not 0`);
  if (offsets[offsets.length - 1] !== indices.length) {
    throw sectionFault(offsetsName, `ends with ${offsets[offsets.length - 1]}, not ${indices.length}`);
  }
  const descent = offsets.findIndex((offset, row) => row > 0 && offset < (offsets[row - 1] as number));
  if (descent >= 0) throw sectionFault(offsetsName, `has ${offsets[descent]} after ${offsets[descent - 1]}`);
  let checked = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    const start = offsets[row] as number;
    const end = offsets[row + 1] as number;
    const at = findDisorder(indices, start, end, size);
    if (at >= 0) {
      const place = `${indices[at]} in row ${row}`;
      const problem = (indices[at] as number) >= size ? `outside 0 … ${size - 1}` : `after ${indices[at - 1]}`;
      throw sectionFault(`${name}.${name === 'seen' ? 'items' : 'indices'}`, `has ${place}, ${problem}`);
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

/** Row i of a metadata table belongs to the id at index i. */
function checkIds(section: string, table: Table, key: string, vocabulary: Vocabulary): void {
  checkLength(section, { length: table.numRows }, vocabulary.size);
  const column = table.getChild(key);
  if (column === null) throw sectionFault(section, `has no column \`${key}\``);
  for (let row = 0; row < vocabulary.size; row++) {
    if (column.get(row) !== vocabulary.id(row))
      throw sectionFault(section, `has another id than the model in row ${row}`);
  }
}
