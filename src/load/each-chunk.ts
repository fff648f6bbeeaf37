import type { DuckDBDataChunk } from '@duckdb/node-api';
import { type DuckDB, QueryError } from './duckdb.js';

/**
 * Runs `sql` and calls `visit` for each chunk (up to 2,048 rows) in the order of the file, while DuckDB's threads parse
 * ahead. A chunk's memory is only there during the call.
 *
 * @returns the number of rows
 * @throws QueryError when DuckDB finds the data wrong, the signal's reason when aborted
 */
export async function eachChunk(
  db: DuckDB,
  sql: string,
  signal: AbortSignal | undefined,
  visit: (chunk: DuckDBDataChunk, rowsBefore: number) => void,
): Promise<number> {
  const stop = (): void => db.interrupt();
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop);
  let rows = 0;
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
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  return rows;
}
