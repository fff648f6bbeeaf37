// Categories of ordinal ratings as files: they come back, and nothing that does not fit is read.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import type { FactorModelData } from '../../src/types.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';
import { withHeader } from './forge.js';

const file = path.join(folder, 'categories.palate');
const base = makeModel({ dim: 3, tables: true }) as FactorModelData;
const categories = { values: [0.5, 1, 4.5], cutpoints: [-1.25, 0.1] };
const model: FactorModelData = { ...base, parameters: { ...base.parameters, link: 'ordinal', categories } };

test('round trip', async () => {
  await saveModelFile(model, file);
  const read = await readModelFile(file);
  assertSameModel(read, model);
  assert.equal(read.parameters, model.parameters);
});

test('not read: forged categories', async () => {
  await saveModelFile(model, file);
  const intact = readFileSync(file);
  const cases: [unknown, RegExp][] = [
    [undefined, /Expected `categories` to be an object/],
    [{ ...categories, values: 3 }, /Expected `categories\.values` to be an array/],
    [{ ...categories, values: [0.5, 4, 1] }, /categories\.values\[2\]/],
    [{ ...categories, cutpoints: [0, 0] }, /categories\.cutpoints\[1\]/],
    [{ ...categories, cutpoints: [0, 'x'] }, /categories\.cutpoints\[1\]/],
    [{ ...categories, cutpoints: [0] }, /categories\.cutpoints\.length/],
    [{ values: [1], cutpoints: [] }, /categories\.values\.length/],
  ];
  for (const [forged, message] of cases) {
    writeFileSync(
      file,
      withHeader(intact, (h) => Object.assign(h, { categories: forged })),
    );
    await readModelFile(file).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, message),
    );
  }
});

test.run();
