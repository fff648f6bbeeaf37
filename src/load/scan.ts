import { createReadStream } from 'node:fs';
import { DataError } from '../errors.js';
import { cellText } from './cell-text.js';
import { RecordParser, type TextRecord } from './record-parser.js';
import type { Sniffed } from './sniff.js';
import type { Source } from './source.js';

/** A record whose form is right, as `scan` hands it out. */
export interface ScannedRow {
  /** 1-based line on which the record begins, the header included. */
  line: number;
  /** 0-based number among the rows with data. */
  row: number;
  /** The field of a column as text; throws when its bytes are not in the file's encoding. */
  cell(column: number): string;
}

export interface ScanOptions {
  signal?: AbortSignal | undefined;
  /**
   * Called for each row with data; looks at the columns that matter and throws (see `badCell`) when a value breaks a
   * rule.
   */
  check(row: ScannedRow): void;
}

/**
 * Reads a delimited file slowly and exactly, from its first line on, to say which line is the first wrong one. Only
 * used when DuckDB's fast read failed or gave something that may not be.
 *
 * @returns how many rows with data there are, and whether some lines end with `\r\n` and others with `\n`
 * @throws DataError for the first record with too few or too many fields, a bad quote or an invalid byte; what `check`
 *   throws
 */
export async function scan(
  source: Source,
  sniffed: Sniffed,
  options: ScanOptions,
): Promise<{ rows: number; mixedLineEnds: boolean }> {
  const { label } = source;
  const { columnCount, encoding } = sniffed;
  const parser = new RecordParser(sniffed.dialect);
  let headerLeft = sniffed.names !== undefined;
  let row = 0;
  const visit = (record: TextRecord): void => {
    const { line, cells, problem } = record;
    if (headerLeft) {
      headerLeft = false;
      return;
    }
    if (problem !== undefined) throw new DataError(`${label}, line ${line}: ${problem}`, { file: label, line });
    // As for DuckDB, empty fields behind the last column do not count.
    while (cells.length > columnCount && cells.at(-1) === '') cells.pop();
    if (cells.length !== columnCount) {
      const few = cells.length < columnCount ? 'too few' : 'too many';
      throw new DataError(`${label}, line ${line}: ${few} fields: ${cells.length} instead of ${columnCount}`, {
        file: label,
        line,
      });
    }
    const cell = (column: number): string => {
      const text = cellText(cells[column] as string, encoding);
      if (text === undefined) throw badEncoding(label, sniffed, line, column, cells);
      return text;
    };
    options.check({ line, row, cell });
    row += 1;
  };
  let atStart = true;
  const stream = createReadStream(source.file, { encoding: 'latin1', highWaterMark: 2 ** 17, signal: options.signal });
  try {
    for await (const piece of stream as AsyncIterable<string>) {
      const text = atStart && piece.startsWith('\xef\xbb\xbf') ? piece.slice(3) : piece;
      atStart = false;
      for (const record of parser.push(text)) visit(record);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
  for (const record of parser.finish()) visit(record);
  return { rows: row, mixedLineEnds: parser.mixedLineEnds };
}

/** The name of a column, or its position where the file has no header. */
export function columnName(sniffed: Pick<Sniffed, 'names'>, column: number): string {
  return sniffed.names?.[column] ?? String(column);
}

/** A DataError for one value: `file, line 3, column "rating": "abc" is not a number`. */
export function badCell(
  source: Source,
  sniffed: Pick<Sniffed, 'names'>,
  line: number,
  column: number,
  value: string,
  rule: string,
): DataError {
  const name = columnName(sniffed, column);
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  const what = value.trim() === '' ? 'the field is empty' : `${JSON.stringify(shown)} ${rule}`;
  const where = sniffed.names === undefined ? `column ${name}` : `column ${JSON.stringify(name)}`;
  return new DataError(`${source.label}, line ${line}, ${where}: ${what}`, {
    file: source.label,
    line,
    column: name,
    value,
  });
}

function badEncoding(
  label: string,
  sniffed: Sniffed,
  line: number,
  column: number,
  cells: readonly string[],
): DataError {
  const value = Buffer.from(cells[column] as string, 'latin1').toString('utf8');
  const name = columnName(sniffed, column);
  return new DataError(
    `${label}, line ${line}, column ${JSON.stringify(name)}: ${JSON.stringify(value)} is not valid UTF-8; if the file is latin-1, set \`encoding: 'latin-1'\` (\`--encoding latin-1\`)`,
    { file: label, line, column: name, value },
  );
}
