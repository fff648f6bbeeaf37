// mf and fm on CUDA from the trainer down, on the emulator: the same twins as the processor's, on the grids of devices.
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { devices } from '../../src/index.js';
import type { TrainerConfig } from '../../src/native/binding.js';
import { planDeviceBatches, planDeviceRows } from '../oracle/grid.js';
import { trainDeviceAdam } from '../oracle/train-adam.js';
import { trainBatches } from '../oracle/train-batches.js';
import { trainDeviceRows } from '../oracle/train-rows.js';
import { type Bounds, compareTraining, type Twin, within } from '../support/compare-training.js';
import { newFlag, newTrainer, readRaw, runEpochs, type Shape, trainerConfig } from '../support/train-problems.js';
import { forgetEmulator, useEmulator } from './emulated-library.js';

test('grids of devices are as fine as the ratings allow', () => {
  const sides = (ratings: number[], fields: Shape['fields'] = 'none'): number[] => {
    const config = trainerConfig({ users: 9, items: 9, ratings: 9, dim: 120, fields });
    return ratings.map((length) => planDeviceRows({ ...config, items: { length } as Uint32Array }).side);
  };
  assert.equal(sides([0, 1023, 1024, 1e5, 1e6, 25e6, 1e9]), [4, 4, 8, 64, 128, 1024, 1024]);
  assert.equal(sides([16_383, 16_384, 25e6], 'both'), [4, 8, 256]);
});

test.run();

if (useEmulator()) {
  devices(); // opens the library
  const cuda = suite('on the emulator');
  const bounds: Bounds = {
    loss: { relative: 3e-6, absolute: 1e-7 },
    rmse: { relative: 3e-6, absolute: 5e-7 },
    parameters: { relative: 1e-4, absolute: 5e-5 },
  };
  const [closed, pieces] = [within(1e-5, 3e-4), within(1e-4, 3e-3)];

  /** A training problem for the first device. */
  const problem = (shape: Shape, options: Partial<TrainerConfig>): TrainerConfig =>
    trainerConfig(shape, { ...options, device: 0 });
  const compare = (config: TrainerConfig, twin: Twin, bound = bounds, rates = [0.05, 0.04, 0.03]): Promise<void> =>
    compareTraining(config, { twin, learningRates: rates, bounds: bound }, 'auto');

  const penalties = {
    regularizationUser: 0.3,
    regularizationItem: 0.2,
    regularizationBias: 0.1,
    regularizationFeature: 0.4,
  };
  const rows = { link: 'sigmoid', batchSize: 1, ...penalties } as const;

  for (const optimizer of ['sgd', 'adagrad'] as const) {
    cuda(`${optimizer}, row by row: the twin's parameters and losses on a grid of turns`, async () => {
      const shape: Shape = { users: 60, items: 50, ratings: 1100, dim: 5 };
      const config = problem(shape, { ...rows, optimizer });
      assert.equal(planDeviceRows(config), { side: 8, squares: 1, inner: 8, mixed: false });
      await compare(config, trainDeviceRows);
      await compare(problem({ ...shape, fields: 'both' }, { ...rows, optimizer }), trainDeviceRows);
      for (const dim of [1, 33, 129]) {
        await compare(
          problem({ ...shape, ratings: 60, dim, fields: 'items' }, { ...rows, optimizer }),
          trainDeviceRows,
        );
      }
    });
  }

  cuda('row by row: several blocks of eight warps, with features and without', async () => {
    const shape: Shape = { users: 120, items: 140, ratings: 4200, dim: 3 };
    assert.is(planDeviceRows(trainerConfig(shape)).side, 16);
    await compare(problem(shape, rows), trainDeviceRows);
    const featured: Shape = { users: 300, items: 280, ratings: 66_000, dim: 1, fields: 'both' };
    assert.equal(planDeviceRows(trainerConfig(featured)), { side: 16, squares: 1, inner: 8, mixed: false });
    await compare(problem(featured, { ...rows, objective: 'logistic' }), trainDeviceRows, bounds, [0.02]);
  });

  cuda('Adam in blocks: the losses of literal dense Adam', async () => {
    const shape: Shape = { users: 60, items: 70, ratings: 2100, dim: 5 };
    const adam = { optimizer: 'adam', initStd: 0.1, batchSize: 64, link: 'sigmoid' } as const;
    assert.equal(planDeviceBatches(trainerConfig(shape, adam)), { side: 8, squares: 1, mixed: true });
    const rates = [0.01, 0.01, 0.005];
    const decay = { regularizationUser: 0.03, regularizationItem: 0.05, regularizationBias: 0.01 };
    for (const options of [{}, { ...decay, decoupled: true }, { ...decay, lazy: true }]) {
      await compare(problem(shape, { ...adam, ...options }), trainDeviceAdam, closed, rates);
    }
    await compare(problem(shape, { ...adam, ...decay }), trainDeviceAdam, pieces, rates);
  });

  for (const optimizer of ['sgd', 'adagrad', 'adam'] as const) {
    cuda(`${optimizer}, in batches: the twin's parameters and losses`, async () => {
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

  cuda('validation: the losses of the processor, whether rows have features or not', async () => {
    for (const fields of ['none', 'both'] as const) {
      const shape: Shape = { users: 30, items: 40, ratings: 200, dim: 9, fields, valid: 77 };
      const options = { ...rows, batchSize: 0 };
      const losses = [];
      for (const config of [trainerConfig(shape, options), problem(shape, options)]) {
        const trainer = newTrainer(config);
        const epochs = await runEpochs(trainer, [0.05, 0.05]);
        losses.push(epochs.flatMap(({ validLoss, validRmse }) => [validLoss, validRmse]));
        trainer.dispose();
      }
      const [expected, actual] = losses;
      assert.ok(actual.every((x, n) => Math.abs(x - expected[n]) < 1e-5 * expected[n]));
    }
  });

  cuda('a raised flag stops an epoch, and the next one starts afresh', async () => {
    for (const batchSize of [0, 1, 7]) {
      const shape: Shape = { users: 9, items: 9, ratings: 30, dim: 4, fields: 'both' };
      const config = problem(shape, { batchSize, link: 'sigmoid' });
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

  cuda('parameters that run away are reported', async () => {
    for (const batchSize of [0, 1]) {
      const config = problem({ users: 9, items: 9, ratings: 30, dim: 4 }, { batchSize, link: 'identity' });
      const trainer = newTrainer(config);
      const statuses: string[] = [];
      for (const epoch of [0, 1, 2]) statuses.push((await trainer.runEpoch(epoch, 1e20, newFlag())).status);
      assert.is(statuses.at(-1), 'diverged');
      trainer.dispose();
    }
  });

  cuda.after(forgetEmulator);
  cuda.run();
}
