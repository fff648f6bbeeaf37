import type { Table } from 'apache-arrow';
import type { Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { sectionFault } from './fault.js';
import { fieldSection } from './layout.js';

/**
 * Fault unless the arrays of a model fit each other, indices are in range and numbers finite. Holds for what is saved,
 * too: a file that cannot be read again is of no use.
 */
export function checkModel(data: ModelData): void {
  const { users, items, seen, parameters } = data;
  const { dim } = parameters;
  checkTexts('user.ids', idsOf(users));
  checkTexts('item.ids', idsOf(items));
  checkLength('seen.offsets', seen.offsets, users.size + 1);
  checkLists('seen', seen.offsets, seen.items, items.size);
  checkNumbers('seen.values', seen.values, seen.items.length);
  if (seen.times !== undefined) checkNumbers('seen.times', seen.times, seen.items.length);
  checkNumbers('user.factors', parameters.userFactors, users.size * dim);
  checkNumbers('item.factors', parameters.itemFactors, items.size * dim);
  checkNumbers('user.biases', parameters.userBiases, users.size);
  checkNumbers('item.biases', parameters.itemBiases, items.size);
  for (const [i, field] of parameters.fields.entries()) {
    const rows = (field.side === 'user' ? users : items).size;
    checkTexts(fieldSection(i, 'labels'), field.labels);
    checkLength(fieldSection(i, 'offsets'), field.offsets, rows + 1);
    checkLists(`field.${i}`, field.offsets, field.indices, field.labels.length);
    checkNumbers(fieldSection(i, 'factors'), field.factors, field.labels.length * dim);
    checkNumbers(fieldSection(i, 'biases'), field.biases, field.labels.length);
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

function checkNumbers(section: string, numbers: Float32Array | Float64Array, expected: number): void {
  checkLength(section, numbers, expected);
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) throw sectionFault(section, `has the value ${numbers[i]} at ${i}`);
  }
}

/** Lists of indices below `size`, ascending and unique in each list. */
function checkLists(name: string, offsets: Uint32Array, indices: Uint32Array, size: number): void {
  const offsetsName = `${name}.offsets`;
  const indicesName = `${name}.${name === 'seen' ? 'items' : 'indices'}`;
  if (offsets[0] !== 0) throw sectionFault(offsetsName, `begins with ${offsets[0]}, not 0`);
  if (offsets[offsets.length - 1] !== indices.length) {
    throw sectionFault(offsetsName, `ends with ${offsets[offsets.length - 1]}, not ${indices.length}`);
  }
  for (let row = 1; row < offsets.length; row++) {
    const start = offsets[row - 1] as number;
    const end = offsets[row] as number;
    if (end < start || end > indices.length) throw sectionFault(offsetsName, `has ${end} after ${start}`);
    let before = -1;
    for (let i = start; i < end; i++) {
      const index = indices[i] as number;
      if (index >= size) throw sectionFault(indicesName, `has the index ${index}, outside 0 … ${size - 1}`);
      if (index <= before) throw sectionFault(indicesName, `has ${index} after ${before} in row ${row - 1}`);
      before = index;
    }
  }
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
