import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { differenceAt } from '../oracle/train-gradient.js';
import { trainImplicit } from '../oracle/train-implicit.js';
import { assertClose } from '../support/assert-close.js';
import { compareTraining } from '../support/compare-training.js';
import {
  atEachLevel,
  newFlag,
  newTrainer,
  readParameters,
  readRaw,
  runEpochs,
  type Shape,
  trainerConfig,
} from '../support/train-problems.js';

const implicit = { implicitTerm: true, batchSize: 1, link: 'sigmoid' } as const;
const penalties = {
  regularizationUser: 0.3,
  regularizationItem: 0.2,
  regularizationBias: 0.1,
  regularizationFeature: 0.4,
};
const bounds = {
  loss: { relative: 3e-6, absolute: 1e-7 },
  parameters: { relative: 1e-4, absolute: 2e-5 },
};
const compare = (shape: Shape, options: Partial<TrainerConfig> = {}): Promise<void> =>
  compareTraining(trainerConfig(shape, { ...implicit, ...options }), {
    twin: trainImplicit,
    learningRates: [0.02, 0.015, 0.01],
    bounds,
  });

/** Three batches of users, some with more ratings than runs. */
const shape: Shape = { users: 70, items: 41, ratings: 900, dim: 5 };

test('the parameters and losses of the twin, by every loss', async () => {
  for (const loss of [{ link: 'identity' }, { link: 'sigmoid' }, { objective: 'logistic', link: 'sigmoid' }] as const) {
    await compare(shape, { ...loss, initStd: 0.1 });
  }
});

test('penalties at each power, learning rates of biases and of y, and no biases', async () => {
  for (const regularizationPower of [0, 0.5, 1]) await compare(shape, { ...penalties, regularizationPower });
  await compare(shape, { ...penalties, biasLearningRate: 0.25, featureLearningRate: 0.125 });
  await compare(shape, { ...penalties, biases: false });
});

test('any number of users, items and factors', async () => {
  for (const dim of [1, 31, 33, 64, 129]) await compare({ users: 34, items: 9, ratings: 150, dim }, { initStd: 0.1 });
  for (const users of [1, 2, 33, 34]) await compare({ users, items: 33, ratings: users * 20, dim: 3 }, penalties);
  await compare({ users: 5, items: 1, ratings: 4, dim: 3 }, penalties);
  await compare({ users: 2, items: 400, ratings: 300, dim: 17 }, { initStd: 0.05 });
});

test('a short step of one batch is the gradient of the summed loss', async () => {
  const config = trainerConfig({ users: 9, items: 13, ratings: 60, dim: 4 }, implicit);
  const rate = 2 ** -14;
  await atEachLevel(async (level) => {
    const trainer = newTrainer(config);
    await runEpochs(trainer, [0.2]);
    const before = readParameters(trainer, config);
    await runEpochs(trainer, [rate]);
    const after = readParameters(trainer, config);
    trainer.dispose();
    for (const kind of ['users', 'items', 'features'] as const) {
      const step = before[kind].factors.map((x, at) => (x - after[kind].factors[at]) / rate);
      const gradient = before[kind].factors.map(
        (_, at) => config.items.length * differenceAt(config, before, before[kind].factors, at),
      );
      assert.ok(gradient.some((g) => Math.abs(g) > 0.5));
      // Items see users whom their own turn, of length `rate`, has moved.
      assertClose(step, gradient, { relative: 5e-3, absolute: 0.01 }, `${level} ${kind}`);
    }
  });
});

test('who has no ratings has no term, and what nobody rated stays zero', async () => {
  const config = trainerConfig({ users: 6, items: 7, ratings: 20, dim: 3, valid: 9 }, implicit);
  const trainer = newTrainer(config);
  await runEpochs(trainer, [0.1, 0.1]);
  const { userFactors, featureFactors, featureBiases } = readRaw(trainer, config);
  trainer.dispose();
  assert.ok(userFactors.subarray(5 * 3).every((x) => x === 0));
  assert.ok(featureFactors.subarray(6 * 3).every((x) => x === 0));
  assert.ok(featureFactors.subarray(0, 3).some((x) => x !== 0));
  assert.ok(featureBiases.every((x) => x === 0));
});

test('a flag raised before the epoch leaves the parameters as they are', async () => {
  const config = trainerConfig(shape, implicit);
  const trainer = newTrainer(config);
  const before = readRaw(trainer, config);
  assert.is((await trainer.runEpoch(0, 0.1, newFlag().fill(1))).status, 'cancelled');
  assert.equal(readRaw(trainer, config), before);
  trainer.dispose();
});

test('a learning rate beyond all measure is reported', async () => {
  const trainer = newTrainer(trainerConfig(shape, { ...implicit, link: 'identity' }));
  assert.is((await trainer.runEpoch(0, 1e20, newFlag())).status, 'diverged');
  trainer.dispose();
});

test('refused: rows y that are not one an item', () => {
  const config = trainerConfig(shape, implicit);
  assert.throws(() => newTrainer({ ...config, numFeatures: 40 }), /implicit term needs a feature for each item/);
});

test.run();
