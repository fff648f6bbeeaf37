// Moments of users and the penalties of fold-in as files: they come back, and nothing that does not fit is read.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import type { FactorModelData, FactorParameters, MomentParameters } from '../../src/types.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';
import { withHeader, withSection } from './forge.js';

const file = path.join(folder, 'moments.palate');
const base = makeModel({ dim: 3, tables: true }) as FactorModelData;
const numUsers = base.users.size;
const table = (length: number): Float32Array => Float32Array.from({ length }, (_, n) => Math.cos(n));

/** Two slots for the first user and one for the last. */
const level = (given: Partial<MomentParameters> = {}): MomentParameters => ({
  name: 'day',
  seconds: 86_400,
  offsets: Uint32Array.from({ length: numUsers + 1 }, (_, u) => (u === 0 ? 0 : u < numUsers ? 2 : 3)),
  slots: Float64Array.of(-3, 17_000, 5),
  factors: table(9),
  biases: table(3),
  ...given,
});
const withMoments = (given: Partial<FactorParameters>): FactorModelData => ({
  ...base,
  parameters: { ...base.parameters, ...given },
});
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => error.message,
  );

test('round trip: one level, two, none, and penalties', async () => {
  const finer = level({ name: 'sitting', seconds: 600 });
  for (const given of [
    { moments: [level()] },
    { moments: [level(), finer], penalties: { factors: 0.5, bias: 2 } },
    { moments: [] },
  ]) {
    const model = withMoments(given);
    await saveModelFile(model, file);
    const bytes = readFileSync(file);
    const read = await readModelFile(file);
    assertSameModel(read, model);
    assert.equal(read.parameters, model.parameters);
    await saveModelFile(read, file);
    assert.ok(readFileSync(file).equals(bytes), 'what was read is saved as the same bytes');
  }
});

const UNFIT: Record<string, [Partial<MomentParameters>, RegExp]> = {
  'offsets of another length': [{ offsets: Uint32Array.of(0, 3) }, /"moment\.0\.offsets" has 2 values where/],
  'offsets that end early': [
    { offsets: level().offsets.map((x) => Math.min(x, 2)) },
    /"moment\.0\.offsets" ends with 2, not 3/,
  ],
  'slots out of order': [{ slots: Float64Array.of(17_000, -3, 5) }, /"moment\.0\.slots" has -3 in row 0, after 17000/],
  'a slot twice': [{ slots: Float64Array.of(4, 4, 5) }, /"moment\.0\.slots" has 4 in row 0, after 4/],
  'a slot that is no number': [{ slots: Float64Array.of(1, Number.NaN, 5) }, /"moment\.0\.slots" has the value NaN/],
  'factors of another length': [{ factors: table(8) }, /"moment\.0\.factors" has 8 values where 9/],
  'biases of another length': [{ biases: table(4) }, /"moment\.0\.biases" has 4 values where 3/],
  'no width': [{ seconds: 0 }, /moments\[0\]\.seconds/],
};

for (const [name, [given, message]] of Object.entries(UNFIT)) {
  test(`not saved: ${name}`, async () => {
    assert.match(await messageOf(saveModelFile(withMoments({ moments: [level(given)] }), file)), message);
  });
}

/** Moves the second slot before the first. */
function putBack(bytes: Buffer): void {
  const at = bytes.indexOf(Buffer.from(Float64Array.of(-3, 17_000).buffer));
  bytes.writeDoubleLE(-9, at + 8);
}

test('not read: forged moments and penalties', async () => {
  await saveModelFile(withMoments({ moments: [level()], penalties: { factors: 1, bias: 1 } }), file);
  const intact = readFileSync(file);
  const cases: [Buffer, RegExp][] = [
    [withHeader(intact, (h) => Object.assign(h, { moments: 3 })), /Expected `moments` to be an array/],
    [
      withHeader(intact, (h) => Object.assign(h, { moments: [{ name: 'day', seconds: 1, slots: -1 }] })),
      /moments\[0\]\.slots/,
    ],
    [
      withHeader(intact, (h) => Object.assign(h, { moments: [{ name: 7, seconds: 1, slots: 3 }] })),
      /moments\[0\]\.name/,
    ],
    [withHeader(intact, (h) => Object.assign(h, { moments: [] })), /sections where/],
    [withHeader(intact, (h) => Object.assign(h, { penalties: { factors: -1, bias: 1 } })), /penalties\.factors/],
    [withHeader(intact, (h) => Object.assign(h, { penalties: 2 })), /Expected `penalties` to be an object/],
    [withSection(intact, 'moment.0.slots', putBack), /has -9 in row 0, after -3/],
  ];
  for (const [bytes, message] of cases) {
    writeFileSync(file, bytes);
    assert.match(await messageOf(readModelFile(file)), message);
  }
});

test('the vectors of the implicit term come back, and fit the items', async () => {
  const implicitFactors = table(base.items.size * 3);
  const model = withMoments({ implicitFactors });
  await saveModelFile(model, file);
  const bytes = readFileSync(file);
  const read = await readModelFile(file);
  assert.equal(read.parameters, model.parameters);
  await saveModelFile(read, file);
  assert.ok(readFileSync(file).equals(bytes));
  const short = withMoments({ implicitFactors: implicitFactors.subarray(1) });
  assert.match(await messageOf(saveModelFile(short, file)), /"item\.implicit" has \d+ values where/);
  const cases: [object, RegExp][] = [
    [{ implicitTerm: 1 }, /Expected `implicitTerm` to be true or false/],
    [{ implicitTerm: false }, /sections where/],
  ];
  for (const [header, message] of cases) {
    writeFileSync(
      file,
      withHeader(bytes, (h) => Object.assign(h, header)),
    );
    assert.match(await messageOf(readModelFile(file)), message);
  }
});

test.run();
