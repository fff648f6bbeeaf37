import { type ColumnKind, makeSink, type StreamedColumn } from './column-sink.js';
import type { DuckDB } from './duckdb.js';
import { type ExpectedEnd, eachChunk } from './each-chunk.js';
import type { ReadOptions } from './options.js';

export interface StreamOptions extends Pick<ReadOptions, 'signal' | 'onProgress'> {
  /** Estimated rows; memory for them is reserved at once. */
  expectedRows: number;
  /** What shows that the result is complete. A row with the token is left out. */
  end: ExpectedEnd;
}

/**
 * Runs `sql`, whose columns have no nulls, and collects each column in one array.
 *
 * @returns one array a column, all of the same length, and whether all values of the column are real ones
 * @throws QueryError when DuckDB finds the data wrong or ends early, the signal's reason when aborted
 */
export async function streamColumns(
  db: DuckDB,
  sql: string,
  kinds: readonly ColumnKind[],
  options: StreamOptions,
): Promise<{ rows: number; columns: { data: StreamedColumn; valid: boolean }[] }> {
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
