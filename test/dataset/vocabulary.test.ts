import { Float64, Int32, Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Id, Vocabulary } from '../../src/dataset/vocabulary.js';
import { DataError } from '../../src/errors.js';

const ints = new Vocabulary(Int32Array.of(-7, 0, 5, 50, 2147483647));
const longs = new Vocabulary(BigInt64Array.of(-(2n ** 63n), -1n, 5n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n));
const strings = new Vocabulary(['', '10', '5', 'B', 'a', 'anna', 'ä', '\u{1f600}', '\ufb01']);

test('id and index are inverse', () => {
  for (const vocabulary of [ints, longs, strings]) {
    for (let i = 0; i < vocabulary.size; i++) assert.is(vocabulary.index(vocabulary.id(i)), i);
    assert.throws(
      () => vocabulary.id(-1),
      (error: unknown) => error instanceof RangeError,
    );
    assert.throws(
      () => vocabulary.id(vocabulary.size),
      (error: unknown) => error instanceof RangeError,
    );
    assert.throws(
      () => vocabulary.id(0.5),
      (error: unknown) => error instanceof RangeError,
    );
  }
  assert.equal(ints.ids([2, 0, 2]), [5, -7, 5]);
});

test('integer ids are found as number, bigint and decimal text', () => {
  for (const id of [5, 5n, '5'] as Id[]) {
    assert.is(ints.index(id), 2);
    assert.is(longs.index(id), 2);
  }
  assert.is(ints.index('-7'), 0);
  assert.is(ints.index(-0), 1);
  assert.is(longs.index('-9223372036854775808'), 0);
  assert.is(longs.index('9007199254740993'), 4);
});

test('nothing else is a hit', () => {
  const wrong: unknown[] = [5.5, '05', '5.0', ' 5', '5 ', '+5', '-0', '0x5', '5e0', 'five', Number.NaN, Infinity];
  wrong.push(2 ** 32 + 5, 2n ** 64n + 5n, '18446744073709551621', null, undefined, {}, [5], true);
  for (const id of wrong) {
    assert.is(ints.index(id as Id), -1, `int32 ${String(id)}`);
    assert.is(longs.index(id as Id), -1, `int64 ${String(id)}`);
    assert.is(strings.index(id as Id), -1, `string ${String(id)}`);
  }
  assert.is(ints.index(''), -1);
  assert.is(longs.index(''), -1);
  // 2^53 + 1 is not a number: 2^53 may be either.
  assert.is(longs.index(2 ** 53), -1);
  assert.is(strings.index(5), -1);
  assert.is(strings.index(5n), -1);
});

test('unknown ids name the data', () => {
  const users = new Vocabulary(Int32Array.from({ length: 610 }, (_, i) => i + 1));
  const fails = (vocabulary: Vocabulary, id: Id, message: string): void => {
    try {
      vocabulary.expectIndex(id, 'user');
      assert.unreachable();
    } catch (error) {
      assert.instance(error, DataError);
      assert.is((error as DataError).message, message);
      assert.is((error as DataError).code, 'ERR_PALATE_UNKNOWN_ID');
      assert.is((error as DataError).value, id);
    }
  };
  assert.is(users.expectIndex('610', 'user'), 609);
  fails(users, 99999, 'Unknown user 99999; the data has 610 users with ids 1 … 610');
  fails(users, 'x', 'Unknown user "x"; the data has 610 users with ids 1 … 610');
  fails(
    new Vocabulary(['anna']),
    'Ana',
    'Unknown user "Ana"; the data has 1 user with string ids; did you mean "anna"?',
  );
  fails(new Vocabulary(['5']), 5, 'Unknown user 5; the data has 1 user with string ids; did you mean "5"?');
  fails(new Vocabulary([]), 5, 'Unknown user 5; the data has 0 users');
});

test('vectors keep ids, order and memory, through IPC too', () => {
  for (const vocabulary of [ints, longs, strings, new Vocabulary([]), new Vocabulary(new Int32Array(0))]) {
    assert.ok(Vocabulary.fromVector(vocabulary.toVector()).equals(vocabulary));
    const copy = tableFromIPC(tableToIPC(new Table({ id: vocabulary.toVector() }))).getChild('id');
    assert.ok(copy !== null && Vocabulary.fromVector(copy).equals(vocabulary));
  }
  const ids = Int32Array.of(1, 2, 3);
  assert.is(new Vocabulary(ids).toVector().data[0]?.values, ids);
});

