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
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import { DataError } from '../../src/errors.js';
import { chunked, genreList, idVector, type Row, ratingsTable, rowsOf } from './fixtures.js';
import { type NaiveOptions, naiveIds, naiveRows } from './naive-dataset.js';

const rows: Row[] = [
  { user: 9, item: 70, rating: 4, time: 100 },
  { user: 2, item: 70, rating: 3.5, time: 200 },
  { user: 2, item: 10, rating: 5, time: 300 },
  { user: 9, item: 30, rating: 0.5, time: 400 },
  { user: 5, item: 10, rating: 2, time: 500 },
];

const fails = (table: Table, options: DatasetOptions, message: RegExp): void => {
  assert.throws(
    () => Dataset.fromTable(table, options),
    (error: unknown) => {
      if (!(error instanceof DataError)) throw error;
      if (!message.test(error.message)) throw new Error(`unexpected message: ${error.message}`);
      return error.code === 'ERR_PALATE_DATA';
    },
  );
};

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
    assert.equal(Array.from(withColumn('time', column).interactions.times ?? []), expected, String(column.type));
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

test('bad rows are named', () => {
  const bad = (rating: number): Table => ratingsTable([...rows, { user: 1, item: 1, rating, time: 1 }]);
  fails(bad(Number.NaN), {}, /NaN is not a finite float32 in column `rating`, row 5 \(from 0\) of the ratings table/);
  fails(bad(Number.NEGATIVE_INFINITY), {}, /-Infinity is not .* row 5 /);
  const wide = new Table({ userId: idVector([1]), itemId: idVector([1]), rating: makeVector(Float64Array.of(1e300)) });
  fails(wide, {}, /1e\+300 is not a finite float32/);
  const nulls = (name: string): Table =>
    new Table({ userId: idVector([1, 2]), itemId: idVector([1, 2]), [name]: vectorFromArray([1, null], new Int32()) });
  for (const name of ['userId', 'itemId', 'rating', 'time'])
    fails(nulls(name), {}, new RegExp(`Null in column \`${name}\`, row 1 `));
  const text = new Table({ userId: idVector([1]), itemId: idVector([1]), rating: vectorFromArray(['4'], new Utf8()) });
  fails(text, {}, /Column `rating` of the ratings table has type Utf8; expected Float32, Float64 or an integer/);
});

test('missing columns list what there is', () => {
  fails(new Table({ user: idVector([1]), itemId: idVector([1]) }), {}, /no column `userId`; its columns: user, itemId/);
  fails(
    new Table({ userId: idVector([1]), itemId: idVector([1]), Rating: idVector([1]) }),
    {},
    /rename it to `rating`/,
  );
  fails(ratingsTable(rows, { rating: false }), { positiveThreshold: 4 }, /no column `rating`/);
});

test('filters that leave nothing are named', () => {
  fails(ratingsTable([]), {}, /^The ratings table has no rows$/);
  fails(
    ratingsTable(rows),
    { positiveThreshold: 6 },
    /`positiveThreshold` 6 leaves none of 5 ratings; the largest is 5/,
  );
  fails(ratingsTable(rows), { minUserRatings: 3 }, /^`minUserRatings` 3 leaves no ratings$/);
  fails(ratingsTable(rows), { minItemRatings: 3 }, /^`minItemRatings` 3 leaves no ratings$/);
  fails(
    ratingsTable(rows),
    { minUserRatings: 2, minItemRatings: 2 },
    /^`minUserRatings` 2 and `minItemRatings` 2 together leave/,
  );
});

test('misuse', () => {
  const misuse = (options: unknown, message: RegExp): void =>
    assert.throws(() => Dataset.fromTable(ratingsTable(rows), options as DatasetOptions), message);
  misuse({ minUserRating: 3 }, /Unknown option `minUserRating` in Dataset.fromTable; did you mean `minUserRatings`/);
  misuse({ minUserRatings: 1.5 }, /Expected `minUserRatings` to be an integer >= 0, received 1.5/);
  misuse({ duplicates: 'first' }, /Expected `duplicates` to be one of 'last', 'mean', 'error'/);
  misuse({ items: [] }, /Expected `items` to be an Arrow Table/);
  assert.throws(() => Dataset.fromTable([] as never), /Expected `ratings` to be an Arrow Table/);
});

