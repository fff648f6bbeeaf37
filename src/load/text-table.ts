import { DataError } from '../errors.js';
import { assignRoles } from './columns.js';
import { type DuckDB, QueryError, withDuckDB } from './duckdb.js';
import { type ExpectedEnd, eachChunk } from './each-chunk.js';
import { writeEndMarker } from './end-marker.js';
import type { TableKind } from './movielens.js';
import type { ColumnRef, ReadOptions } from './options.js';
import { readCsvSql } from './read-csv-sql.js';
import { readParquetSql } from './read-parquet-sql.js';
import { badCell, scan } from './scan.js';
import { type Sniffed, sniff } from './sniff.js';
import type { Source } from './source.js';

/** A small table (items, users) as text, to be given types by its reader. */
export interface TextTable {
  /** Own names of the columns; `column0`… in a file without a header. */
  names: string[];
  /** Column of each role that was found. */
  roles: Record<string, number | undefined>;
  /** Fields by column, then row; empty fields are null. */
  columns: (string | null)[][];
  rows: number;
  /** The error for a value that breaks a rule, with its line. */
  fault(column: number, row: number, rule: string): Promise<DataError>;
}

export interface TextTableOptions extends ReadOptions {
  columns?: Readonly<Record<string, ColumnRef | undefined>>;
}

/**
 * Reads every column of an items or users file as text.
 *
 * @throws DataError naming file, line, column and value
 */
export async function readTextTable(
  source: Source,
  kind: Exclude<TableKind, 'ratings'>,
  options: TextTableOptions,
): Promise<TextTable> {
  try {
    return await (source.parquet ? fromParquet : fromCsv)(source, kind, options);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new DataError(`${source.label}: ${error.message}`, { file: source.label, line: error.line, cause: error });
  }
}

async function fromCsv(source: Source, kind: TableKind, options: TextTableOptions): Promise<TextTable> {
  const { label, layout } = source;
  const sniffed = await sniff(source, options);
  const { columnCount } = sniffed;
  const roles = assignRoles({
    kind,
    label,
    names: sniffed.names,
    columnCount,
    layout: layout?.columns,
    chosen: options.columns,
  });
  const positions = Array.from({ length: columnCount }, (_, column) => column);
  const names = positions.map((column) => sniffed.names?.[column] || layout?.names?.[column] || `column${column}`);
  const { file: markerFile, token } = await writeEndMarker(source, sniffed, positions);
  const columns = await withDuckDB([source.file, markerFile], async (db) => {
    const read = (strict: boolean): Promise<(string | null)[][]> => {
      const from = readCsvSql(db.fileLiterals, sniffed, new Map(), strict);
      const sql = `SELECT ${positions.map((column) => `c${column}`).join(', ')} FROM ${from}`;
      return collect(db, sql, columnCount, { token }, options);
    };
    try {
      return await read(true);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const facts = await scan(source, sniffed, {
        signal: options.signal,
        check: ({ cell }) => positions.forEach(cell),
      });
      const again = await read(!facts.mixedLineEnds);
      if (again[0]?.length !== facts.rows) throw error;
      return again;
    }
  });
  const rows = columns[0]?.length ?? 0;
  if (rows === 0) throw new DataError(`${label}: the file has a header but no rows`, { file: label });
  const fault = async (column: number, row: number, rule: string): Promise<DataError> =>
    badCell(source, sniffed, await lineOf(source, sniffed, row), column, columns[column]?.[row] ?? '', rule);
  return { names, roles, columns, rows, fault };
}

async function fromParquet(source: Source, kind: TableKind, options: TextTableOptions): Promise<TextTable> {
  const { label } = source;
  const { names, roles, columns } = await withDuckDB([source.file], async (db) => {
    const from = readParquetSql(db.fileLiterals);
    const schema = (await db.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`)) as [
      string,
      string,
    ][];
    const names = schema.map(([name]) => name);
    const roles = assignRoles({ kind, label, names, columnCount: names.length, chosen: options.columns });
    const [total] = await db.rows(`SELECT count(*) FROM ${from}`);
    const sql = `SELECT ${schema.map(([name, type]) => parquetText(name, type)).join(', ')} FROM ${from}`;
    const columns = await collect(db, sql, names.length, { rows: Number(total?.[0]) }, options);
    return { names, roles, columns };
  });
  const rows = columns[0]?.length ?? 0;
  if (rows === 0) throw new DataError(`${label}: the file has no rows`, { file: label });
  const fault = async (column: number, row: number, rule: string): Promise<DataError> => {
    const value = columns[column]?.[row] ?? null;
    const said = value === null ? 'the value is missing' : `${JSON.stringify(value)} ${rule}`;
    const name = names[column] as string;
    return new DataError(`${label}, row ${row + 1}, column ${JSON.stringify(name)}: ${said}`, {
      file: label,
      column: name,
      value,
    });
  };
  return { names, roles, columns, rows, fault };
}

/** The SQL of a Parquet column as text. */
function parquetText(name: string, type: string): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  if (type.endsWith('[]')) return `array_to_string(${column}, '|')`;
  if (type !== 'FLOAT' && type !== 'DOUBLE') return `${column}::VARCHAR`;
  // A whole float, as pandas writes integers when some are missing, reads as the integer.
  return `CASE WHEN ${column} = floor(${column}) AND abs(${column}) < 9e15 THEN ${column}::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`;
}

async function collect(
  db: DuckDB,
  sql: string,
  columnCount: number,
  end: ExpectedEnd,
  options: ReadOptions,
): Promise<(string | null)[][]> {
  const columns = Array.from({ length: columnCount }, (): (string | null)[] => []);
  const rows = await eachChunk(db, sql, end, options.signal, (chunk) => {
    for (const [column, values] of columns.entries()) {
      for (const value of chunk.getColumnValues(column)) values.push(value === '' ? null : (value as string | null));
    }
  });
  for (const values of columns) values.length = rows;
  options.onProgress?.({ phase: 'read', unit: 'rows', done: rows, total: rows });
  return columns;
}

/** The line on which a row begins. */
async function lineOf(source: Source, sniffed: Sniffed, row: number): Promise<number> {
  let found = 0;
  await scan(source, sniffed, {
    check: (record) => {
      if (record.row === row) found = record.line;
    },
  });
  return found;
}
