import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { meanLosses, rawScore } from '../oracle/train-loss.js';
import { assertClose } from '../support/assert-close.js';
import {
  atEachLevel,
  newTrainer,
  readParameters,
  runEpochs,
  type Shape,
  trainerConfig,
} from '../support/train-problems.js';

const tolerance = { relative: 3e-6, absolute: 1e-7 };
const validPairs = ({ validUsers, validItems, validValues }: TrainerConfig) => ({
  users: validUsers,
  items: validItems,
  values: validValues,
});

/** The validation losses of each epoch are those of the parameters after it. */
async function compare(config: TrainerConfig, learningRates: readonly number[]): Promise<void> {
  await atEachLevel(async (level) => {
    const trainer = newTrainer(config);
    for (const learningRate of learningRates) {
      const [{ validLoss, validRmse }] = await runEpochs(trainer, [learningRate]);
      const p = readParameters(trainer, config);
      const expected = meanLosses(config, p, validPairs(config), { clip: true });
      assertClose([validLoss, validRmse], [expected.loss, expected.rmse], tolerance, level);
    }
    trainer.dispose();
  });
}

const losses: Record<string, Partial<TrainerConfig>> = {
  identity: { link: 'identity', globalBias: 3 },
  sigmoid: { link: 'sigmoid' },
  logistic: { objective: 'logistic', link: 'sigmoid' },
};
const mf: Shape = { users: 9, items: 12, ratings: 50, dim: 5, valid: 40 };

for (const [name, loss] of Object.entries(losses)) {
  test(`${name}: loss and rmse of validation pairs, rows without ratings among them`, async () => {
    for (const fields of ['none', 'items', 'both'] as const) {
      for (const withinSide of fields === 'none' ? [false] : [false, true]) {
        const shape = { ...mf, fields };
        const config = trainerConfig(shape, { ...loss, withinSide, optimizer: 'adam', trainGlobalBias: true });
        config.validUsers[0] = 8; // neither has a rating
        config.validItems[0] = 11;
        await compare(config, [0.1, 0.05]);
        await compare({ ...config, batchSize: 1, optimizer: 'sgd' }, [0.02]);
        if (fields !== 'none') continue;
        const implicit = trainerConfig(shape, { ...loss, implicitTerm: true, batchSize: 1 });
        await compare({ ...implicit, validUsers: config.validUsers, validItems: config.validItems }, [0.02]);
      }
    }
  });
}

for (const [name, loss] of Object.entries(losses)) {
  test(`${name}: 1 to 1,100 validation pairs, factors of 1 to 129`, async () => {
    for (const valid of [1, 4, 31, 33, 64, 65, 129, 1100]) {
      for (const dim of [1, 17, 33, 129]) {
        await compare(trainerConfig({ ...mf, valid, dim }, { ...loss, optimizer: 'adam' }), [0.05]);
      }
    }
  });
}

test('identity: predictions outside the range count as its ends in the rmse, not in the loss', async () => {
  const config = trainerConfig(mf, { globalBias: 5.5, rangeMin: 1, initStd: 1.5 });
  const trainer = newTrainer(config);
  const [{ validLoss, validRmse }] = await runEpochs(trainer, [1e-6]);
  const p = readParameters(trainer, config);
  const scores = Array.from(config.validUsers, (user, n) => rawScore(config, p, user, config.validItems[n]));
  assert.ok(scores.some((x) => x > 5) && scores.some((x) => x < 1), 'both ends are passed');
  const plain = meanLosses(config, p, validPairs(config));
  const clipped = meanLosses(config, p, validPairs(config), { clip: true });
  assert.ok(plain.rmse - clipped.rmse > 0.1);
  assertClose(validLoss, plain.loss, tolerance, 'loss');
  assertClose(validRmse, clipped.rmse, tolerance, 'rmse');
});

test('more pairs than a chunk, more rows than a chunk', async () => {
  for (const fields of ['none', 'both'] as const) {
    for (const valid of [1, 4095, 4096, 4097, 9000]) {
      const shape = { users: 1100, items: 1030, ratings: 2000, dim: 3, valid, fields };
      const config = trainerConfig(shape, { link: 'sigmoid', threads: 2 });
      const trainer = newTrainer(config);
      const [{ validLoss, validRmse }] = await runEpochs(trainer, [0.5]);
      const expected = meanLosses(config, readParameters(trainer, config), validPairs(config));
      assertClose([validLoss, validRmse], [expected.loss, expected.rmse], tolerance, `${valid} pairs, ${fields}`);
    }
  }
});

test('saturated scores keep losses finite and right', async () => {
  for (const globalBias of [-200, -60, -20, 20, 60, 200]) {
    for (const name of ['sigmoid', 'logistic']) {
      const config = trainerConfig(mf, { ...losses[name], globalBias, initStd: 0.01 });
      await compare(config, [1e-9]);
    }
  }
});

test('without validation pairs the losses are 0', async () => {
  const [{ validLoss, validRmse }] = await runEpochs(newTrainer(trainerConfig({ ...mf, valid: 0 })), [0.1]);
  assert.equal([validLoss, validRmse], [0, 0]);
});

test('a validation loss that is not finite is a divergence', async () => {
  // One update of a user with one rating throws his row far out, after the training loss of that rating was taken.
  const config = trainerConfig({ users: 1, items: 2, ratings: 1, dim: 4, valid: 1 }, { link: 'identity' });
  config.validUsers[0] = 0;
  config.validItems[0] = 0;
  const trainer = newTrainer(config);
  const result = await trainer.runEpoch(0, 1e20, new Int32Array(1));
  assert.ok(Number.isFinite(result.trainLoss));
  assert.is(result.status, 'diverged');
});

test('parameters that stop being finite are a divergence, though the losses before were fine', async () => {
  const shape = { users: 2, items: 2, ratings: 1, dim: 4, fields: 'both' } as const;
  const infinite = 1e38;
  for (const options of [{ biasLearningRate: 0 }, { initStd: 0 }, { featureLearningRate: 0 }]) {
    for (const batchSize of [0, 1]) {
      const trainer = newTrainer(trainerConfig(shape, { ...options, batchSize, globalBias: 100 }));
      const { status, trainLoss } = await trainer.runEpoch(0, infinite, new Int32Array(1));
      assert.ok(Number.isFinite(trainLoss));
      assert.is(status, 'diverged', JSON.stringify(options));
    }
  }
});

test.run();
