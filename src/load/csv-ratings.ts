import { DataError } from '../errors.js';
import { type ColumnKind, MARKS, type StreamedColumn } from './column-sink.js';
import { assignRoles } from './columns.js';
import { isDateTime } from './date-time.js';
import { type DuckDB, QueryError, sqlText, withDuckDB } from './duckdb.js';
import { type EndMarker, writeEndMarker } from './end-marker.js';
import { type IdKind, idKindOf, trimId, widerIdKind } from './id-kind.js';
import { parseNumber } from './number-text.js';
import type { RatingColumn, ReadRatingsOptions } from './ratings-columns.js';
import { readCsvSql, TRIM_SET } from './read-csv-sql.js';
import { badCell, scan } from './scan.js';
import { type Sniffed, sniff } from './sniff.js';
import type { Source } from './source.js';
import { streamColumns } from './stream-columns.js';

const EXACT_BYTES = 256 * 2 ** 20;

/** How each column is read. */
interface Plan {
  user: IdKind;
  item: IdKind;
  time: 'number' | 'date';
  /**
   * Ids are read as text and checked one by one; otherwise DuckDB converts them, which also takes `007` or `7.0` for 7.
   */
  exact: boolean;
  /** Integer ids may have spaces around them (text ids are always rid of them). */
  spaced: boolean;
  /** False: lines may end in both ways. */
  strict: boolean;
}

type Roles = Record<string, number | undefined>;

/**
 * Reads a delimited ratings file in one pass; a second one follows when ids turn out to be of another kind than the
 * sample showed, or to find the line that is wrong.
 *
 * @param exactBytes - up to this size every id is checked to be a usual integer; above, those in the sampled places
 * @throws DataError naming file, line, column and value
 */
export async function readCsvRatings(
  source: Source,
  options: ReadRatingsOptions,
  exactBytes: number = EXACT_BYTES,
): Promise<RatingColumn[]> {
  const sniffed = await sniff(source, options);
  const roles = assignRoles({
    kind: 'ratings',
    label: source.label,
    names: sniffed.names,
    columnCount: sniffed.columnCount,
    numeric: numericColumns(sniffed),
    layout: source.layout?.columns,
    chosen: options.columns,
  });
  const plan = planFrom(sniffed, roles, source.size <= exactBytes);
  const marker = await writeEndMarker(source, sniffed, [roles.user as number, roles.item as number]);
  return await withDuckDB([source.file, marker.file], async (db) => {
    const first = await attempt(db, marker, sniffed, roles, plan, options);
    if (first.columns !== undefined) return notEmpty(source, first.columns);
    const facts = await findFault(source, sniffed, roles, plan, options);
    const second = await attempt(db, marker, sniffed, roles, { ...plan, ...facts, exact: true, spaced: true }, options);
    if (second.columns !== undefined && second.columns[0]?.length === facts.rows)
      return notEmpty(source, second.columns);
    const error = second.error ?? first.error;
    throw new DataError(`${source.label}: ${error?.message ?? 'its rows cannot be told apart'}`, {
      file: source.label,
      line: error?.line,
      cause: error,
    });
  });
}

function notEmpty(source: Source, columns: RatingColumn[]): RatingColumn[] {
  if (columns[0]?.length !== 0) return columns;
  throw new DataError(`${source.label}: the file has a header but no rows`, { file: source.label });
}

function numericColumns({ sample, columnCount }: Sniffed): boolean[] {
  return Array.from({ length: columnCount }, (_, column) =>
    sample.every((cells) => !Number.isNaN(parseNumber(cells[column] as string))),
  );
}

function planFrom(sniffed: Sniffed, roles: Roles, exact: boolean): Plan {
  const kindOf = (column: number): IdKind => {
    let kind: IdKind = 'int32';
    for (const cells of sniffed.sample) {
      const id = trimId(cells[column] as string);
      if (id !== '') kind = widerIdKind(kind, idKindOf(id));
    }
    return kind;
  };
  const { time } = roles;
  const date = time !== undefined && isDateTime(sniffed.sample[0]?.[time] ?? '');
  return {
    user: kindOf(roles.user as number),
    item: kindOf(roles.item as number),
    time: date ? 'date' : 'number',
    exact,
    spaced: false,
    strict: true,
  };
}

