import { Int32, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { chunked, fails, genreList, idVector, ratingsTable, rows, rowsOf } from './fixtures.js';
import { naiveRows } from './naive-dataset.js';

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
