import type { DuckDB, DuckDBBindings } from './duckdb.js';
import { type ExpectedEnd, eachChunk } from './each-chunk.js';
import { Growable, type NumericArray } from './growable.js';
import type { ReadOptions } from './options.js';

/** How a column of a query's result is kept; the SQL casts it to INTEGER, BIGINT, FLOAT, DOUBLE or VARCHAR. */
export type ColumnKind = 'int32' | 'int64' | 'float32' | 'float64' | 'utf8';

/** UTF-8 text of a column without nulls: value i is `bytes[offsets[i] .. offsets[i + 1]]`. */
export interface TextColumn {
  /** rows + 1 */
  offsets: Int32Array;
  bytes: Uint8Array;
}

export type StreamedColumn = Int32Array | BigInt64Array | Float32Array | Float64Array | TextColumn;

interface Sink {
  take(vector: unknown, rows: number): void;
  finish(rows: number): StreamedColumn;
}

export interface StreamOptions extends Pick<ReadOptions, 'signal' | 'onProgress'> {
  /** Estimated rows; memory for them is reserved at once. */
  expectedRows: number;
  /** What shows that the result is complete. A row with the token is left out. */
  end: ExpectedEnd;
}

/**
 * Runs `sql`, whose columns have no nulls, and collects each column in one array.
 *
 * @returns one array a column, all of the same length
 * @throws QueryError when DuckDB finds the data wrong or ends early, the signal's reason when aborted
 */
export async function streamColumns(
  db: DuckDB,
  sql: string,
  kinds: readonly ColumnKind[],
  options: StreamOptions,
): Promise<{ rows: number; columns: StreamedColumn[] }> {
  const { signal, onProgress, expectedRows, end } = options;
  const sinks = kinds.map((kind) => makeSink(kind, expectedRows + 1, db.bindings));
  let told = performance.now();
  const rows = await eachChunk(db, sql, end, signal, (chunk, rowsBefore) => {
    const count = chunk.rowCount;
    for (const [column, sink] of sinks.entries())
      sink.take(db.bindings.data_chunk_get_vector(chunk.chunk, column), count);
    if (onProgress === undefined) return;
    const now = performance.now();
    if (now - told < 200) return;
    told = now;
    const done = rowsBefore + count;
    onProgress({ phase: 'read', unit: 'rows', done, total: Math.max(done, expectedRows) });
  });
  onProgress?.({ phase: 'read', unit: 'rows', done: rows, total: rows });
  return { rows, columns: sinks.map((sink) => sink.finish(rows)) };
}

function makeSink(kind: ColumnKind, rows: number, bindings: DuckDBBindings): Sink {
  switch (kind) {
    case 'int32':
      return numericSink(Int32Array, rows, bindings);
    case 'int64':
      return numericSink(BigInt64Array, rows, bindings);
    case 'float32':
      return numericSink(Float32Array, rows, bindings);
    case 'float64':
      return numericSink(Float64Array, rows, bindings);
    case 'utf8':
      return textSink(rows, bindings);
  }
}

interface ArrayType<T> {
  new (length: number): T;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

function numericSink<T extends Exclude<NumericArray, Uint8Array>>(
  Type: ArrayType<T>,
  rows: number,
  bindings: DuckDBBindings,
): Sink {
  const values = new Growable<T>((length) => new Type(length), rows);
  return {
    take(vector, count): void {
      const bytes = bindings.vector_get_data(vector, count * Type.BYTES_PER_ELEMENT);
      values.append(new Type(bytes.buffer, bytes.byteOffset, count));
    },
    finish: (rows) => values.finish(rows) as StreamedColumn,
  };
}

/** DuckDB's string: 4 bytes of length, then up to 12 bytes of text, or 4 of prefix and a pointer to the text. */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;
const MAX_TEXT = 2 ** 31 - 1;

function textSink(rows: number, bindings: DuckDBBindings): Sink {
  const offsets = new Growable<Int32Array>((length) => new Int32Array(length), rows + 1);
  const text = new Growable<Uint8Array>((length) => new Uint8Array(length), rows * 8);
  offsets.append(Int32Array.of(0));
  return {
    take(vector, count): void {
      const bytes = bindings.vector_get_data(vector, count * STRING_BYTES);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const ends = offsets.reserve(count);
      for (let row = 0; row < count; row++) {
        const at = row * STRING_BYTES;
        const length = view.getUint32(at, true);
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
      return { offsets: ends, bytes: text.finish(ends[length]) };
    },
  };
}
