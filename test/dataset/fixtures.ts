import { existsSync, readFileSync } from 'node:fs';
import {
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeVector,
  Table,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import * as assert from 'uvu/assert';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import type { Id } from '../../src/dataset/vocabulary.js';
import { DataError } from '../../src/errors.js';

export interface Row {
  user: Id;
  item: Id;
  rating: number;
  time: number;
}

export function idVector(ids: readonly Id[]): Vector {
  if (typeof ids[0] === 'string') return vectorFromArray(ids as string[], new Utf8());
  if (typeof ids[0] === 'bigint') return vectorFromArray(ids as bigint[], new Int64());
  return vectorFromArray(ids as number[], new Int32());
}

export function ratingsTable(rows: readonly Row[], columns: { rating?: boolean; time?: boolean } = {}): Table {
  return new Table({
    userId: idVector(rows.map((row) => row.user)),
    itemId: idVector(rows.map((row) => row.item)),
    ...(columns.rating === false
      ? {}
      : {
          rating: vectorFromArray(
            rows.map((row) => row.rating),
            new Float32(),
          ),
        }),
    ...(columns.time === false
      ? {}
      : {
          time: vectorFromArray(
            rows.map((row) => row.time),
            new Float64(),
          ),
        }),
  });
}

/** The interactions of a dataset as rows with ids, in its own order. */
export function rowsOf(data: Dataset): Row[] {
  const { users, items, values, times } = data.interactions;
  return Array.from(users, (user, i) => ({
    user: data.users.id(user),
    item: data.items.id(items[i] as number),
    rating: values[i] as number,
    time: times?.[i] ?? 0,
  }));
}

/** Chunks of odd sizes: a column that no longer lies in one piece. */
export function chunked(table: Table, size = 7): Table {
  const parts: Table[] = [];
  for (let row = 0; row < table.numRows; row += size) parts.push(table.slice(row, row + size));
  const [first, ...rest] = parts;
  return first === undefined ? table : first.concat(...rest);
}

export const genreList = (lists: readonly (readonly string[] | null)[]): Vector =>
  vectorFromArray(lists, new List(new Field('item', new Utf8(), true)));

const folder = process.env.PALATE_DATA ?? new URL('../../../shared/data/ml-latest-small', import.meta.url).pathname;

/** MovieLens ml-latest-small; undefined where it is not there. */
export function readMovieLens(): { ratings: Table; movies: Table } | undefined {
  if (!existsSync(`${folder}/ratings.csv`)) return undefined;
  const rows = readFileSync(`${folder}/ratings.csv`, 'utf8').trim().split(/\r?\n/).slice(1);
  const cells = rows.map((row) => row.split(',').map(Number) as [number, number, number, number]);
  const ratings = new Table({
    userId: makeVector(Int32Array.from(cells, (cell) => cell[0])),
    itemId: makeVector(Int32Array.from(cells, (cell) => cell[1])),
    rating: makeVector(Float32Array.from(cells, (cell) => cell[2])),
    time: makeVector(Float64Array.from(cells, (cell) => cell[3])),
  });
  const lines = readFileSync(`${folder}/movies.csv`, 'utf8').trim().split(/\r?\n/).slice(1);
  const films = lines.map((line) => {
    const [, id, quoted, plain, genres] = /^(\d+),(?:"(.*)"|([^"]*)),([^,]*)$/.exec(line) as unknown as string[];
    const title = quoted?.replaceAll('""', '"') ?? plain ?? '';
    const year = /\((\d{4})\)\s*$/.exec(title)?.[1];
    return { id: Number(id), title, genres: (genres ?? '').split('|'), year: year === undefined ? null : Number(year) };
  });
  const movies = new Table({
    itemId: makeVector(Int32Array.from(films, (film) => film.id)),
    title: vectorFromArray(
      films.map((film) => film.title),
      new Utf8(),
    ),
    genres: genreList(films.map((film) => (film.genres[0] === '(no genres listed)' ? [] : film.genres))),
    year: vectorFromArray(
      films.map((film) => film.year),
      new Int32(),
    ),
  });
  return { ratings, movies };
}

/** Five ratings of three users, in no order. */
export const rows: Row[] = [
  { user: 9, item: 70, rating: 4, time: 100 },
  { user: 2, item: 70, rating: 3.5, time: 200 },
  { user: 2, item: 10, rating: 5, time: 300 },
  { user: 9, item: 30, rating: 0.5, time: 400 },
  { user: 5, item: 10, rating: 2, time: 500 },
];

/** Asserts that `Dataset.fromTable` throws a DataError of that message. */
export const fails = (table: Table, options: DatasetOptions, message: RegExp): void => {
  assert.throws(
    () => Dataset.fromTable(table, options),
    (error: unknown) => {
      if (!(error instanceof DataError)) throw error;
      if (!message.test(error.message)) throw new Error(`unexpected message: ${error.message}`);
      return error.code === 'ERR_PALATE_DATA';
    },
  );
};
