import { Int32, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import { fails, idVector, ratingsTable, rows } from './fixtures.js';

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

test.run();
