import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ColumnsHeader, readHeader, readPart, writeColumns } from '../../bench/data/columns-file.js';
import { readDatasetPart } from '../../bench/data/dataset-of-columns.js';
import { makeFactors, readFactors, recall } from '../../bench/data/factors-file.js';
import { describeInput, inputOf } from '../../bench/data/inputs.js';
import { makeRatings } from '../../bench/data/make-ratings.js';
import type { Parameters } from '../../bench/types.js';
import { Dataset, readRatings, splitRandom } from '../../src/index.js';
import { naiveRanking } from '../oracle/topk.js';

const folder = mkdtempSync(path.join(tmpdir(), 'palate-bench-data-'));
test.after(() => rmSync(folder, { recursive: true }));

const csv = path.join(folder, 'ratings.csv');
makeRatings(csv, { rows: 1500, users: 31, items: 129 }, () => {});

test('synthetic ratings have the shape asked for, and are the same each time', async () => {
  const table = await readRatings(csv);
  assert.is(table.numRows, 1500);
  const data = Dataset.fromTable(table);
  assert.is(data.numInteractions, 1500); // no pair twice
  assert.is(data.numUsers, 31);
  assert.ok(data.numItems <= 129 && data.numItems > 100);
  assert.ok(data.ratingRange.min >= 0.5 && data.ratingRange.max <= 5);
  const again = path.join(folder, 'again.csv');
  makeRatings(again, { rows: 1500, users: 31, items: 129 }, () => {});
  assert.is(readFileSync(again, 'utf8'), readFileSync(csv, 'utf8'));
  assert.throws(
    () => makeRatings(again, { rows: 2000, users: 31, items: 129 }, () => {}),
    /31 to 1984 ratings, not 2000/,
  );
});

test('a columns file gives back both parts', async () => {
  const data = Dataset.fromTable(await readRatings(csv));
  const parts = splitRandom(data, { fractions: { train: 0.9, test: 0.1 }, seed: 42 });
  const file = path.join(folder, 'both.columns');
  writeColumns(file, parts.train.interactions, parts.test.interactions);
  const header = readHeader<ColumnsHeader>(file);
  assert.equal(header, { users: 31, items: data.numItems, trainRatings: 1350, testRatings: 150 });
  for (const part of ['train', 'test'] as const) {
    const { offsets, items, values } = parts[part].interactions;
    assert.equal(readPart(file, part), { offsets, items, values });
    const read = readDatasetPart(file, part);
    assert.equal(read.interactions.users, parts[part].interactions.users);
    assert.is(read.numItems, data.numItems);
  }
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  assert.throws(() => readPart(file, 'test'), /is cut off/);
  assert.not(readdirSync(folder).some((name) => name.endsWith('.part')));
});

test('the exact answers of a factors file are those of the oracle', () => {
  const file = path.join(folder, 'factors.bin');
  makeFactors(file, 33, 129, 7);
  const factors = readFactors(file);
  assert.is(factors.checked, 32);
  assert.is(factors.depth, 100);
  const { queryRows: queries, itemRows: items } = factors;
  const problem = { queries, items, numQueries: 33, numItems: 129, dim: 7, k: 100, cosine: false };
  for (const query of [0, 31]) {
    const expected = naiveRanking(problem, query).slice(0, 100);
    assert.equal(
      Array.from(factors.truth.subarray(query * 100, (query + 1) * 100)),
      expected.map(({ item }) => item),
    );
  }
  const mean = queries.reduce((sum, value) => sum + value, 0) / queries.length;
  const variance = queries.reduce((sum, value) => sum + (value - mean) ** 2, 0) / queries.length;
  assert.ok(Math.abs(mean) < 0.25 && Math.abs(variance - 1) < 0.4, `${mean} ${variance}`);
});

test('recall counts what is found among the first k, in any order', () => {
  const factors = {
    ...{ queries: 2, items: 9, dim: 1, checked: 2, depth: 4 },
    ...{ queryRows: new Float32Array(2), itemRows: new Float32Array(9) },
    truth: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  };
  assert.is(recall(factors, [2, 1, 6, 5], 2), 1);
  assert.is(recall(factors, [1n, 3n, 5n, 7n], 2), 0.5);
  assert.is(recall(factors, [3, 4, 7, 8], 2), 0);
});

test('inputs: a file that is given counts where no shape is asked for', () => {
  assert.is(inputOf('csv', { rows: 9 }, csv).file, csv);
  assert.is(inputOf('columns', { rows: 9, users: 3, items: 3, trainShare: 0.9 }, csv).given, false);
  const given = inputOf('columns', { rows: 9, trainShare: 0.9 }, csv);
  assert.is(given.csv, csv);
  assert.not(given.file.includes('ratings.csv'));
  assert.throws(() => inputOf('csv', { rows: 9 }, path.join(folder, 'missing.csv')), /No such ratings file/);
  assert.is(describeInput(inputOf('csv', { rows: 9 }, csv)).ratings, 'ratings.csv'); // not its folder
  const shapes: Parameters[] = [{ rows: 9 }, { rows: 9, users: 3, items: 4 }, { rows: 10 }];
  const files = shapes.map((shape) => inputOf('columns', { ...shape, trainShare: 0.9 }, undefined).file);
  assert.is(new Set(files).size, 3);
});

test.run();
