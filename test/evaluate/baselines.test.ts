import { readFileSync } from 'node:fs';
import path from 'node:path';
import { makeVector, Table } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { biasBaseline } from '../../src/evaluate/baselines.js';

function dataset(rows: readonly (readonly [user: number, item: number, rating: number])[]): Dataset {
  return Dataset.fromTable(
    new Table({
      userId: makeVector(Int32Array.from(rows, ([user]) => user)),
      itemId: makeVector(Int32Array.from(rows, ([, item]) => item)),
      rating: makeVector(Float32Array.from(rows, ([, , rating]) => rating)),
    }),
  );
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(Math.abs((actual as number) - expected) < 1e-12, `${actual} is not ${expected}`);
}

const SMALL = dataset([
  [1, 1, 5],
  [1, 2, 3],
  [2, 1, 4],
]);

test('one epoch by hand', () => {
  const { globalBias, itemBiases, userBiases } = biasBaseline(SMALL, { epochs: 1 });
  assert.is(globalBias, 4);
  // b_i: item 1 (1 + 0) / (10 + 2), item 2 -1 / (10 + 1); then b_u from these.
  near(itemBiases[0], 1 / 12);
  near(itemBiases[1], -1 / 11);
  near(userBiases[0], (1 - 1 / 12 + (-1 + 1 / 11)) / (15 + 2));
  near(userBiases[1], (0 - 1 / 12) / (15 + 1));
});

test('a second epoch takes the user biases of the first', () => {
  const first = biasBaseline(SMALL, { epochs: 1, regularization: { item: 1, user: 2 } });
  const second = biasBaseline(SMALL, { epochs: 2, regularization: { item: 1, user: 2 } });
  const [u0, u1] = first.userBiases as unknown as [number, number];
  near(second.itemBiases[0], (1 - u0 + (0 - u1)) / (1 + 2));
  near(second.itemBiases[1], (-1 - u0) / (1 + 1));
});

test('predictions are clipped to the training range and an unknown side has no bias', () => {
  const baseline = biasBaseline(SMALL, { regularization: { item: 0, user: 0 } });
  assert.equal(baseline.range, { min: 3, max: 5 });
  assert.is(baseline.predict(0xffffffff, 0xffffffff), 4);
  near(baseline.predict(0xffffffff, 1), Math.max(3, 4 + (baseline.itemBiases[1] as number)));
  const wide = biasBaseline(
    dataset([
      [1, 1, 5],
      [1, 2, 1],
      [2, 1, 5],
      [2, 3, 5],
      [3, 2, 1],
      [3, 3, 1],
    ]),
    {
      regularization: { item: 0, user: 0 },
    },
  );
  assert.is(wide.predict(1, 0), 5);
});

test('no epochs give the mean; misuse is refused', () => {
  assert.is(biasBaseline(SMALL, { epochs: 0 }).predict(0, 0), 4);
  assert.throws(() => biasBaseline(SMALL, { epochs: -1 }), /`epochs`/);
  assert.throws(() => biasBaseline(SMALL, { regularization: { user: -1 } }), /`regularization.user`/);
  assert.throws(() => biasBaseline(SMALL, { regularisation: {} } as object), /did you mean `regularization`/);
});

const { PALATE_DATA, PALATE_FOLDS } = process.env;
const onRealData = PALATE_DATA === undefined || PALATE_FOLDS === undefined ? test.skip : test;

onRealData('RMSE over the five folds of ml-latest-small is that of the reference', () => {
  const lines = readFileSync(path.join(PALATE_DATA as string, 'ratings.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  const rows = lines.map((line) => line.split(',').map(Number) as [number, number, number]);
  const folds = readFileSync(PALATE_FOLDS as string, 'utf8')
    .trim()
    .split('\n')
    .map(Number);
  assert.is(folds.length, rows.length);
  const rmse = [0, 1, 2, 3, 4].map((fold) => {
    const train = dataset(rows.filter((_, row) => folds[row] !== fold));
    const baseline = biasBaseline(train);
    const errors = rows
      .filter((_, row) => folds[row] === fold)
      .map(([user, item, rating]) => rating - baseline.predict(train.users.index(user), train.items.index(item)));
    return Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
  });
  const mean = rmse.reduce((sum, x) => sum + x, 0) / 5;
  assert.ok(Math.abs(mean - 0.8727) <= 0.0005, `RMSE ${mean}`);
});

test.run();
