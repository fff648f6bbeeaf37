// Models of item weights as files: every variant comes back, and nothing that does not fit is written.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import type { ItemWeightModelData, ItemWeightParameters } from '../../src/types.js';
import { weightRows } from '../support/item-weights.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';
import { type headerOf, withHeader } from './forge.js';

const file = path.join(folder, 'item-weights.palate');

const rows = weightRows([
  [0, 0.5, 0, -0.25],
  [0.125, 0, 3, 0],
  [0, 0, 0, 0],
  [1, 0, 2, 0],
]);

const makeWeights = (given: Partial<ItemWeightParameters> = {}): ItemWeightModelData => ({
  ...makeModel({ dim: 0, tables: true }),
  parameters: { kind: 'itemWeights', ...rows, ratingWeights: false, ...given },
});

const VARIANTS: Record<string, Partial<ItemWeightParameters>> = {
  'all items count': {},
  'likes by their ratings': { ratingWeights: true, positiveThreshold: 3.5 },
  'no weights': { offsets: new Uint32Array(5), indices: new Uint32Array(0), weights: new Float32Array(0) },
};

for (const [name, given] of Object.entries(VARIANTS)) {
  test(`round trip: ${name}`, async () => {
    const model = makeWeights(given);
    await saveModelFile(model, file);
    const bytes = readFileSync(file);
    const read = await readModelFile(file);
    assertSameModel(read, model);
    await saveModelFile(read, file);
    assert.ok(readFileSync(file).equals(bytes), 'what was read is saved as the same bytes');
  });
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => error.message,
  );

const UNFIT: Record<string, [Partial<ItemWeightParameters>, RegExp]> = {
  'offsets of another length': [{ offsets: rows.offsets.slice(1) }, /"weight\.offsets" has 4 values where 5 are/],
  'an item beyond all': [{ indices: rows.indices.map((i) => i + 1) }, /"weight\.items" has 4 in row 0, outside 0/],
  'a row that does not ascend': [{ indices: rows.indices.slice().reverse() }, /"weight\.items" has . in row/],
  'fewer weights than items': [{ weights: rows.weights.slice(1) }, /"weight\.values" has 5 values where 6 are/],
  NaN: [{ weights: rows.weights.slice().fill(Number.NaN, 2, 3) }, /"weight\.values" has the value NaN at 2/],
};

for (const [name, [given, expected]] of Object.entries(UNFIT)) {
  test(`is not saved: ${name}`, async () => {
    assert.match(await messageOf(saveModelFile(makeWeights(given), file)), expected);
  });
}

type Header = ReturnType<typeof headerOf>;

const FORGED: Record<string, [Record<string, unknown>, RegExp]> = {
  'another number of weights': [{ count: 5 }, /"weight\.items" is damaged: .*5/],
  'weights beyond the file': [{ count: 2 ** 31 }, /"weight\.items" needs/],
  'no number': [{ count: 'many' }, /Expected `count` to be an integer/],
  'a threshold by a word': [{ positiveThreshold: 'high' }, /Expected `positiveThreshold` to be a/],
  'ratings by a word': [{ ratingWeights: 'yes' }, /Expected `ratingWeights` to be true or false/],
};

for (const [name, [change, expected]] of Object.entries(FORGED)) {
  test(`is not read: ${name}`, async () => {
    await saveModelFile(makeWeights(), file);
    writeFileSync(
      file,
      withHeader(readFileSync(file), (header: Header) => Object.assign(header, change)),
    );
    assert.match(await messageOf(readModelFile(file)), expected);
  });
}

test.run();
