import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { collectGarbage } from '../../src/cli/collect-garbage.js';
import type { Io } from '../../src/cli/run.js';
import { readParts, type TrainParts } from '../../src/cli/train-data.js';
import type { Dataset } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'palate-train-data-'));
test.after(() => rmSync(folder, { recursive: true }));

const io: Io = { json: true, signal: new AbortController().signal, print: () => {}, note: () => {}, leaves: () => {} };
const needs = { includeUnrated: false, seed: 42 };
const ROWS = 600_000;

function write(name: string, order: (row: number) => number): string {
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const row = order(i);
    return `${Math.floor(row / 100)},${(row % 100) * 3},${1 + (row % 5)},${row}\n`;
  });
  const file = join(folder, name);
  writeFileSync(file, `userId,movieId,rating,timestamp\n${lines.join('')}`);
  return file;
}

const bytesOf = ({ interactions: { offsets, items, values, times } }: Dataset): number =>
  [offsets, items, values, times].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);

/** Bytes of array memory that are there now and were not before, once what nothing refers to is gone. */
async function grown(before: number): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().arrayBuffers - before;
}

for (const [what, order] of [
  ['in order', (i: number) => i],
  ['in no order', (i: number) => (i * 7919) % ROWS],
] as const) {
  test(`a file ${what}: only the parts stay in memory`, async () => {
    const file = write(`${what}.csv`, order);
    // DuckDB and its buffers are there after the first read.
    await readParts(file, {}, needs, io);
    await collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const whole: TrainParts = await readParts(file, {}, needs, io);
    assert.is(whole.valid, undefined);
    assert.is(whole.train.numInteractions, ROWS);
    const held = bytesOf(whole.train);
    // The id columns alone are 8 bytes a row.
    assert.ok((await grown(before)) < held + 2 * ROWS, `${await grown(before)} bytes for ${held}`);

    const both = await grown(before);
    const parts = await readParts(file, { valid: 0.1 }, needs, io);
    assert.equal([parts.train.numInteractions, parts.valid?.numInteractions], [0.9 * ROWS, 0.1 * ROWS]);
    const split = bytesOf(parts.train) + bytesOf(parts.valid as Dataset);
    assert.ok((await grown(before)) - both < split + 2 * ROWS, `${await grown(before)} bytes for ${split}`);
    assert.is(whole.train.numInteractions, ROWS);
  });
}

test('what nothing refers to is freed', async () => {
  const unused = new WeakRef(new Float64Array(1e6));
  await collectGarbage();
  assert.is(unused.deref(), undefined);
});

test.run();
