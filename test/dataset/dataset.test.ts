import {
  Float64,
  Int32,
  Int64,
  makeVector,
  Table,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import { DataError } from '../../src/errors.js';
import { chunked, fails, idVector, type Row, ratingsTable, rows, rowsOf } from './fixtures.js';
import { type NaiveOptions, naiveIds, naiveRows } from './naive-dataset.js';

/** As `naiveRows` says; an error where it says that nothing is left. */
function check(input: readonly Row[], options: NaiveOptions = {}, table: Table = ratingsTable(input)): void {
  const expected = naiveRows(input, options);
  if (expected.length === 0) {
    assert.throws(
      () => Dataset.fromTable(table, options),
      (error: unknown) => error instanceof DataError,
    );
    return;
  }
  const data = Dataset.fromTable(table, options);
  assert.equal(rowsOf(data), expected);
  assert.equal(
    data.users.ids(Array.from({ length: data.numUsers }, (_, i) => i)),
    naiveIds(expected.map((r) => r.user)),
  );
  assert.equal(
    data.items.ids(Array.from({ length: data.numItems }, (_, i) => i)),
    naiveIds(expected.map((r) => r.item)),
  );
}

const arbitraryRows = (size: number): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.record({
      user: fc.integer({ min: -6, max: 6 }),
      item: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(300, 70_000, -(2 ** 31))),
      rating: fc.integer({ min: 1, max: 10 }).map((half) => half / 2),
      time: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: size, maxLength: size },
  );

test('indices ascend with ids and interactions are in canonical order', () => {
  const data = Dataset.fromTable(ratingsTable(rows));
  const { offsets, items, values, times } = data.interactions;
  assert.equal(Array.from(offsets), [0, 2, 3, 5]);
  assert.equal(Array.from(items), [0, 2, 0, 1, 2]);
  assert.equal(Array.from(values), [5, 3.5, 2, 0.5, 4]);
  assert.equal(Array.from(times as Float64Array), [300, 200, 500, 400, 100]);
  assert.equal(data.ratingRange, { min: 0.5, max: 5 });
  assert.equal(data.describe(), {
    users: 3,
    items: 3,
    interactions: 5,
    density: 5 / 9,
    ratingMin: 0.5,
    ratingMax: 5,
    ratingMean: 3,
  });
  assert.not(data.implicit);
});

test('equals its slow twin: sizes, filters, duplicates, chunks, kinds of ids', () => {
  const options = fc.record(
    {
      minUserRatings: fc.integer({ min: 0, max: 4 }),
      minItemRatings: fc.integer({ min: 0, max: 4 }),
      positiveThreshold: fc.integer({ min: 1, max: 9 }).map((half) => half / 2),
      duplicates: fc.constantFrom('last' as const, 'mean' as const),
    },
    { requiredKeys: [] },
  );
  for (const size of [0, 1, 31, 33, 129]) {
    fc.assert(
      fc.property(arbitraryRows(size), options, (input, chosen) => {
        check(input, chosen);
        if (size === 0) return;
        check(input, chosen, chunked(ratingsTable(input)));
        const longs = input.map((row) => ({ ...row, user: BigInt(row.user) << 33n, item: BigInt(row.item) }));
        check(longs, chosen);
        check(
          input.map((row) => ({ ...row, user: `u${row.user}`, item: `i${row.item}` })),
          chosen,
        );
      }),
      { numRuns: 40 },
    );
  }
});

test('many items of one user: longer than the insertion sort, several bytes of index', () => {
  const input: Row[] = [];
  for (let i = 0; i < 70_000; i++)
    input.push({ user: i % 3 === 0 ? 1 : i % 1000, item: (i * 48_271) % 69_997, rating: 1, time: i });
  const data = Dataset.fromTable(ratingsTable(input));
  const expected = new Map(input.map((row) => [`${row.user} ${row.item}`, row.time]));
  const seen = rowsOf(data);
  assert.is(seen.length, expected.size);
  for (const [i, row] of seen.entries()) {
    if (expected.get(`${row.user} ${row.item}`) !== row.time) assert.unreachable(`row ${i}`);
    const last = seen[i - 1];
    if (last && !(last.user < row.user || (last.user === row.user && last.item < row.item)))
      assert.unreachable(`row ${i}`);
  }
});

test('the order of rows does not matter without ties', () => {
  const distinct = fc.uniqueArray(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, selector: (pair) => pair.join() });
  fc.assert(
    fc.property(distinct, fc.nat(), (pairs, turn) => {
      const input = pairs.map(([user, item], i) => ({ user, item, rating: (i % 9) + 1, time: i }));
      const at = turn % input.length;
      const other = [...input.slice(at), ...input.slice(0, at)].reverse();
      assert.equal(rowsOf(Dataset.fromTable(ratingsTable(input))), rowsOf(Dataset.fromTable(ratingsTable(other))));
    }),
  );
});

