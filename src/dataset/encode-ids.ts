import { DataType, type Dictionary, type LargeUtf8, type Utf8, type Utf8View, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';
import { columnTypeError, int64Words, rejectNulls, rowError } from './columns.js';
import { distinctStrings } from './distinct-strings.js';
import { distinctWords } from './distinct-words.js';
import { type Id, Vocabulary } from './vocabulary.js';

/** An id column with the vocabulary of its ids: the index of row r is lookup[raw[r] - base]. */
export interface EncodedIds {
  vocabulary: Vocabulary;
  /** (rows) the column itself where it holds int32 ids or one chunk of dictionary codes, else numbers of our own. */
  raw: Int32Array;
  base: number;
  lookup: Uint32Array;
}

/**
 * Reads an id column: any integer or string type, floats that are whole numbers (what `tableFromArrays` makes of plain
 * arrays), or a dictionary of these. Integers within int32 in a column of up to 32 bits or of floats give int32 ids,
 * other integers int64 (bigint) ids. DataError on other types and on nulls. A dictionary may bring ids that no row has.
 */
export function encodeIds(column: Vector, name: string, what: string): EncodedIds {
  rejectNulls(column, name, what);
  const { type } = column;
  if (DataType.isDictionary(type)) return encodeDictionary(column, name, what);
  if (DataType.isUtf8(type)) return encodeStrings(column, name, what);
  if (DataType.isLargeUtf8(type) || DataType.isUtf8View(type)) return encodeDecoded(column);
  if (DataType.isInt(type)) return encodeIntegers(column.toArray(), name, what);
  if (DataType.isFloat(type)) return encodeFloats(column, name, what);
  throw columnTypeError(column, name, what, 'integers or strings');
}

type IntegerArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

function encodeIntegers(values: IntegerArray, name: string, what: string): EncodedIds {
  if (values instanceof Int32Array) return encodeInt32(values);
  if (values instanceof BigInt64Array) return encodeInt64(int64Words(values));
  if (values instanceof BigUint64Array) {
    const words = int64Words(values);
    const row = firstNegative(words, 2, 1);
    if (row >= 0) throw rowError(`${values[row]} is beyond int64`, name, what, row, values[row]);
    return encodeInt64(words);
  }
  if (values instanceof Uint32Array) {
    const signed = new Int32Array(values.buffer, values.byteOffset, values.length);
    return firstNegative(signed, 1, 0) < 0
      ? encodeInt32(signed)
      : encodeInt64(int64Words(BigInt64Array.from(values, BigInt)));
  }
  return encodeInt32(Int32Array.from(values));
}

/** First row whose word is negative, -1 when there is none. */
function firstNegative(words: Int32Array, stride: number, offset: number): number {
  for (let i = offset; i < words.length; i += stride) if ((words[i] as number) < 0) return (i - offset) / stride;
  return -1;
}

function encodeFloats(column: Vector, name: string, what: string): EncodedIds {
  const values = Float64Array.from(column as Iterable<number>);
  let fits = true;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    if (!Number.isSafeInteger(value)) throw rowError(`${value} is not an integer id`, name, what, row, value);
    if (value !== (value | 0)) fits = false;
  }
  return fits ? encodeInt32(Int32Array.from(values)) : encodeInt64(int64Words(BigInt64Array.from(values, BigInt)));
}

function encodeInt32(raw: Int32Array): EncodedIds {
  const direct = directAddress(raw);
  if (direct !== undefined)
    return { vocabulary: new Vocabulary(direct.ids), raw, base: direct.base, lookup: direct.lookup };
  const words = new Int32Array(2 * raw.length);
  for (let row = 0; row < raw.length; row++) words[2 * row] = raw[row] as number;
  const { codes, words: distinct } = distinctWords(words);
  const ids = distinct.filter((_, i) => i % 2 === 0);
  return ranked(new Vocabulary(ids.slice().sort()), codes, ids);
}

/** @param words (2 n) */
function encodeInt64(words: Int32Array): EncodedIds {
  const low = lowWords(words);
  const direct = low === undefined ? undefined : directAddress(low);
  if (low !== undefined && direct !== undefined) {
    const vocabulary = new Vocabulary(BigInt64Array.from(direct.ids, BigInt));
    return { vocabulary, raw: low, base: direct.base, lookup: direct.lookup };
  }
  const { codes, words: distinct, count } = distinctWords(words);
  const ids = new BigInt64Array(distinct.buffer, distinct.byteOffset, count);
  return ranked(new Vocabulary(ids.slice().sort()), codes, ids);
}

