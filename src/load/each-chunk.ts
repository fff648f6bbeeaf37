import type { DuckDBDataChunk } from '@duckdb/node-api';
import { type DuckDB, QueryError } from './duckdb.js';

/** How a complete result is told from one that ended early: by its number of rows, or by a last row with a token. */
export type ExpectedEnd = { rows: number } | { token: number };

/**
 * Runs `sql` and calls `visit` for each chunk (up to 2,048 rows) in the order of the file, while DuckDB's threads parse
 * ahead. A chunk's memory is only there during the call.
 *
 * @param end - for a token, the last row, whose first column holds it, is visited but not counted
 * @returns the number of rows
 * @throws QueryError when DuckDB finds the data wrong or ends early, the signal's reason when aborted
 */
export async function eachChunk(
  db: DuckDB,
  sql: string,
  end: ExpectedEnd,
  signal: AbortSignal | undefined,
  visit: (chunk: DuckDBDataChunk, rowsBefore: number) => void,
): Promise<number> {
  const stop = (): void => db.interrupt();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop);
  let rows = 0;
  let last: DuckDBDataChunk | undefined;
  try {
    const result = await db.stream(sql);
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await result.fetchChunk().catch((error: unknown) => {
        throw new QueryError(error);
      });
      if (chunk === null || chunk.rowCount === 0) break;
      visit(chunk, rows);
      // Asking the chunk again keeps it alive until its memory has been copied.
      rows += chunk.rowCount;
      last = chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  if ('rows' in end) {
    if (rows === end.rows) return rows;
  } else if (String(last?.getColumnVector(0).getItem(last.rowCount - 1)) === String(end.token)) {
    return rows - 1;
  }
  // Most often the failure of a later part of the file, whose message the binding does not give.
  throw new QueryError('it could not be read to its end');
}
