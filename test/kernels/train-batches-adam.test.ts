/** Adam in batches that touch few of the rows: the others are brought up to date when they are needed. */
import { test } from 'uvu';
import type { TrainerConfig } from '../../src/native/binding.js';
import { trainBatches } from '../oracle/train-batches.js';
import { type Bounds, compareTraining, within } from '../support/compare-training.js';
import { type Shape, trainerConfig } from '../support/train-problems.js';

// The closed form keeps epsilon to first order: where gradients are tiny, as with clipping, a step shows the rest.
const closed = within(1e-5, 1e-3);
const pieces = within(1e-4, 3e-3);

/** Ten epochs of a rate that drops twice. */
const rates = [3, 3, 3, 3, 1, 1, 1, 0.5, 0.5, 0.5].map((factor) => factor * 0.003);
/** Rows for batches of 7 to leave nineteen in twenty alone; the last user and item have no ratings. */
const mf: Shape = { users: 60, items: 90, ratings: 140, dim: 5 };
const fm: Shape = { ...mf, fields: 'both' };
const adam = { optimizer: 'adam', initStd: 0.1, batchSize: 7 } as const;

const compare = (options: Partial<TrainerConfig>, bounds: Bounds, shape = fm): Promise<void> =>
  compareTraining(trainerConfig(shape, { ...adam, ...options }), { twin: trainBatches, learningRates: rates, bounds });

const penalties = {
  regularizationUser: 0.03,
  regularizationItem: 0.05,
  regularizationBias: 0.01,
  regularizationFeature: 0.02,
};
const decays: Record<string, [Partial<TrainerConfig>, Bounds]> = {
  'no decay': [{}, closed],
  'decay of features alone': [{ regularizationFeature: 0.02 }, closed],
  'decoupled decay': [{ ...penalties, decoupled: true }, closed],
  'coupled decay': [penalties, pieces],
  'lazy, coupled decay': [{ ...penalties, lazy: true }, closed],
  'lazy, decoupled decay': [{ ...penalties, lazy: true, decoupled: true }, closed],
};

for (const [name, [decay, bounds]] of Object.entries(decays)) {
  test(`${name}: the losses of literal Adam over ten epochs, batches of 1, 3 and 7`, async () => {
    for (const batchSize of [1, 3, 7]) await compare({ ...decay, batchSize }, bounds);
  });

  test(`${name}: the sigmoid link and a global bias`, async () => {
    await compare({ ...decay, link: 'sigmoid', trainGlobalBias: true }, bounds);
    await compare({ ...decay, objective: 'logistic', link: 'sigmoid', trainGlobalBias: true }, bounds);
  });

  test(`${name}: clipping, with shared features and without`, async () => {
    for (const shape of [mf, fm]) {
      await compare({ ...decay, clipNorm: 0.5, trainGlobalBias: shape === fm }, bounds, shape);
    }
  });

  test(`${name}: biases and features have rates of their own, or are not trained`, async () => {
    await compare({ ...decay, biasLearningRate: 0.25, featureLearningRate: 0.1 }, bounds);
    await compare({ ...decay, biasLearningRate: 0, featureLearningRate: 0 }, bounds);
    await compare({ ...decay, biases: false }, bounds);
  });

  test(`${name}: other betas, and widths around whole registers`, async () => {
    await compare({ ...decay, beta1: 0.5, beta2: 0.99 }, bounds);
    await compare({ ...decay, beta1: 0, beta2: 0.999 }, bounds);
    for (const dim of [1, 16, 17, 33]) await compare(decay, bounds, { ...fm, dim, ratings: 50 });
  });
}

test('lazy: rows without a gradient stand still in large and full batches too', async () => {
  for (const batchSize of [100, 0]) {
    for (const decoupled of [false, true]) await compare({ ...penalties, lazy: true, decoupled, batchSize }, closed);
  }
});

test('lazy leaves features alone that no rating of a batch has', async () => {
  await compare({ ...penalties, lazy: true, batchSize: 1 }, closed, { ...fm, ratings: 40, fields: 'items' });
});

test('momentum that outlives its deviation takes dense steps', async () => {
  await compare({ beta1: 0.99, beta2: 0.9 }, closed);
});

test.run();
