import {
  Dictionary,
  Float32,
  Int8,
  Int16,
  Int32,
  Int64,
  LargeUtf8,
  makeData,
  makeVector,
  Table,
  TimestampSecond,
  tableFromArrays,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type EncodedIds, encodeIds } from '../../src/dataset/encode-ids.js';
import type { Id } from '../../src/dataset/vocabulary.js';
import { DataError } from '../../src/errors.js';
import { chunked } from './fixtures.js';
import { naiveIds } from './naive-dataset.js';

const encode = (column: Vector): EncodedIds => encodeIds(column, 'userId', 'ratings');
const decoded = ({ vocabulary, raw, base, lookup }: EncodedIds): Id[] =>
  Array.from(raw, (value) => vocabulary.id(lookup[value - base] as number));
const allIds = ({ vocabulary }: EncodedIds): Id[] =>
  Array.from({ length: vocabulary.size }, (_, i) => vocabulary.id(i));

/** Each row decodes to its id and the vocabulary is the sorted set, in one piece, in chunks and in a slice. */
function check(column: Vector, expected: readonly Id[]): void {
  const whole = encode(column);
  assert.equal(decoded(whole), expected);
  assert.equal(allIds(whole), naiveIds(expected));
  const table = new Table({ id: column });
  const pieces = encode(chunked(table).getChild('id') as Vector);
  assert.equal(decoded(pieces), expected);
  assert.equal(allIds(pieces), naiveIds(expected));
  if (expected.length < 3) return;
  assert.equal(decoded(encode(table.slice(1, expected.length - 1).getChild('id') as Vector)), expected.slice(1, -1));
}

test('integer types up to 32 bits give int32 ids', () => {
  const ids = [3, 1, 2, 3, 127, 0, 9, 8, 7, 6, 5];
  for (const type of [new Int8(), new Int16(), new Int32(), new Uint8(), new Uint16(), new Uint32()]) {
    const column = vectorFromArray(ids, type) as Vector;
    check(column, ids);
    assert.is(encode(column).vocabulary.kind, 'int32');
  }
});

test('int64 columns give bigint ids, small or not', () => {
  const small = [3n, -1n, 2n, 3n];
  const large = [2n ** 40n, -1n, 2n ** 40n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 7n, 2n ** 32n + 7n];
  for (const ids of [small, large]) {
    const column = vectorFromArray(ids, new Int64());
    check(column, ids);
    assert.is(encode(column).vocabulary.kind, 'int64');
  }
});

test('unsigned ids beyond the signed range', () => {
  check(vectorFromArray([5, 2 ** 31, 2 ** 32 - 1], new Uint32()), [5n, 2n ** 31n, 2n ** 32n - 1n]);
  check(vectorFromArray([2n ** 62n, 5n], new Uint64()), [2n ** 62n, 5n]);
  assert.throws(
    () => encode(vectorFromArray([5n, 2n ** 63n], new Uint64())),
    /9223372036854775808 is beyond int64.*row 1 /,
  );
});

test('plain arrays of numbers and strings', () => {
  check(tableFromArrays({ id: [3, 1, 2, -5] }).getChild('id') as Vector, [3, 1, 2, -5]);
  check(tableFromArrays({ id: [2 ** 40, 1] }).getChild('id') as Vector, [2n ** 40n, 1n]);
  check(tableFromArrays({ id: ['b', 'a', 'b', 'c', 'b', 'a', 'x', 'y', 'z'] }).getChild('id') as Vector, [
    'b',
    'a',
    'b',
    'c',
    'b',
    'a',
    'x',
    'y',
    'z',
  ]);
  assert.throws(
    () => encode(vectorFromArray([1, 2.5], new Float32())),
    /2\.5 is not an integer id in column `userId`, row 1/,
  );
  assert.throws(() => encode(makeVector(Float64Array.of(Number.NaN))), /NaN is not an integer id/);
});

test('strings of any length and script', () => {
  const ids = ['ä', '', 'a', '\u{1f600}', '\ufb01', 'a', '', 'x', 'long '.repeat(20), '\0'];
  check(vectorFromArray(ids, new Utf8()), ids);
  check(vectorFromArray(ids, new LargeUtf8()) as Vector, ids);
  check(vectorFromArray(ids, new Dictionary(new Utf8(), new Int8())) as Vector, ids);
});

test('a leading byte order mark is dropped, as Arrow does', () => {
  const { vocabulary, raw, lookup } = encode(vectorFromArray(['\ufeffx', 'a', 'x'], new Utf8()));
  assert.equal([vocabulary.size, vocabulary.id(0), vocabulary.id(1)], [2, 'a', 'x']);
  assert.equal(
    Array.from(raw, (code) => lookup[code]),
    [1, 0, 1],
  );
});

test('dictionaries of their own in each chunk', () => {
  const one = new Table({ id: vectorFromArray(['b', 'a', 'b']) });
  const two = new Table({ id: vectorFromArray(['c', 'b', 'd']) });
  const column = one.getChild('id')?.concat(two.getChild('id') as never) as Vector;
  assert.is.not(column.data[0]?.dictionary, column.data[1]?.dictionary);
  check(column, ['b', 'a', 'b', 'c', 'b', 'd']);
});

test('random ids, dense, sparse and wide', () => {
  const column = (ids: number[]): Vector => makeVector(Int32Array.from(ids));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(fc.integer({ min: -40, max: 40 })),
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      ),
      (ids) => check(column(ids), ids),
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (ids) =>
      check(makeVector(BigInt64Array.from(ids)), ids),
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 4 })), (ids) =>
      check(ids.length === 0 ? makeVector(new Int32Array(0)) : vectorFromArray(ids, new Utf8()), ids),
    ),
  );
});

test('more distinct ids than the first table holds', () => {
  const sparse = Int32Array.from({ length: 5000 }, (_, i) => Math.imul(i % 4321, 0x9e3779b1));
  check(makeVector(sparse), Array.from(sparse));
  const multiples = BigInt64Array.from({ length: 5000 }, (_, i) => BigInt(i % 4321) << 40n);
  check(makeVector(multiples), Array.from(multiples));
  const names = Array.from({ length: 5000 }, (_, i) => `user ${(i * 7919) % 4321}`);
  check(vectorFromArray(names, new Utf8()), names);
});

test('int32 columns and single dictionaries are read in place', () => {
  const ids = Int32Array.of(5, 3, 4);
  assert.is(encode(makeVector(ids)).raw.buffer, ids.buffer);
  const dictionary = vectorFromArray(['b', 'a', 'b']);
  assert.is(encode(dictionary).raw.buffer, dictionary.data[0]?.values.buffer);
});

test('what is refused', () => {
  const fails = (column: Vector, message: RegExp): void => {
    assert.throws(
      () => encode(column),
      (error: unknown) => error instanceof DataError && error.column === 'userId' && message.test(error.message),
    );
  };
  fails(vectorFromArray([1, 2, null], new Int32()), /Null in column `userId`, row 2 \(from 0\) of the ratings table/);
  fails(vectorFromArray(['a', null, 'b']), /Null in column `userId`, row 1 /);
  fails(
    makeVector({ type: new TimestampSecond(), data: BigInt64Array.of(1n) } as never),
    /has type Timestamp<SECOND>; expected integers or strings/,
  );
  const broken = makeData({
    type: new Utf8(),
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, 2),
    data: Uint8Array.of(0xff, 0xfe),
  });
  fails(makeVector(broken), /bytes that are not UTF-8/);
});

test.run();
