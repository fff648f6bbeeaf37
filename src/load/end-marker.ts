import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Sniffed } from './sniff.js';
import type { Source } from './source.js';

/**
 * A small file, read behind the data, whose one row proves that all the data came before it. DuckDB's streaming results
 * need that: one that fails in the middle ends just like one that is complete, and its error cannot be asked for.
 */
export interface EndMarker {
  file: string;
  /** What stands in the marked columns of the row. */
  token: number;
}

/** Writes a marker in the form of the sniffed file; the columns that are not in `columns` are empty. */
export async function writeEndMarker(source: Source, sniffed: Sniffed, columns: readonly number[]): Promise<EndMarker> {
  const { columnCount, dialect, lineEnd, skip } = sniffed;
  const token = randomInt(2 ** 30, 2 ** 31 - 1);
  const cells = Array.from({ length: columnCount }, (_, column) => (columns.includes(column) ? `${token}` : ''));
  // As many lines as are skipped at the head of the data are skipped here.
  const text = `x${lineEnd}`.repeat(skip) + cells.join(dialect.delimiter) + lineEnd;
  const file = await source.temporary.newFile();
  await writeFile(file, text, { encoding: 'latin1', flag: 'wx', mode: 0o600 });
  return { file, token };
}
