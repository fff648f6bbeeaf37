import { Dataset, readRatings } from '../../src/index.js';
import { ratingsFile } from '../ratings-file.js';
import type { Driver, Measurement, TrialParameters } from '../types.js';

const seconds = (since: number): number => (performance.now() - since) / 1000;

async function palate(parameters: TrialParameters): Promise<Measurement> {
  const file = ratingsFile(parameters);
  const start = performance.now();
  const table = await readRatings(file);
  const read = seconds(start);
  const data = Dataset.fromTable(table);
  const total = seconds(start);
  return {
    seconds: total,
    parts: { read, dataset: total - read },
    quality: { rows: data.numInteractions, users: data.numUsers, items: data.numItems },
  };
}

async function duckdbTable(parameters: TrialParameters): Promise<Measurement> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const file = ratingsFile(parameters).replaceAll("'", "''");
  const start = performance.now();
  await connection.run(
    'CREATE TABLE ratings AS SELECT userId, movieId, rating FROM read_csv(' +
      `'${file}', header = true, columns = {'userId': 'INTEGER', 'movieId': 'INTEGER', 'rating': 'FLOAT', 'timestamp': 'BIGINT'})`,
  );
  const total = seconds(start);
  const count = await connection.runAndReadAll('SELECT count(*)::INTEGER FROM ratings');
  return { seconds: total, quality: { rows: Number(count.getRows()[0]?.[0]) } };
}

export const drivers: readonly Driver[] = [
  { name: 'palate', run: palate },
  {
    name: 'duckdb-table',
    skip: () =>
      import('@duckdb/node-api').then(
        () => undefined,
        () => 'DuckDB is not installed: npm install @duckdb/node-api',
      ),
    run: duckdbTable,
  },
];
