import { Field, List, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { Dataset, type DatasetOptions } from '../../src/dataset/dataset.js';
import { Random } from '../../src/dataset/random.js';

export interface Row {
  user: number;
  item: number;
  rating: number;
}

export const ratingsTable = (rows: readonly Row[]): Table =>
  new Table({
    userId: makeVector(Int32Array.from(rows, ({ user }) => user)),
    itemId: makeVector(Int32Array.from(rows, ({ item }) => item)),
    rating: makeVector(Float32Array.from(rows, ({ rating }) => rating)),
  });

export const dataset = (rows: readonly Row[], options: DatasetOptions = {}): Dataset =>
  Dataset.fromTable(ratingsTable(rows), options);

/** Whole and half ratings 0.5 to 5 by users and items with a taste each, and noise; no pair twice. */
export function ratings({ users = 30, items = 40, size = 500, seed = 5 } = {}): Row[] {
  const random = new Random(seed);
  const tastes = Array.from({ length: users + items }, () => [random.float() - 0.5, random.float() - 0.5]);
  const seen = new Set<number>();
  const rows: Row[] = [];
  while (rows.length < size) {
    const user = random.below(users);
    const item = random.below(items);
    if (seen.has(user * items + item)) continue;
    seen.add(user * items + item);
    const [a, b] = tastes[user];
    const [c, d] = tastes[users + item];
    const raw = 3 + 6 * a * c + 2 * b + 2 * d + 2 * (random.float() - 0.5);
    rows.push({ user, item, rating: Math.min(5, Math.max(0.5, Math.round(2 * raw) / 2)) });
  }
  return rows;
}

/** Metadata of the items 0 … items - 1: one or two genres, a year; of the users: a sex. */
export function metadata({ users = 30, items = 40 } = {}): { items: Table; users: Table } {
  const genres = ['Drama', 'Comedy', 'Horror', 'War'];
  const ids = (length: number): Int32Array => Int32Array.from({ length }, (_, id) => id);
  return {
    items: new Table({
      itemId: makeVector(ids(items)),
      genres: vectorFromArray(
        Array.from({ length: items }, (_, i) => (i % 3 === 0 ? [genres[i % 4]] : [genres[i % 4], genres[(i + 1) % 4]])),
        new List(new Field('genre', new Utf8())),
      ),
      year: makeVector(Int32Array.from({ length: items }, (_, i) => 1980 + (i % 25))),
    }),
    users: new Table({
      userId: makeVector(ids(users)),
      sex: vectorFromArray(
        Array.from({ length: users }, (_, u) => (u % 2 === 0 ? 'f' : 'm')),
        new Utf8(),
      ),
    }),
  };
}
