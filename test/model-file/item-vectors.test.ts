// Models of item vectors as files: every variant comes back, and nothing that does not fit is read.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import type { ItemVectorModelData, ItemVectorParameters } from '../../src/types.js';
import { itemVectorModel } from '../support/item-vectors.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';
import { type headerOf, withHeader, withSection } from './forge.js';

const file = path.join(folder, 'item-vectors.palate');

/** The item vectors in a model whose metadata has the ids that a file asks for. */
const makeVectors = (given: Partial<ItemVectorParameters> = {}): ItemVectorModelData => {
  const { parameters } = itemVectorModel({ numItems: 4, dim: 3 }, given);
  const data = makeModel({ dim: 0, tables: true, history: true });
  return { ...data, parameters };
};
const table = (length: number): Float32Array => Float32Array.from({ length }, (_, n) => Math.cos(n));

const VARIANTS: Record<string, Partial<ItemVectorParameters>> = {
  'vectors alone': {},
  'two tables': { contextFactors: table(12), userVector: 'meanCosine' },
  'item biases': { itemBiases: table(4), userVector: 'ratingMean' },
  'two tables and biases': { contextFactors: table(12), itemBiases: table(4) },
};

for (const [name, given] of Object.entries(VARIANTS)) {
  test(`round trip: ${name}`, async () => {
    const model = makeVectors(given);
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

const UNFIT: Record<string, [Partial<ItemVectorParameters>, RegExp]> = {
  'vectors of another length': [{ itemFactors: table(11) }, /"item\.factors" has 11 values where 12 are expected/],
  'a context of another length': [{ contextFactors: table(9) }, /"context\.factors" has 9 values where 12 are/],
  'biases of another length': [{ itemBiases: table(5) }, /"item\.biases" has 5 values where 4 are expected/],
  NaN: [{ itemFactors: table(12).fill(Number.NaN, 7, 8) }, /"item\.factors" has the value NaN at 7/],
  'no width': [{ dim: 0, itemFactors: table(0) }, /Expected `dim` to be an integer >= 1/],
};

for (const [name, [given, expected]] of Object.entries(UNFIT)) {
  test(`is not saved: ${name}`, async () => {
    assert.match(await messageOf(saveModelFile(makeVectors(given), file)), expected);
  });
}

type Header = ReturnType<typeof headerOf>;

const FORGED: Record<string, [Record<string, unknown>, RegExp]> = {
  'user vector': [{ userVector: 'median' }, /Expected `userVector` to be one of 'mean', 'ratingMean', 'meanCosine'/],
  'a table that is not there': [{ itemBiases: true }, /section.* is expected|sections where/],
  'a table that is not told of': [{ contextFactors: false }, /section.* is expected|sections where/],
  'a table by another word': [{ contextFactors: 'yes' }, /Expected `contextFactors` to be true or false/],
  'another kind': [{ kind: 'factors' }, /Expected `globalBias`/],
  width: [{ dim: 2 ** 16 }, /"item\.factors" needs/],
};

for (const [name, [change, expected]] of Object.entries(FORGED)) {
  test(`is not read: ${name}`, async () => {
    await saveModelFile(makeVectors({ contextFactors: table(12) }), file);
    writeFileSync(
      file,
      withHeader(readFileSync(file), (header: Header) => Object.assign(header, change)),
    );
    assert.match(await messageOf(readModelFile(file)), expected);
  });
}

test('is not read: a vector that is not finite', async () => {
  const model = makeVectors();
  await saveModelFile(model, file);
  const old = Buffer.from(model.parameters.itemFactors.slice(4, 5).buffer);
  const forged = withSection(readFileSync(file), 'item.factors', (bytes) => {
    Buffer.from(Float32Array.of(Number.POSITIVE_INFINITY).buffer).copy(bytes, bytes.lastIndexOf(old));
  });
  writeFileSync(file, forged);
  assert.match(await messageOf(readModelFile(file)), /"item\.factors" has the value Infinity at 4/);
});

test.run();
