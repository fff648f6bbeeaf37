/** The real data of the quality tests: ml-latest-small from PALATE_DATA, folds from PALATE_FOLDS. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Table } from 'apache-arrow';
import { test } from 'uvu';
import { Dataset, readItems, readRatings } from '../../src/index.js';

const { PALATE_DATA, PALATE_FOLDS } = process.env;

/** Registers a test that runs where the data is; elsewhere it is skipped. */
export const onData = PALATE_DATA === undefined ? test.skip : test;
export const onFolds = PALATE_DATA === undefined || PALATE_FOLDS === undefined ? test.skip : test;

let tables: Promise<[Table, Table]> | undefined;

const readTables = (): Promise<[Table, Table]> => {
  const folder = PALATE_DATA as string;
  tables ??= Promise.all([readRatings(path.join(folder, 'ratings.csv')), readItems(path.join(folder, 'movies.csv'))]);
  return tables;
};

/** All ratings with the metadata of the films; those without ratings too when `includeUnrated`. */
export async function movieLens({ includeUnrated = false, minUserRatings = 1 } = {}): Promise<Dataset> {
  const [ratings, items] = await readTables();
  return Dataset.fromTable(ratings, { items, includeUnrated, minUserRatings });
}

/** The five folds: each row of ratings.csv is tested in the fold that its line of PALATE_FOLDS names. */
export async function movieLensFolds(): Promise<{ train: Dataset; test: Dataset }[]> {
  const data = await movieLens();
  const [ratings] = await readTables();
  const folds = readFileSync(PALATE_FOLDS as string, 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  const users = ratings.getChild('userId')?.toArray() as Int32Array;
  const items = ratings.getChild('itemId')?.toArray() as Int32Array;
  if (folds.length !== data.numInteractions) throw new Error(`${folds.length} folds, ${data.numInteractions} ratings`);
  const { interactions } = data;
  const foldOf = new Map<number, number>();
  for (const [row, fold] of folds.entries()) {
    foldOf.set(data.users.index(users[row]) * data.numItems + data.items.index(items[row]), fold);
  }
  const labels = interactions.users.map(
    (user, n) => foldOf.get(user * data.numItems + interactions.items[n]) as number,
  );
  return [0, 1, 2, 3, 4].map((fold) => ({
    train: data.subset(Uint8Array.from(labels, (label) => (label === fold ? 0 : 1))),
    test: data.subset(Uint8Array.from(labels, (label) => (label === fold ? 1 : 0))),
  }));
}
