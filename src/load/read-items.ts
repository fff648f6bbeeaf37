import { Table, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';
import { int32Vector, textListVector, textVector } from './arrow-columns.js';
import { addFurtherColumns } from './further-columns.js';
import { idVector } from './id-vector.js';
import { ML_100K_GENRES } from './movielens.js';
import { type ColumnRef, checkReadOptions, type ReadOptions } from './options.js';
import { type Source, withSource } from './source.js';
import { readTextTable, type TextTable } from './text-table.js';

/** Options of `readItems`. */
export interface ReadItemsOptions extends ReadOptions {
  /** Columns by name or 0-based position; those not given are found by their usual names. */
  columns?: { item?: ColumnRef; title?: ColumnRef; genres?: ColumnRef; year?: ColumnRef };
}

/** First column of ml-100k's genre flags. */
const FLAGS_AT = 5;

/**
 * Reads what is known about the items, from the same kinds of file, folder and zip as `readRatings`.
 *
 * Columns of the table, in file order; all but `itemId` only when the file has them:
 * - `itemId`: Int32, Int64 or Utf8 by the rule of `readRatings`; never null
 * - `title`: Utf8, as in the file (`Toy Story (1995)`); an empty one is null
 * - `genres`: List<Utf8>, split at `|`; `(no genres listed)` and an empty field are the empty list, never null. The 0/1
 *   flags of ml-100k become names.
 * - `year`: Int32, null when unknown: from the file's year or date column, else the year in brackets that ends the
 *   title (of a span such as `(2006-2009)` the first)
 * - every further column under its own name (`column7` for the 8th of a file without a header): Float64 when all its
 *   values are numbers, else Utf8; empty fields are null
 *
 * @param path - file, folder or zip
 * @throws DataError with `file`, `line`, `column` and `value` where there are such, MissingPackageError, TypeError,
 *   RangeError
 */
export async function readItems(path: string, options: ReadItemsOptions = {}): Promise<Table> {
  const checked = checkReadOptions('readItems', options, ['item', 'title', 'genres', 'year']);
  return await withSource(path, 'items', checked, async (source) => {
    const table = await readTextTable(source, 'items', checked);
    const { roles, columns } = table;
    const consumed = new Set<number>();
    const use = (role: string): (string | null)[] | undefined => {
      const column = roles[role];
      if (column === undefined) return undefined;
      consumed.add(column);
      return columns[column];
    };
    const vectors: Record<string, Vector> = { itemId: await idVector(table, roles.item as number) };
    consumed.add(roles.item as number);
    const titles = use('title');
    if (titles !== undefined) vectors.title = textVector(titles);
    const genres =
      source.format === 'ml-100k' ? await genresOfFlags(source, table, consumed) : use('genres')?.map(splitGenres);
    if (genres !== undefined) vectors.genres = textListVector(genres);
    const years = use('year');
    const yearOf = years === undefined ? titles?.map(yearOfTitle) : years.map(yearOfDate);
    if (yearOf !== undefined) vectors.year = int32Vector(yearOf);
    // A release date says more than the year taken from it.
    if (years?.some((text) => /\D/.test((text ?? '').trim()))) consumed.delete(roles.year as number);
    addFurtherColumns(vectors, table, consumed);
    return new Table(vectors);
  });
}

function splitGenres(text: string | null): string[] {
  const names = (text ?? '').split('|').map((name) => name.trim());
  return names.filter((name) => name !== '' && name !== '(no genres listed)');
}

function yearOfTitle(title: string | null): number | null {
  const year = /\((\d{4})(?:\s*[-–—]\s*(?:\d{4})?)?\)\s*$/.exec(title ?? '')?.[1];
  return year === undefined ? null : Number(year);
}

/** `1995`, `01-Jan-1995`, `31/12/1995`, `1995-12-31…`; anything else is no year. */
function yearOfDate(text: string | null): number | null {
  const trimmed = (text ?? '').trim();
  const year = /^(\d{4})(?:$|\.0$|[-/.])/.exec(trimmed)?.[1] ?? /[-/. ](\d{4})$/.exec(trimmed)?.[1];
  return year === undefined ? null : Number(year);
}

async function genresOfFlags(source: Source, table: TextTable, consumed: Set<number>): Promise<string[][]> {
  const expected = FLAGS_AT + ML_100K_GENRES.length;
  if (table.columns.length !== expected) {
    const found = table.columns.length;
    throw new DataError(`${source.label}: the items file of ml-100k has ${expected} columns, this one ${found}`, {
      file: source.label,
    });
  }
  const genres = Array.from({ length: table.rows }, (): string[] => []);
  for (const [flag, genre] of ML_100K_GENRES.entries()) {
    const column = FLAGS_AT + flag;
    consumed.add(column);
    const values = table.columns[column] ?? [];
    for (const [row, value] of values.entries()) {
      if (value === '1') genres[row]?.push(genre);
      else if (value !== '0') throw await table.fault(column, row, `is no flag: 0 or 1 for ${genre}`);
    }
  }
  return genres;
}
