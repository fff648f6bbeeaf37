import type { DuckDBBindings } from './duckdb.js';
import { Growable, type NumericArray } from './growable.js';

/** How a column of a query's result is kept; the SQL casts it to INTEGER, BIGINT, FLOAT, DOUBLE or VARCHAR. */
export type ColumnKind = 'int32' | 'int64' | 'float32' | 'float64' | 'utf8';

/** UTF-8 text of a column without nulls: value i is `bytes[offsets[i] .. offsets[i + 1]]`. */
export interface TextColumn {
  /** rows + 1 */
  offsets: Int32Array;
  bytes: Uint8Array;
}

export type StreamedColumn = Int32Array | BigInt64Array | Float32Array | Float64Array | TextColumn;

/** What stands for "no integer of this kind" in an id column while it is read. */
export const MARKS: { int32: { value: number; sql: string }; int64: { value: bigint; sql: string } } = {
  int32: { value: -2147483648, sql: 'CAST(-2147483648 AS INTEGER)' },
  int64: { value: -9223372036854775808n, sql: "CAST('-9223372036854775808' AS BIGINT)" },
};

/** Collects a column from the vectors of a query's chunks. */
export interface ColumnSink {
  take(vector: unknown, rows: number): void;
  /** The first `rows` values, and whether each is a real one: no mark, a finite number, a text that is not empty. */
  finish(rows: number): { data: StreamedColumn; valid: boolean };
}

/** @param rows - expected; memory for them is reserved at once */
export function makeSink(kind: ColumnKind, rows: number, bindings: DuckDBBindings): ColumnSink {
  switch (kind) {
    case 'int32':
      return numericSink(Int32Array, rows, bindings, (ids) => ids.indexOf(MARKS.int32.value));
    case 'int64':
      return numericSink(BigInt64Array, rows, bindings, (ids) => ids.indexOf(MARKS.int64.value));
    case 'float32':
      return numericSink(Float32Array, rows, bindings, notFinite32);
    case 'float64':
      return numericSink(Float64Array, rows, bindings, notFinite64);
    case 'utf8':
      return textSink(rows, bindings);
  }
}

// Two functions, as one that sees both kinds of array runs several times slower.

function notFinite32(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

function notFinite64(values: Float64Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

interface ArrayType<T> {
  new (length: number): T;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** @param firstBad - index of the first value that is no real one, -1 when there is none */
function numericSink<T extends Exclude<NumericArray, Uint8Array>>(
  Type: ArrayType<T>,
  rows: number,
  bindings: DuckDBBindings,
  firstBad: (values: T) => number,
): ColumnSink {
  const values = new Growable<T>((length) => new Type(length), rows);
  let invalidFrom = Number.POSITIVE_INFINITY;
  return {
    take(vector, count): void {
      const bytes = bindings.vector_get_data(vector, count * Type.BYTES_PER_ELEMENT);
      const chunk = new Type(bytes.buffer, bytes.byteOffset, count);
      // Here, not at the end: the chunk is in the cache, and other threads parse meanwhile.
      const bad = firstBad(chunk);
      if (bad >= 0) invalidFrom = Math.min(invalidFrom, values.length + bad);
      values.append(chunk);
    },
    finish: (rows) => ({ data: values.finish(rows) as StreamedColumn, valid: invalidFrom >= rows }),
  };
}

/** DuckDB's string: 4 bytes of length, then up to 12 bytes of text, or 4 of prefix and a pointer to the text. */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;
const MAX_TEXT = 2 ** 31 - 1;

function textSink(rows: number, bindings: DuckDBBindings): ColumnSink {
  const offsets = new Growable<Int32Array>((length) => new Int32Array(length), rows + 1);
  const text = new Growable<Uint8Array>((length) => new Uint8Array(length), rows * 8);
  let invalidFrom = Number.POSITIVE_INFINITY;
  offsets.append(Int32Array.of(0));
  return {
    take(vector, count): void {
      const bytes = bindings.vector_get_data(vector, count * STRING_BYTES);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const ends = offsets.reserve(count);
      for (let row = 0; row < count; row++) {
        const at = row * STRING_BYTES;
        const length = view.getUint32(at, true);
        if (length === 0) invalidFrom = Math.min(invalidFrom, offsets.length - 1 + row);
        if (text.length + length > MAX_TEXT) throw new RangeError('A text column of more than 2 GiB cannot be held');
        const out = text.reserve(length);
        const from = text.length;
        if (length <= INLINE_BYTES) {
          for (let i = 0; i < length; i++) out[from + i] = bytes[at + 4 + i] as number;
        } else {
          out.set(bindings.get_data_from_pointer(bytes.buffer, bytes.byteOffset + at + 8, length), from);
        }
        text.commit(length);
        ends[offsets.length + row] = text.length;
      }
      offsets.commit(count);
    },
    finish: (length) => {
      const ends = offsets.finish(length + 1);
      return { data: { offsets: ends, bytes: text.finish(ends[length]) }, valid: invalidFrom >= length };
    },
  };
}
