import { test } from 'uvu';
import type { TrainerConfig } from '../../src/native/binding.js';
import { trainBatches } from '../oracle/train-batches.js';
import { assertClose } from '../support/assert-close.js';
import { compareTraining } from '../support/compare-training.js';
import { newTrainer, readParameters, runEpochs, type Shape, trainerConfig } from '../support/train-problems.js';

const bounds = {
  loss: { relative: 2e-6, absolute: 1e-7 },
  rmse: { relative: 2e-6, absolute: 5e-7 }, // differences of floats near 1, times a range of 4.5
  parameters: { relative: 1e-4, absolute: 5e-5 },
};
const rates = [0.05, 0.04, 0.03, 0.02, 0.01];

const compare = (config: TrainerConfig, learningRates: readonly number[] = rates): Promise<void> =>
  compareTraining(config, { twin: trainBatches, learningRates, bounds });

const mf: Shape = { users: 9, items: 12, ratings: 50, dim: 5 };
const fm: Shape = { ...mf, fields: 'both' };
const penalties = {
  regularizationUser: 0.05,
  regularizationItem: 0.02,
  regularizationBias: 0.1,
  regularizationFeature: 0.2,
};
const sigmoid = { link: 'sigmoid', trainGlobalBias: true } as const;

const optimizers = ['sgd', 'adagrad', 'adam'] as const;
const decays: Record<string, Partial<TrainerConfig>> = {
  'no decay': {},
  'coupled decay': penalties,
  'decoupled decay': { ...penalties, decoupled: true },
};
for (const optimizer of optimizers) {
  for (const [name, decay] of Object.entries(decays)) {
    for (const batchSize of [0, 7]) {
      test(`${optimizer}, ${name}, batch ${batchSize || 'full'}: the twin's parameters and losses`, async () => {
        await compare(trainerConfig(fm, { ...sigmoid, ...decay, optimizer, batchSize }));
        await compare(trainerConfig(mf, { ...decay, optimizer, batchSize }));
      });
    }
  }
}

for (const optimizer of optimizers) {
  test(`${optimizer}: biases and features have learning rates of their own`, async () => {
    const own = { biasLearningRate: 0.25, featureLearningRate: 0.1 };
    for (const decoupled of [false, true]) {
      await compare(trainerConfig(fm, { ...sigmoid, ...penalties, ...own, optimizer, decoupled, batchSize: 16 }));
    }
    await compare(trainerConfig(fm, { ...sigmoid, biasLearningRate: 0, featureLearningRate: 0, optimizer }));
  });
}

for (const optimizer of optimizers) {
  test(`${optimizer}: biases that are not trained stay at zero, the intercept moves where it should`, async () => {
    for (const trainGlobalBias of [false, true]) {
      await compare(trainerConfig(fm, { ...penalties, link: 'sigmoid', biases: false, trainGlobalBias, optimizer }));
    }
  });
}

test('the betas and epsilon of Adam, the epsilon of AdaGrad', async () => {
  await compare(trainerConfig(mf, { optimizer: 'adam', beta1: 0, beta2: 0.5, epsilon: 0.1, batchSize: 20 }));
  await compare(trainerConfig(mf, { optimizer: 'adam', beta1: 0.99, beta2: 0.9, batchSize: 20 }));
  await compare(trainerConfig(mf, { optimizer: 'adagrad', epsilon: 0.5, batchSize: 20 }));
});

test('Adam rating by rating is the batch of one', async () => {
  await compare(trainerConfig(fm, { ...penalties, ...sigmoid, optimizer: 'adam', batchSize: 1 }), [0.01, 0.005]);
});

test('clipping in mini-batches', async () => {
  for (const optimizer of optimizers) {
    const config = { ...penalties, optimizer, clipNorm: 0.5, batchSize: 8, trainGlobalBias: true };
    await compare(trainerConfig(fm, config), [0.2, 0.1, 0.1]);
  }
});

test('logistic loss, wide factors, all sides of the batch size', async () => {
  for (const batchSize of [0, 7, 49, 50, 51, 4_000_000_000]) {
    const shape = { ...fm, dim: 33 };
    await compare(trainerConfig(shape, { objective: 'logistic', link: 'sigmoid', optimizer: 'adam', batchSize }));
  }
});

test('more rows than a task of a dense step has', async () => {
  const shape: Shape = { users: 600, items: 530, ratings: 700, dim: 3, fields: 'items' };
  for (const threads of [1, 2]) {
    await compare(trainerConfig(shape, { ...sigmoid, ...penalties, optimizer: 'adam', threads }), [0.05, 0.02]);
  }
});

const losses: Record<string, Partial<TrainerConfig>> = {
  identity: { link: 'identity' },
  sigmoid: { link: 'sigmoid' },
  logistic: { objective: 'logistic', link: 'sigmoid' },
};
for (const [name, loss] of Object.entries(losses)) {
  test(`${name}: users and items with 1 to 129 ratings, factors of 1 to 129`, async () => {
    const options = { ...loss, optimizer: 'adam', trainGlobalBias: true } as const;
    for (const ratings of [1, 4, 15, 16, 31, 33, 64, 65, 129]) {
      for (const dim of [1, 17, 33]) {
        const [one, many] = [2, ratings + 1]; // the last of each has none
        await compare(trainerConfig({ users: one, items: many, ratings, dim }, options), [0.05, 0.02]);
        await compare(trainerConfig({ users: many, items: one, ratings, dim }, options), [0.05, 0.02]);
      }
    }
    await compare(trainerConfig({ users: 5, items: 40, ratings: 129, dim: 129 }, options), [0.05, 0.02]);
  });
}

test('one user, one item, one rating', async () => {
  for (const shape of [
    { users: 1, items: 1, ratings: 1, dim: 1 },
    { users: 1, items: 9, ratings: 8, dim: 17 },
    { users: 9, items: 1, ratings: 8, dim: 17 },
  ]) {
    await compare(trainerConfig({ ...shape, fields: 'both' }, { ...sigmoid, optimizer: 'adam', batchSize: 3 }));
  }
});

test('no ratings: nothing moves and losses are 0', async () => {
  const config = trainerConfig({ users: 3, items: 4, ratings: 0, dim: 4 }, { optimizer: 'adam' });
  const trainer = newTrainer(config);
  const [{ trainLoss, trainRmse }] = await runEpochs(trainer, [0.1]);
  assertClose([trainLoss, trainRmse], [0, 0], { relative: 0, absolute: 0 }, 'losses');
  const { users, items } = readParameters(trainer, config);
  assertClose([...users.factors, ...items.factors], new Array(28).fill(0), { relative: 0, absolute: 0 }, 'factors');
});

test.run();
