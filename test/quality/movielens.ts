/** The real data of the quality tests: ml-latest-small from PALATE_DATA, folds from PALATE_FOLDS. */
import path from 'node:path';
import type { Table } from 'apache-arrow';
import { test } from 'uvu';
import { explicitFolds } from '../../bench/quality/data.js';
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
  const [ratings, items] = await readTables();
  return explicitFolds({ ratings, items }, PALATE_FOLDS);
}
