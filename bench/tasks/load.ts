// Ratings CSV to memory. The file is read once before, so that every driver finds it in the page cache.
import { createReadStream } from 'node:fs';
import { Dataset, readRatings } from '../../src/index.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

async function fillPageCache(file: string): Promise<void> {
  for await (const _ of createReadStream(file, { highWaterMark: 2 ** 20 }));
}

async function palate({ input, parameters }: Work): Promise<Measurement> {
  await fillPageCache(input);
  const start = performance.now();
  const table = await readRatings(input, { columns: { time: false } });
  const read = secondsSince(start);
  if (parameters.dataset !== true) return { seconds: once(read), quality: { rows: table.numRows } };
  const data = Dataset.fromTable(table);
  const total = secondsSince(start);
  return {
    seconds: once(total),
    parts: { read, dataset: total - read },
    quality: { rows: data.numInteractions, users: data.numUsers, items: data.numItems },
  };
}

async function duckdb({ input, threads }: Work): Promise<Measurement> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  await fillPageCache(input);
  const instance = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const connection = await instance.connect();
  const start = performance.now();
  await connection.run(
    'CREATE TABLE ratings AS SELECT userId, movieId, rating FROM read_csv(' +
      `'${input.replaceAll("'", "''")}', header = true, ` +
      "columns = {'userId': 'INTEGER', 'movieId': 'INTEGER', 'rating': 'FLOAT', 'timestamp': 'BIGINT'})",
  );
  const seconds = secondsSince(start);
  const peak = peakKilobytes();
  const count = await connection.runAndReadAll('SELECT count(*)::INTEGER FROM ratings');
  return { seconds: once(seconds), quality: { rows: Number(count.getRows()[0]?.[0]) }, peakKilobytes: peak };
}

export const implementations: Implementations = { palate, duckdb };