/** One pass of DuckDB. No columns: the data is wrong, or not as planned. */
async function attempt(
  db: DuckDB,
  { token }: EndMarker,
  sniffed: Sniffed,
  roles: Roles,
  plan: Plan,
  options: ReadRatingsOptions,
): Promise<{ columns?: RatingColumn[]; error?: QueryError }> {
  const types = new Map<number, string>();
  const parts: { name: RatingColumn['name']; kind: ColumnKind; sql: string }[] = [];
  for (const [name, column, kind] of [
    ['userId', roles.user as number, plan.user],
    ['itemId', roles.item as number, plan.item],
  ] as const) {
    const typed = !plan.exact && kind !== 'utf8';
    types.set(column, typed ? SQL_TYPES[kind] : 'VARCHAR');
    parts.push({
      name,
      kind,
      sql: typed ? `coalesce(c${column}, ${MARKS[kind].sql})` : idSql(column, kind, plan.spaced),
    });
  }
  if (roles.rating !== undefined) {
    types.set(roles.rating, 'FLOAT');
    parts.push({ name: 'rating', kind: 'float32', sql: `coalesce(c${roles.rating}, 'nan'::FLOAT)` });
  }
  if (roles.time !== undefined) {
    const date = plan.time === 'date';
    types.set(roles.time, date ? 'TIMESTAMPTZ' : 'DOUBLE');
    const seconds = date ? `epoch(c${roles.time})` : `c${roles.time}`;
    parts.push({ name: 'time', kind: 'float64', sql: `coalesce(${seconds}, 'nan'::DOUBLE)` });
  }
  const from = readCsvSql(db.fileLiterals, sniffed, types, plan.strict);
  const sql = `SELECT ${parts.map((part) => part.sql).join(', ')} FROM ${from}`;
  try {
    const { expectedRows } = sniffed;
    const { rows, columns } = await streamColumns(
      db,
      sql,
      parts.map((part) => part.kind),
      { ...options, expectedRows, end: { token } },
    );
    if (!columns.every(({ valid }) => valid)) return {};
    const named = parts.map(({ name }, i) => ({ name, length: rows, data: columns[i]?.data as StreamedColumn }));
    return { columns: named };
  } catch (error) {
    if (error instanceof QueryError) return { error };
    throw error;
  }
}

const SQL_TYPES = { int32: 'INTEGER', int64: 'BIGINT' } as const;

/** The id in `c<column>` (VARCHAR), or the kind's mark when it is empty or of another kind. */
function idSql(column: number, kind: IdKind, spaced: boolean): string {
  const text = spaced || kind === 'utf8' ? `trim(c${column}, ${sqlText(TRIM_SET)})` : `c${column}`;
  if (kind === 'utf8') return `coalesce(${text}, '')`;
  const value = `try_cast(${text} AS ${SQL_TYPES[kind]})`;
  return `CASE WHEN ${value}::VARCHAR = ${text} THEN ${value} ELSE ${MARKS[kind].sql} END`;
}

/** Throws for the first wrong line; otherwise tells what the file is really like. */
async function findFault(
  source: Source,
  sniffed: Sniffed,
  roles: Roles,
  plan: Plan,
  options: ReadRatingsOptions,
): Promise<{ user: IdKind; item: IdKind; strict: boolean; rows: number }> {
  const kinds: { user: IdKind; item: IdKind } = { user: 'int32', item: 'int32' };
  const bad = (line: number, column: number, value: string, rule: string): DataError =>
    badCell(source, sniffed, line, column, value, rule);
  const { rows, mixedLineEnds } = await scan(source, sniffed, {
    signal: options.signal,
    check: ({ line, cell }) => {
      for (const role of ['user', 'item'] as const) {
        const column = roles[role] as number;
        const id = trimId(cell(column));
        if (id === '') throw bad(line, column, id, 'is no id');
        kinds[role] = widerIdKind(kinds[role], idKindOf(id));
      }
      const { rating, time } = roles;
      if (rating !== undefined && !Number.isFinite(Math.fround(parseNumber(cell(rating))))) {
        throw bad(line, rating, cell(rating), 'is not a finite number');
      }
      if (time === undefined) return;
      if (plan.time === 'date' && !isDateTime(cell(time)))
        throw bad(line, time, cell(time), 'is not an ISO 8601 date or date-time');
      if (plan.time === 'number' && !Number.isFinite(parseNumber(cell(time)))) {
        throw bad(line, time, cell(time), 'is not a finite number of seconds');
      }
    },
  });
  return { ...kinds, strict: !mixedLineEnds, rows };
}
