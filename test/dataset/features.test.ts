import { Bool, Float64, Int32, makeVector, Table, TimestampSecond, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { buildFields, encodeRow, type Field, type FieldSpec } from '../../src/dataset/features.js';
import { DataError } from '../../src/errors.js';
import { genreList, idVector } from './fixtures.js';

const items = new Table({
  itemId: idVector([1, 2, 3, 4]),
  title: vectorFromArray(['a', 'b', 'c', 'd'], new Utf8()),
  year: vectorFromArray([1994, 1995, null, 2003], new Int32()),
  genres: genreList([['War', 'Drama', 'War'], [], null, ['Comedy', 'Drama']]),
  country: vectorFromArray(['it', 'de', 'it', null]),
  length: vectorFromArray([0.3, 0.25, Number.NaN, 0.1], new Float64()),
  colour: vectorFromArray([true, false, null, true], new Bool()),
  added: makeVector({ type: new TimestampSecond(), data: BigInt64Array.of(1n, 2n, 3n, 4n) } as never),
});
const users = new Table({
  userId: idVector([1, 2]),
  age: vectorFromArray([29, 30], new Int32()),
  sex: vectorFromArray(['M', 'F'], new Utf8()),
  occupation: vectorFromArray([10, 9], new Int32()),
  country: vectorFromArray(['de', 'fr'], new Utf8()),
});
const ratings = new Table({ userId: idVector([1, 2, 1, 2]), itemId: idVector([1, 2, 3, 4]) });
const data = Dataset.fromTable(ratings, { items, users });

const rowsOf = ({ labels, offsets, indices }: Field): string[][] =>
  Array.from({ length: offsets.length - 1 }, (_, row) =>
    Array.from(indices.subarray(offsets[row], offsets[row + 1]), (index) => labels[index] as string),
  );
const only = (spec: FieldSpec, from: Dataset = data): Field => buildFields(from, [spec])[0] as Field;

test('default fields are those that the metadata has', () => {
  const fields = buildFields(data);
  assert.equal(
    fields.map((field) => field.name),
    ['genres', 'year', 'age', 'sex', 'occupation'],
  );
  assert.equal(
    fields.map((field) => field.side),
    ['item', 'item', 'user', 'user', 'user'],
  );
  assert.equal(
    fields.map((field) => field.bucket),
    [undefined, 5, 10, undefined, undefined],
  );
  assert.equal(
    fields.map((field) => field.labels),
    [
      ['Comedy', 'Drama', 'War'],
      ['1990–1994', '1995–1999', '2000–2004'],
      ['20–29', '30–39'],
      ['F', 'M'],
      ['9', '10'],
    ],
  );
  assert.equal(fields.map(rowsOf), [
    [['Drama', 'War'], [], [], ['Comedy', 'Drama']],
    [['1990–1994'], ['1995–1999'], [], ['2000–2004']],
    [['20–29'], ['30–39']],
    [['M'], ['F']],
    [['10'], ['9']],
  ]);
  assert.equal(buildFields(Dataset.fromTable(ratings)), []);
});

test('chosen fields and buckets', () => {
  assert.equal(rowsOf(only({ name: 'year', bucket: 1 })), [['1994'], ['1995'], [], ['2003']]);
  assert.equal(rowsOf(only({ name: 'length', bucket: 0.1 })), [['0.3–0.4'], ['0.2–0.3'], [], ['0.1–0.2']]);
  assert.equal(only('length').labels, ['0.1', '0.25', '0.3']);
  assert.equal(rowsOf(only('colour')), [['true'], ['false'], [], ['true']]);
  assert.equal(only('item.year').name, 'year');
  assert.equal(rowsOf(only('title')), [['a'], ['b'], ['c'], ['d']]);
  assert.equal(buildFields(data, []), []);
});

test('a column of both tables names its side', () => {
  assert.equal(rowsOf(only('item.country')), [['it'], ['de'], ['it'], []]);
  assert.equal(rowsOf(only('user.country')), [['de'], ['fr']]);
  assert.equal(only('user.country').name, 'user.country');
  assert.throws(
    () => only('country'),
    /to be 'item.country' or 'user.country', as both tables have it, received "country"/,
  );
});

test('misuse', () => {
  assert.throws(
    () => only('yeer'),
    /Expected `fields` to be one of 'title', 'year', .*'user.country'.*did you mean 'year'/,
  );
  assert.throws(() => only({ name: 'year', buckets: 5 } as never), /Unknown option `buckets`.*did you mean `bucket`/);
  assert.throws(() => only({ name: 'year', bucket: 0 }), /Expected `fields.bucket` to be a number > 0/);
  assert.throws(() => only({ name: 'sex', bucket: 5 }), /`sex` is no number/);
  assert.throws(() => buildFields(data, ['year', 'item.year']), /a list without repeats/);
  assert.throws(() => buildFields(data, 'year' as never), /Expected `fields` to be an array of column names/);
  assert.throws(() => only('itemId'), /Expected `fields` to be one of/);
  assert.throws(
    () => only('added'),
    (error: unknown) => error instanceof DataError && /Timestamp/.test(error.message),
  );
  assert.throws(() => only('year', Dataset.fromTable(ratings)), /the dataset has no `items` or `users`/);
});

test('encodeRow gives the labels of a new row', () => {
  const genres = only('genres');
  assert.equal(encodeRow(genres, ['War', 'unknown', 'Comedy', 'War']), [0, 2]);
  assert.equal(encodeRow(genres, null), []);
  assert.equal(encodeRow(genres, undefined), []);
  const year = only('year');
  assert.equal(encodeRow(year, 1996), [1]);
  assert.equal(encodeRow(year, 1800), []);
  assert.equal(encodeRow(year, Number.NaN), []);
  assert.throws(() => encodeRow(year, '1996'), /Expected `year` to be a number, received "1996"/);
  assert.equal(encodeRow(only('sex'), 'F'), [0]);
  assert.equal(encodeRow(only('occupation'), 10), [1]);
  assert.equal(encodeRow(only('colour'), true), [1]);
});

test('rows of random values equal encodeRow of the value, labels ascend', () => {
  const value = fc.option(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -9, max: 9, noNaN: true })));
  for (const size of [1, 31, 33, 129]) {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: size, maxLength: size }),
        fc.option(fc.constantFrom(0.1, 0.5, 1, 3, 10), { nil: undefined }),
        (values, bucket) => {
          const ids = values.map((_, i) => i);
          const from = Dataset.fromTable(new Table({ userId: idVector(ids), itemId: idVector(ids) }), {
            items: new Table({ itemId: idVector(ids), x: vectorFromArray(values, new Float64()) }),
          });
          const field = only(bucket === undefined ? 'x' : { name: 'x', bucket }, from);
          assert.is(field.offsets.length, size + 1);
          for (const [row, x] of values.entries()) {
            const active = Array.from(field.indices.subarray(field.offsets[row], field.offsets[row + 1]));
            assert.equal(active, encodeRow(field, x));
            assert.is(active.length, x === null ? 0 : 1);
          }
          const lows = field.labels.map((label) => Number.parseFloat(label));
          for (let i = 1; i < lows.length; i++) assert.ok((lows[i - 1] as number) < (lows[i] as number));
        },
      ),
      { numRuns: 20 },
    );
  }
});

test.run();
