import { DataError } from '../errors.js';
import { type ColumnKind, MARKS } from './column-sink.js';
import { assignRoles } from './columns.js';
import { type DuckDB, QueryError, sqlText, withDuckDB } from './duckdb.js';
import type { IdKind } from './id-kind.js';
import type { RatingColumn, ReadRatingsOptions } from './ratings-columns.js';
import { TRIM_SET } from './read-csv-sql.js';
import { readParquetSql } from './read-parquet-sql.js';
import type { Source } from './source.js';
import { streamColumns } from './stream-columns.js';

/** One column to read: its SQL never gives NULL, a bad value gives what its `ColumnSink` knows for one. */
interface Part {
  name: RatingColumn['name'];
  column: string;
  kind: ColumnKind;
  sql: string;
}

/**
 * Reads ratings from a Parquet file. Ids are judged by their values, whatever type the file gives them.
 *
 * @throws DataError naming file, row, column and value
 */
export async function readParquetRatings(source: Source, options: ReadRatingsOptions): Promise<RatingColumn[]> {
  try {
    return await withDuckDB([source.file], (db) => read(db, source, options));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new DataError(`${source.label}: ${error.message}`, { file: source.label, cause: error });
  }
}

async function read(db: DuckDB, source: Source, options: ReadRatingsOptions): Promise<RatingColumn[]> {
  const from = readParquetSql(db.fileLiterals);
  const schema = (await db.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`)) as [
    string,
    string,
  ][];
  const names = schema.map(([name]) => name);
  const { label } = source;
  const roles = assignRoles({ kind: 'ratings', label, names, columnCount: names.length, chosen: options.columns });
  const quoted = (column: number): string => quoteName(names[column] as string);
  const typeOf = (column: number): string => (schema[column] as [string, string])[1];
  const ids = { user: roles.user as number, item: roles.item as number };
  const [facts] = await db.rows(
    `SELECT count(*), ${kindFacts(quoted(ids.user), typeOf(ids.user))}, ${kindFacts(quoted(ids.item), typeOf(ids.item))} FROM ${from}`,
  );
  const expectedRows = Number(facts?.[0]);
  if (expectedRows === 0) throw new DataError(`${label}: the file has no rows`, { file: label });

  const parts: Part[] = [];
  for (const [name, column, at] of [
    ['userId', ids.user, 1],
    ['itemId', ids.item, 3],
  ] as const) {
    const kind: IdKind = facts?.[at] === true ? 'int32' : facts?.[at + 1] === true ? 'int64' : 'utf8';
    parts.push({ name, column: quoted(column), kind, sql: idSql(quoted(column), typeOf(column), kind) });
  }
  if (roles.rating !== undefined) {
    const column = quoted(roles.rating);
    parts.push({
      name: 'rating',
      column,
      kind: 'float32',
      sql: `coalesce(try_cast(${column} AS FLOAT), 'nan'::FLOAT)`,
    });
  }
  if (roles.time !== undefined) {
    const column = quoted(roles.time);
    parts.push({
      name: 'time',
      column,
      kind: 'float64',
      sql: `coalesce(${timeSql(column, typeOf(roles.time))}, 'nan'::DOUBLE)`,
    });
  }
  const sql = `SELECT ${parts.map((part) => part.sql).join(', ')} FROM ${from}`;
  const { rows, columns } = await streamColumns(
    db,
    sql,
    parts.map((part) => part.kind),
    { ...options, expectedRows, end: { rows: expectedRows } },
  );
  for (const [i, { valid }] of columns.entries()) if (!valid) throw await firstBad(db, label, parts[i] as Part);
  return columns.map(({ data }, i) => ({ name: (parts[i] as Part).name, length: rows, data }));
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An id as text; a float that is whole (pandas writes ids so when some are missing) reads as the integer. */
function idText(column: string, type: string): string {
  const text = /^(FLOAT|DOUBLE|DECIMAL)/.test(type)
    ? `CASE WHEN ${column} = floor(${column}) AND abs(${column}) < 9e18 THEN ${column}::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`
    : `${column}::VARCHAR`;
  return `trim(${text}, ${sqlText(TRIM_SET)})`;
}

const INTEGER_TYPE = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/;
const SQL_TYPES = { int32: 'INTEGER', int64: 'BIGINT' } as const;

function idSql(column: string, type: string, kind: IdKind): string {
  if (kind === 'utf8') return `coalesce(${idText(column, type)}, '')`;
  const value = INTEGER_TYPE.test(type) ? column : idText(column, type);
  return `coalesce(CAST(${value} AS ${SQL_TYPES[kind]}), ${MARKS[kind].sql})`;
}

/** Two aggregates: whether all ids that are there are usual INTEGERs, and BIGINTs, without the marks. */
function kindFacts(column: string, type: string): string {
  return (['int32', 'int64'] as const)
    .map((kind) => {
      if (INTEGER_TYPE.test(type)) {
        return `coalesce(min(${column}) > ${MARKS[kind].sql} AND max(${column}) <= ${kind === 'int32' ? 2 ** 31 - 1 : 2n ** 63n - 1n}, true)`;
      }
      const text = idText(column, type);
      const value = `try_cast(${text} AS ${SQL_TYPES[kind]})`;
      return `bool_and(${text} IS NULL OR coalesce(${value}::VARCHAR = ${text} AND ${value} <> ${MARKS[kind].sql}, false))`;
    })
    .join(', ');
}

function timeSql(column: string, type: string): string {
  if (/^(TIMESTAMP|DATE)/.test(type)) return `epoch(${column})`;
  if (type === 'VARCHAR') return `coalesce(try_cast(${column} AS DOUBLE), epoch(try_cast(${column} AS TIMESTAMPTZ)))`;
  return `try_cast(${column} AS DOUBLE)`;
}

/** The first row of which a column's value is none: with its number, as Parquet has no lines. */
async function firstBad(db: DuckDB, label: string, { name, column, kind, sql }: Part): Promise<DataError> {
  const wrong = kind.startsWith('float')
    ? `NOT isfinite(${sql})`
    : kind === 'utf8'
      ? `${sql} = ''`
      : `${column} IS NULL`;
  const [row] = await db.rows(
    `SELECT file_row_number, ${column}::VARCHAR FROM ${readParquetSql(db.fileLiterals, true)} WHERE ${wrong} ORDER BY 1 LIMIT 1`,
  );
  const value = row?.[1] ?? null;
  const said =
    value === null
      ? 'the value is missing'
      : `${JSON.stringify(value)} is not ${name.endsWith('Id') ? 'an id' : 'a finite number'}`;
  const bare = column.slice(1, -1).replaceAll('""', '"');
  return new DataError(`${label}, row ${Number(row?.[0]) + 1}, column ${JSON.stringify(bare)}: ${said}`, {
    file: label,
    column: bare,
    value,
  });
}
