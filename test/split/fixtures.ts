import { makeVector, Table, type Vector } from 'apache-arrow';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';

/** A dataset of distinct pairs with values that tell each row apart, and few distinct times. */
export const arbitraryData = (size: number): fc.Arbitrary<Dataset> =>
  fc
    .uniqueArray(fc.nat(4 * size), { minLength: size, maxLength: size })
    .map((cells) =>
      datasetOf(cells.map((cell) => ({ user: cell % 11, item: Math.floor(cell / 11), time: (cell * 7) % 13 }))),
    );

export function datasetOf(rows: readonly { user: number; item: number; time: number }[], withTimes = true): Dataset {
  const columns: Record<string, Vector> = {
    userId: makeVector(Int32Array.from(rows, (row) => row.user)),
    itemId: makeVector(Int32Array.from(rows, (row) => row.item)),
    rating: makeVector(Float32Array.from(rows, (row) => row.user * 1000 + row.item)),
  };
  if (withTimes) columns.time = makeVector(Float64Array.from(rows, (row) => row.time));
  return Dataset.fromTable(new Table(columns));
}

export const SIZES = [1, 2, 31, 33, 129];

/** Rows of a dataset as text. */
export const keysOf = ({ interactions: { users, items, values, times } }: Dataset): string[] =>
  Array.from(users, (user, i) => [user, items[i], values[i], times?.[i]].join());

/** Disjoint parts that are together the whole, in the same index space. */
export function expectPartition(data: Dataset, parts: readonly Dataset[]): void {
  const keys = parts.flatMap(keysOf);
  assert.is(new Set(keys).size, keys.length, 'disjoint');
  assert.equal(keys.sort(), keysOf(data).sort());
  for (const part of parts) {
    assert.is(part.users, data.users);
    assert.is(part.items, data.items);
    assert.is(part.itemTable, data.itemTable);
    assert.is(part.implicit, data.implicit);
    assert.is(part.interactions.numUsers, data.numUsers);
    assert.is(part.interactions.numItems, data.numItems);
  }
}