const films = new Table({
  itemId: idVector([70, 99, 10]),
  title: vectorFromArray(['Seventy', 'Unrated', null], new Utf8()),
  genres: genreList([['Drama', 'War'], ['War'], null]),
  year: vectorFromArray([1970, 1999, 2010], new Int32()),
});

test('metadata stands in index order, with nulls where it is missing', () => {
  for (const items of [films, chunked(films, 2)]) {
    const data = Dataset.fromTable(ratingsTable(rows), { items });
    assert.is(data.numItems, 3);
    assert.equal([...(data.itemTable?.getChild('itemId') ?? [])], [10, 30, 70]);
    assert.equal([...(data.itemTable?.getChild('year') ?? [])], [2010, null, 1970]);
    assert.equal(
      [0, 1, 2].map((item) => data.title(item)),
      [undefined, undefined, 'Seventy'],
    );
    assert.equal(
      [0, 1, 2].map((item) => data.genres(item)),
      [[], [], ['Drama', 'War']],
    );
    assert.throws(
      () => data.title(3),
      (error: unknown) => error instanceof RangeError,
    );
    assert.is(data.userTable, undefined);
  }
  const bare = Dataset.fromTable(ratingsTable(rows));
  assert.is(bare.title(0), undefined);
  assert.equal(bare.genres(0), []);
});

test('genre counts', () => {
  const data = Dataset.fromTable(ratingsTable(rows), { items: films, includeUnrated: true });
  assert.equal(
    data
      .genreCounts()
      .toArray()
      .map((row) => row.toJSON()),
    [
      { genre: 'War', items: 2, interactions: 2 },
      { genre: 'Drama', items: 1, interactions: 2 },
    ],
  );
  assert.is(Dataset.fromTable(ratingsTable(rows)).genreCounts().numRows, 0);
});

test('includeUnrated gives ids of the metadata an index', () => {
  const users = new Table({ userId: idVector([7, 9, 1]), age: vectorFromArray([30, 20, 40], new Int32()) });
  const data = Dataset.fromTable(ratingsTable(rows), { items: films, users, includeUnrated: true });
  assert.equal(data.users.ids([0, 1, 2, 3, 4]), [1, 2, 5, 7, 9]);
  assert.equal(data.items.ids([0, 1, 2, 3]), [10, 30, 70, 99]);
  assert.equal(rowsOf(data), naiveRows(rows));
  assert.equal([...(data.userTable?.getChild('age') ?? [])], [40, null, null, 30, 20]);
  assert.equal(Array.from(data.interactions.userCounts()), [0, 2, 1, 0, 2]);
  const filtered = Dataset.fromTable(ratingsTable(rows), { items: films, includeUnrated: true, minItemRatings: 2 });
  assert.equal(filtered.items.ids([0, 1, 2]), [10, 70, 99]);
});

test('kinds of ids in metadata', () => {
  const long = new Table({ itemId: idVector([70n, 2n ** 40n]), year: vectorFromArray([1970, 1980], new Int32()) });
  const data = Dataset.fromTable(ratingsTable(rows), { items: long });
  assert.is(data.items.kind, 'int32');
  assert.equal([...(data.itemTable?.getChild('year') ?? [])], [null, null, 1970]);
  const all = Dataset.fromTable(ratingsTable(rows), { items: long, includeUnrated: true });
  assert.equal(all.items.ids([0, 1, 2, 3]), [10n, 30n, 70n, 2n ** 40n]);
  fails(
    ratingsTable(rows),
    { items: new Table({ itemId: idVector(['70']) }) },
    /type Utf8; expected integers, as in the ratings/,
  );
  fails(ratingsTable(rows), { items: new Table({ itemId: idVector([7, 7]) }) }, /Id 7 stands in rows 0 and 1 /);
  fails(ratingsTable(rows), { users: films }, /The users table has no column `userId`/);
});

test('subset keeps vocabularies and metadata', () => {
  const data = Dataset.fromTable(ratingsTable(rows), { items: films });
  const part = data.subset(Uint32Array.of(4, 0));
  assert.is(part.users, data.users);
  assert.is(part.items, data.items);
  assert.is(part.itemTable, data.itemTable);
  assert.equal(
    rowsOf(part).map((row) => row.item),
    [10, 70],
  );
  assert.is(data.subset(new Uint8Array(5)).numInteractions, 0);
  assert.equal(data.subset(new Uint8Array(5)).ratingRange, { min: Number.NaN, max: Number.NaN });
});

test.run();
