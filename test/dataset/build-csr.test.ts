import { Dictionary, Float64, Int32, makeData, makeVector, Table, Utf8, Vector, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import { type Row, ratingsTable, rowsOf } from './fixtures.js';
import { type NaiveOptions, naiveRows } from './naive-dataset.js';

/** Rows in ascending order of user and item, each pair once. */
const orderedRows = (size: number): fc.Arbitrary<Row[]> =>
  fc.uniqueArray(fc.nat(6 * size + 1), { minLength: size, maxLength: size }).map((cells) =>
    cells
      .sort((a, b) => a - b)
      .map((cell) => ({
        user: Math.floor(cell / 9) - 2,
        item: (cell % 9) * 100,
        rating: 0.5 + (cell % 10) / 2,
        time: (cell * 31) % 17,
      })),
  );

/** Columns of just the right size, as `readRatings` makes them. */
const tableOf = (rows: readonly Row[]): Table =>
  new Table({
    userId: makeVector(Int32Array.from(rows, (row) => Number(row.user))),
    itemId: makeVector(Int32Array.from(rows, (row) => Number(row.item))),
    rating: makeVector(Float32Array.from(rows, (row) => row.rating)),
    time: makeVector(Float64Array.from(rows, (row) => row.time)),
  });

const memoryOf = (table: Table): ArrayBufferLike[] => table.batches[0]?.data.children.map((c) => c.values.buffer) ?? [];

const arbitraryOptions = fc.record(
  {
    minUserRatings: fc.integer({ min: 0, max: 4 }),
    minItemRatings: fc.integer({ min: 0, max: 4 }),
    positiveThreshold: fc.integer({ min: 1, max: 6 }).map((half) => half / 2),
    duplicates: fc.constantFrom('last' as const, 'mean' as const),
  },
  { requiredKeys: [] },
);

test('a table in order, or almost, equals the slow twin, and its memory is left as it was', () => {
  const almost = fc.record({ swap: fc.nat(), repeat: fc.boolean() });
  for (const size of [1, 2, 31, 33, 129]) {
    fc.assert(
      fc.property(orderedRows(size), arbitraryOptions, almost, (ordered, options: NaiveOptions, { swap, repeat }) => {
        const at = swap % size;
        const row = ordered[at] as Row;
        const swapped = ordered.with(at, ordered[0] as Row).with(0, row);
        const repeated = repeat ? ordered.toSpliced(at, 0, { ...row, rating: 5 }) : ordered;
        for (const input of [ordered, swapped, repeated]) {
          const expected = naiveRows(input, options);
          if (expected.length === 0) continue;
          const table = tableOf(input);
          assert.equal(rowsOf(Dataset.fromTable(table, options)), expected);
          assert.equal(table.toArray(), tableOf(input).toArray());
        }
      }),
      { numRuns: 60 },
    );
  }
});

const ORDERED: Row[] = [
  { user: 1, item: 10, rating: 3, time: 7 },
  { user: 1, item: 20, rating: 4, time: 5 },
  { user: 2, item: 10, rating: 5, time: 6 },
];

/** Whether values and times are the memory of the table's columns. */
function shares(table: Table, options: DatasetOptions = {}): [boolean, boolean] {
  const { values, times } = Dataset.fromTable(table, options).interactions;
  const memory = memoryOf(table);
  return [memory.includes(values.buffer), times !== undefined && memory.includes(times.buffer)];
}

test('ratings and times of a table in order are not copied', () => {
  assert.equal(shares(tableOf(ORDERED)), [true, true]);
  const items = new Table({ itemId: makeVector(Int32Array.of(5, 15)) });
  assert.equal(shares(tableOf(ORDERED), { items, includeUnrated: true }), [true, true]);
});

test('they are copied when the rows change, and when they are a small part of their memory', () => {
  const [first, second, third] = ORDERED as [Row, Row, Row];
  assert.equal(shares(tableOf([second, first, third])), [false, false]);
  assert.equal(shares(tableOf([first, first, second])), [false, false]);
  assert.equal(shares(tableOf(ORDERED), { minUserRatings: 2 }), [false, false]);
  assert.equal(shares(tableOf(ORDERED), { positiveThreshold: 1 }), [false, false]);
  const long = Array.from({ length: 16 }, (_, i) => ({ user: i, item: i, rating: i, time: i }));
  assert.equal(shares(tableOf(long).slice(0, 13)), [false, false]);
  assert.equal(shares(tableOf(long).slice(2)), [true, true]);
  assert.equal(rowsOf(Dataset.fromTable(tableOf(long).slice(2))), long.slice(2));
});

test('users and items of a dictionary that no row has, before, between and behind those of the rows', () => {
  const words = vectorFromArray(['a', 'b', 'c', 'd', 'e', 'f'], new Dictionary(new Utf8(), new Int32()));
  const coded = (codes: number[]): Vector =>
    new Vector([
      makeData({
        type: words.type,
        length: codes.length,
        nullCount: 0,
        data: Int32Array.from(codes),
        dictionary: words.data[0]?.dictionary as Vector<Utf8>,
      }),
    ]);
  for (const [userCodes, itemCodes] of [
    [
      [1, 1, 4],
      [2, 3, 0],
    ],
    [
      [0, 3, 5],
      [5, 2, 2],
    ],
  ] as const) {
    const rows = userCodes.map((user, i) => ({ user: 'abcdef'[user], item: 'abcdef'[itemCodes[i] as number] }));
    const table = new Table({ userId: coded([...userCodes]), itemId: coded([...itemCodes]) });
    assert.equal(
      rowsOf(Dataset.fromTable(table)),
      rows.map((row) => ({ ...row, rating: 1, time: 0 })),
    );
  }
});

test('ratings of another type, and none', () => {
  const [userId, itemId] = [vectorFromArray([1, 1, 2], new Int32()), vectorFromArray([1, 2, 1], new Int32())];
  const rating = vectorFromArray([3, 0.1, 5], new Float64());
  const values = (table: Table): number[] => Array.from(Dataset.fromTable(table).interactions.values);
  assert.equal(values(new Table({ userId, itemId, rating })), [3, Math.fround(0.1), 5]);
  assert.equal(values(ratingsTable(ORDERED, { rating: false })), [1, 1, 1]);
});

test.run();
