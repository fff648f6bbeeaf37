// mf and fm on CUDA, from the trainer down, on the emulator: the same twins as the processor's, on the grids of devices.
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { planDeviceBatches, planDeviceRows } from '../oracle/grid.js';
import { trainDeviceAdam } from '../oracle/train-adam.js';
import { trainBatches } from '../oracle/train-batches.js';
import { trainDeviceRows } from '../oracle/train-rows.js';
import { compareTraining, type Twin, within } from '../support/compare-training.js';
import { newFlag, newTrainer, readRaw, runEpochs, type Shape, trainerConfig } from '../support/train-problems.js';

const library = process.env.PALATE_CUDA_LIBRARY;
/** Skipped where there is neither a GPU nor the emulator. */
const onCuda = library === undefined ? test.skip : test;
if (library !== undefined) native().cudaDevices(path.resolve(library));

const bounds = {
  loss: { relative: 3e-6, absolute: 1e-7 },
  rmse: { relative: 3e-6, absolute: 5e-7 },
  parameters: { relative: 1e-4, absolute: 5e-5 },
};
const closed = within(1e-5, 3e-4);
const pieces = within(1e-4, 3e-3);

/** A training problem for the first device. */
const problem = (shape: Shape, options: Partial<TrainerConfig>): TrainerConfig => ({
  ...trainerConfig(shape, options),
  device: 0,
});
const compare = (config: TrainerConfig, twin: Twin, within = bounds, rates = [0.05, 0.04, 0.03]): Promise<void> =>
  compareTraining(config, { twin, learningRates: rates, bounds: within }, 'auto');

const penalties = {
  regularizationUser: 0.3,
  regularizationItem: 0.2,
  regularizationBias: 0.1,
  regularizationFeature: 0.4,
};
const rows = { link: 'sigmoid', batchSize: 1, ...penalties } as const;

test('grids of devices: as fine as the ratings allow', () => {
  const side = (ratings: number, fields: Shape['fields'] = 'none'): number =>
    planDeviceRows({
      ...trainerConfig({ users: 9, items: 9, ratings: 9, dim: 120, fields }),
      items: { length: ratings },
    } as TrainerConfig).side;
  assert.equal(
    [0, 1023, 1024, 100_000, 1_000_000, 25_000_000, 1e9].map((n) => side(n)),
    [4, 4, 8, 64, 128, 1024, 1024],
  );
  assert.equal(
    [1024, 4096, 25_000_000].map((n) => side(n, 'both')),
    [4, 8, 512],
  );
});

for (const optimizer of ['sgd', 'adagrad'] as const) {
  onCuda(`${optimizer}, row by row: the twin's parameters and losses on a grid of turns`, async () => {
    const shape: Shape = { users: 60, items: 50, ratings: 1100, dim: 5 };
    const config = problem(shape, { ...rows, optimizer });
    assert.equal(planDeviceRows(config), { side: 8, squares: 1, inner: 8, mixed: false });
    await compare(config, trainDeviceRows);
    await compare(problem({ ...shape, fields: 'both' }, { ...rows, optimizer }), trainDeviceRows);
    for (const dim of [1, 33, 129]) {
      await compare(problem({ ...shape, ratings: 60, dim, fields: 'items' }, { ...rows, optimizer }), trainDeviceRows);
    }
  });
}

onCuda('row by row: several blocks of eight warps, with features and without', async () => {
  const shape: Shape = { users: 120, items: 140, ratings: 4200, dim: 3 };
  assert.is(planDeviceRows(trainerConfig(shape)).side, 16);
  await compare(problem(shape, { ...rows }), trainDeviceRows);
  const featured: Shape = { users: 200, items: 190, ratings: 17_000, dim: 2, fields: 'both' };
  assert.equal(planDeviceRows(trainerConfig(featured)), { side: 16, squares: 1, inner: 8, mixed: false });
  await compare(problem(featured, { ...rows, objective: 'logistic' }), trainDeviceRows, bounds, [0.02]);
});

onCuda('Adam in blocks: the losses of literal dense Adam', async () => {
  const shape: Shape = { users: 40, items: 60, ratings: 2100, dim: 5 };
  const adam = { optimizer: 'adam', initStd: 0.1, batchSize: 64, link: 'sigmoid' } as const;
  const config = problem(shape, { ...adam });
  assert.equal(planDeviceBatches(config), { side: 8, squares: 1, mixed: true });
  const rates = [0.01, 0.01, 0.005];
  await compare(config, trainDeviceAdam, closed, rates);
  const decay = { regularizationUser: 0.03, regularizationItem: 0.05, regularizationBias: 0.01 };
  await compare(problem(shape, { ...adam, ...decay, decoupled: true }), trainDeviceAdam, closed, rates);
  await compare(problem(shape, { ...adam, ...decay, lazy: true }), trainDeviceAdam, closed, rates);
  await compare(problem(shape, { ...adam, ...decay }), trainDeviceAdam, pieces, rates);
});

for (const optimizer of ['sgd', 'adagrad', 'adam'] as const) {
  onCuda(`${optimizer}, in batches: the twin's parameters and losses`, async () => {
    const shape: Shape = { users: 9, items: 12, ratings: 50, dim: 5, fields: 'both' };
    for (const batchSize of [0, 7]) {
      const options = { optimizer, batchSize, link: 'sigmoid', trainGlobalBias: true, ...penalties } as const;
      await compare(problem(shape, options), trainBatches);
      await compare(
        problem({ ...shape, fields: 'none' }, { ...options, decoupled: true, clipNorm: 0.1 }),
        trainBatches,
      );
    }
  });
}

onCuda('validation: the losses of the processor, whether rows have features or not', async () => {
  for (const fields of ['none', 'both'] as const) {
    const shape: Shape = { users: 30, items: 40, ratings: 200, dim: 9, fields, valid: 77 };
    const options = { ...rows, batchSize: 0 };
    const results = [];
    for (const config of [trainerConfig(shape, options), problem(shape, options)]) {
      const trainer = newTrainer(config);
      results.push((await runEpochs(trainer, [0.05, 0.05])).map(({ validLoss, validRmse }) => [validLoss, validRmse]));
      trainer.dispose();
    }
    const [expected, actual] = results.map((epochs) => epochs.flat());
    assert.ok(
      actual.every((x, n) => Math.abs(x - expected[n]) < 1e-5 * expected[n]),
      `${actual}, not ${expected}`,
    );
  }
});

onCuda('a raised flag stops an epoch, and the next one starts afresh', async () => {
  for (const batchSize of [0, 1, 7]) {
    const config = problem({ users: 9, items: 9, ratings: 30, dim: 4, fields: 'both' }, { batchSize, link: 'sigmoid' });
    const trainer = newTrainer(config);
    const before = readRaw(trainer, config);
    const flag = newFlag().fill(1);
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'cancelled');
    assert.equal(readRaw(trainer, config), before);
    flag[0] = 0;
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'ok');
    assert.not.equal(readRaw(trainer, config), before);
    trainer.dispose();
  }
});

onCuda('parameters that run away are reported', async () => {
  for (const batchSize of [0, 1]) {
    const config = problem({ users: 9, items: 9, ratings: 30, dim: 4 }, { batchSize, link: 'identity' });
    const trainer = newTrainer(config);
    const statuses = [];
    for (let epoch = 0; epoch < 3; epoch++) statuses.push((await trainer.runEpoch(epoch, 1e20, newFlag())).status);
    assert.is(statuses[2], 'diverged');
    trainer.dispose();
  }
});

test.run();
