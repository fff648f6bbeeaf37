import type { Table } from 'apache-arrow';
import type { Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { checkLength, checkLists, checkNumbers, checkTexts } from './check-arrays.js';
import { sectionFault } from './fault.js';
import { formatOf } from './parameter-formats.js';

/**
 * Fault unless the arrays of a model fit each other, indices are in range and numbers finite. Holds for what is saved,
 * too: a file that cannot be read again is of no use.
 */
export async function checkModel(data: ModelData): Promise<void> {
  const { users, items, seen, parameters } = data;
  checkTexts('user.ids', idsOf(users));
  checkTexts('item.ids', idsOf(items));
  checkLength('seen.offsets', seen.offsets, users.size + 1);
  await checkLists('seen.offsets', seen.offsets, 'seen.items', seen.items, items.size);
  await checkNumbers('seen.values', seen.values, seen.items.length);
  if (seen.times !== undefined) await checkNumbers('seen.times', seen.times, seen.items.length);
  await formatOf(parameters.kind).check(data);
  if (data.userTable !== undefined) checkIds('user.table', data.userTable, 'userId', users);
  if (data.itemTable !== undefined) checkIds('item.table', data.itemTable, 'itemId', items);
}

function* idsOf(ids: Vocabulary): Iterable<string> {
  if (ids.kind !== 'string') return;
  for (let i = 0; i < ids.size; i++) yield ids.id(i) as string;
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