test('fromVector refuses what is no vocabulary', () => {
  for (const vector of [
    vectorFromArray([1, 1], new Int32()),
    vectorFromArray([2, 1, 2], new Int32()),
    vectorFromArray(['b', 'a', 'c', 'b'], new Utf8()),
    vectorFromArray([1, null], new Int32()),
    vectorFromArray([1, 2], new Float64()),
  ]) {
    assert.throws(
      () => Vocabulary.fromVector(vector),
      (error: unknown) => error instanceof DataError,
    );
  }
});

test('subset and union', () => {
  assert.ok(ints.subset(Uint32Array.of(1, 3)).equals(new Vocabulary(Int32Array.of(0, 50))));
  assert.ok(longs.subset(Uint32Array.of(2)).equals(new Vocabulary(BigInt64Array.of(5n))));
  assert.ok(strings.subset(Uint32Array.of(0, 8)).equals(new Vocabulary(['', '\ufb01'])));
  const some = new Vocabulary(Int32Array.of(4, 5));
  assert.ok(ints.union(some).equals(new Vocabulary(Int32Array.of(-7, 0, 4, 5, 50, 2147483647))));
  assert.is(longs.union(some).size, 7);
  assert.is(longs.union(some).kind, 'int64');
  assert.ok(
    strings
      .union(new Vocabulary(['C']))
      .equals(new Vocabulary(['', '10', '5', 'B', 'C', 'a', 'anna', 'ä', '\u{1f600}', '\ufb01'])),
  );
  assert.throws(
    () => strings.union(ints),
    (error: unknown) => error instanceof DataError,
  );
});

test('ids that join stand behind those that are there, in ascending order, and all are found', () => {
  const both = ints.extend(new Vocabulary(Int32Array.of(-9, 5, 7, 60)));
  assert.equal(both.ids([0, 1, 2, 3, 4, 5, 6, 7]), [-7, 0, 5, 50, 2147483647, -9, 7, 60]);
  for (let i = 0; i < both.size; i++) assert.is(both.index(both.id(i)), i);
  for (const id of [-8, 6, 61, 2147483646]) assert.is(both.index(id), -1);
  assert.throws(() => both.expectIndex(6, 'user'), /8 users with ids -9 … 2147483647$/);
  assert.is(ints.extend(new Vocabulary(Int32Array.of(0, 5))), ints);
  const words = strings.extend(new Vocabulary(['5', 'C', '~', 'Z']));
  assert.equal(words.ids([9, 10, 11]), ['C', 'Z', '~']);
  for (let i = 0; i < words.size; i++) assert.is(words.index(words.id(i)), i);
  const wide = ints.extend(longs);
  assert.is(wide.kind, 'int64');
  assert.equal(wide.ids([0, 4, 5]), [-7n, 2147483647n, -(2n ** 63n)]);
  assert.is(longs.extend(ints).id(6), -7n);
  for (const vocabulary of [
    both,
    words,
    wide,
    both.extend(longs),
    both.extend(ints.extend(new Vocabulary(Int32Array.of(1)))),
  ]) {
    const again = Vocabulary.fromVector(vocabulary.toVector());
    assert.ok(again.equals(vocabulary));
    for (let i = 0; i < again.size; i++) assert.is(again.index(vocabulary.id(i)), i);
  }
  assert.throws(
    () => strings.extend(ints),
    (error: unknown) => error instanceof DataError,
  );
});

test('equals tells kinds and ids apart', () => {
  assert.ok(ints.equals(new Vocabulary(Int32Array.of(-7, 0, 5, 50, 2147483647))));
  assert.not(ints.equals(new Vocabulary(Int32Array.of(-7, 0, 5, 51, 2147483647))));
  assert.not(new Vocabulary(Int32Array.of(5)).equals(new Vocabulary(BigInt64Array.of(5n))));
  assert.not(ints.equals(new Vocabulary(Int32Array.of(-7))));
});

test.run();