/** (n) the values as int32 when all of them fit. */
function lowWords(words: Int32Array): Int32Array | undefined {
  const low = new Int32Array(words.length / 2);
  for (let row = 0; row < low.length; row++) {
    const word = words[2 * row] as number;
    if (words[2 * row + 1] !== word >> 31) return undefined;
    low[row] = word;
  }
  return low;
}

/** A table over the whole range of ids, where that is not much larger than the column; undefined otherwise. */
function directAddress(raw: Int32Array): { ids: Int32Array; base: number; lookup: Uint32Array } | undefined {
  let min = raw[0] ?? 0;
  let max = min;
  for (let row = 1; row < raw.length; row++) {
    const id = raw[row] as number;
    if (id < min) min = id;
    else if (id > max) max = id;
  }
  const range = max - min + 1;
  if (range > 4 * raw.length + 65_536) return undefined;
  const lookup = new Uint32Array(range);
  for (let row = 0; row < raw.length; row++) lookup[(raw[row] as number) - min] = 1;
  let count = 0;
  for (let i = 0; i < range; i++) count += lookup[i] as number;
  const ids = new Int32Array(count);
  let index = 0;
  for (let i = 0; i < range; i++) {
    if (lookup[i] === 0) continue;
    ids[index] = min + i;
    lookup[i] = index++;
  }
  return { ids, base: min, lookup };
}

function encodeStrings(column: Vector<Utf8>, name: string, what: string): EncodedIds {
  try {
    const { codes, strings } = distinctStrings(column);
    return ranked(new Vocabulary(Array.from(new Set(strings)).sort()), codes, strings);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new DataError(`Column \`${name}\` of the ${what} table holds bytes that are not UTF-8`, {
      column: name,
      cause,
    });
  }
}

/** String layouts that are rare enough to decode row by row. */
function encodeDecoded(column: Vector<LargeUtf8 | Utf8View>): EncodedIds {
  const codes = new Int32Array(column.length);
  const known = new Map<string, number>();
  for (let row = 0; row < codes.length; row++) {
    const id = column.get(row) as string;
    let code = known.get(id);
    if (code === undefined) {
      code = known.size;
      known.set(id, code);
    }
    codes[row] = code;
  }
  const strings = Array.from(known.keys());
  return ranked(new Vocabulary(strings.slice().sort()), codes, strings);
}

/** @param distinct id of each code */
function ranked(vocabulary: Vocabulary, codes: Int32Array, distinct: ArrayLike<Id>): EncodedIds {
  const lookup = new Uint32Array(distinct.length);
  for (let code = 0; code < lookup.length; code++) lookup[code] = vocabulary.index(distinct[code] as Id);
  return { vocabulary, raw: codes, base: 0, lookup };
}

/** Chunks may have dictionaries of their own: these are laid end to end and encoded as one column. */
function encodeDictionary(column: Vector<Dictionary>, name: string, what: string): EncodedIds {
  const starts = new Map<Vector, number>();
  const chunks: Vector[] = [];
  let entries = 0;
  for (const { dictionary } of column.data) {
    if (dictionary === undefined || starts.has(dictionary)) continue;
    starts.set(dictionary, entries);
    chunks.push(dictionary);
    entries += dictionary.length;
  }
  const [first, ...rest] = chunks;
  if (first === undefined)
    return { vocabulary: new Vocabulary([]), raw: new Int32Array(0), base: 0, lookup: new Uint32Array(0) };
  const encoded = encodeIds(first.concat(...rest), name, `${what} (dictionary)`);
  const lookup = Uint32Array.from(encoded.raw, (raw) => encoded.lookup[raw - encoded.base] as number);
  const [only] = column.data;
  if (column.data.length === 1 && only?.values instanceof Int32Array) {
    return { vocabulary: encoded.vocabulary, raw: only.values.subarray(0, column.length), base: 0, lookup };
  }
  const raw = new Int32Array(column.length);
  let row = 0;
  for (const { dictionary, values, length } of column.data) {
    const start = starts.get(dictionary as Vector) as number;
    for (let i = 0; i < length; i++) raw[row++] = start + Number(values[i]);
  }
  return { vocabulary: encoded.vocabulary, raw, base: 0, lookup };
}