test('duplicates: latest, last of equals, mean, error', () => {
  const input: Row[] = [
    { user: 1, item: 1, rating: 1, time: 9 },
    { user: 1, item: 1, rating: 2, time: 9 },
    { user: 1, item: 1, rating: 4.5, time: 3 },
    { user: 1, item: 2, rating: 3, time: 1 },
  ];
  const ratingsOf = (table: Table, options?: DatasetOptions): number[] =>
    Array.from(Dataset.fromTable(table, options).interactions.values);
  assert.equal(ratingsOf(ratingsTable(input)), [2, 3]);
  assert.equal(ratingsOf(ratingsTable(input, { time: false })), [4.5, 3]);
  assert.equal(ratingsOf(ratingsTable(input), { duplicates: 'mean' }), [2.5, 3]);
  assert.equal(
    Array.from(Dataset.fromTable(ratingsTable(input), { duplicates: 'mean' }).interactions.times ?? []),
    [9, 1],
  );
  fails(ratingsTable(input), { duplicates: 'error' }, /^User 1 rated item 1 3 times/);
  // Rows under the threshold are gone before duplicates are looked at.
  assert.equal(ratingsOf(ratingsTable(input), { duplicates: 'error', positiveThreshold: 3 }), [1, 1]);
});

test('implicit data: no rating column, or a threshold', () => {
  const without = Dataset.fromTable(ratingsTable(rows, { rating: false, time: false }));
  assert.ok(without.implicit);
  assert.is(without.interactions.times, undefined);
  assert.equal(without.ratingRange, { min: 1, max: 1 });
  const likes = Dataset.fromTable(ratingsTable(rows), { positiveThreshold: 4 });
  assert.ok(likes.implicit);
  assert.equal(rowsOf(likes), [
    { user: 2, item: 10, rating: 1, time: 300 },
    { user: 9, item: 70, rating: 1, time: 100 },
  ]);
  const table = new Table({ userId: idVector([1]), itemId: idVector([1]), rating: makeVector(Float32Array.of(4.1)) });
  assert.is(Dataset.fromTable(table, { positiveThreshold: 4.1 }).numInteractions, 1);
});

test('rating and time columns of other types', () => {
  const withColumn = (name: string, column: Vector): Dataset =>
    Dataset.fromTable(new Table({ userId: idVector([1, 2]), itemId: idVector([1, 1]), [name]: column }));
  for (const column of [
    makeVector(Int8Array.of(4, 5)),
    makeVector(Uint16Array.of(4, 5)),
    makeVector(BigInt64Array.of(4n, 5n)),
    makeVector(Float64Array.of(4, 5)),
    vectorFromArray([4, 5], new Int32()),
  ]) {
    assert.equal(Array.from(withColumn('rating', column).interactions.values), [4, 5]);
  }
  const seconds = [1_700_000_000.25, -3];
  const stamps: [Vector, number[]][] = [
    [vectorFromArray([1_700_000_000n, -3n], new Int64()), [1_700_000_000, -3]],
    [vectorFromArray([1_700_000_000, -3], new Int32()), [1_700_000_000, -3]],
    [vectorFromArray(seconds, new Float64()), seconds],
    [
      makeVector({ type: new TimestampSecond(), data: BigInt64Array.of(1_700_000_000n, -3n) } as never),
      [1_700_000_000, -3],
    ],
    [
      makeVector({ type: new TimestampMillisecond(), data: BigInt64Array.of(1_700_000_000_250n, -3000n) } as never),
      seconds,
    ],
    [
      makeVector({
        type: new TimestampMicrosecond(),
        data: BigInt64Array.of(1_700_000_000_250_000n, -3_000_000n),
      } as never),
      seconds,
    ],
    [
      makeVector({
        type: new TimestampNanosecond(),
        data: BigInt64Array.of(1_700_000_000_250_000_000n, -3_000_000_000n),
      } as never),
      seconds,
    ],
  ];
  for (const [column, expected] of stamps) {
    const times = Array.from(withColumn('time', column).interactions.times ?? []);
    // A float64 of seconds resolves 0.24 microseconds at this date.
    for (const [i, time] of times.entries())
      assert.ok(Math.abs(time - (expected[i] as number)) < 3e-7, String(column.type));
    assert.is(times.length, 2);
  }
});

test('the table is not changed and not shared', () => {
  const table = ratingsTable(naiveRows(rows));
  const before = table.toArray().map((row) => row.toJSON());
  const data = Dataset.fromTable(table);
  assert.equal(
    table.toArray().map((row) => row.toJSON()),
    before,
  );
  assert.is.not(data.interactions.values.buffer, table.getChild('rating')?.data[0]?.values.buffer);
});

test.run();
