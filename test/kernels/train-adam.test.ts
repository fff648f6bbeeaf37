import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { planBatches } from '../oracle/grid.js';
import { trainAdam } from '../oracle/train-adam.js';
import { type Bounds, compareTraining, within } from '../support/compare-training.js';
import { type Shape, trainerConfig } from '../support/train-problems.js';

/** Ten epochs of a rate that drops twice. */
const rates = [3, 3, 3, 3, 1, 1, 1, 0.5, 0.5, 0.5].map((factor) => factor * 0.003);
/** Some items are met in most steps, others once an epoch; the last user and item never. */
const shape: Shape = { users: 25, items: 60, ratings: 620, dim: 5 };
const adam = { optimizer: 'adam', initStd: 0.1, batchSize: 5 } as const;
const penalties = { regularizationUser: 0.03, regularizationItem: 0.05, regularizationBias: 0.01 };

const closed = within(1e-5, 3e-4);
const pieces = within(1e-4, 3e-3);

const compare = (options: Partial<TrainerConfig>, bounds: Bounds, of = shape): Promise<void> =>
  compareTraining(trainerConfig(of, { ...adam, ...options }), { twin: trainAdam, learningRates: rates, bounds });

const betas: Partial<TrainerConfig>[] = [
  {},
  { beta1: 0.5, beta2: 0.99 },
  { beta1: 0, beta2: 0.999 },
  { beta1: 0.93, beta2: 0.9999 },
];
const decays: Record<string, [Partial<TrainerConfig>, Bounds]> = {
  'no decay': [{}, closed],
  'decoupled decay': [{ ...penalties, decoupled: true }, closed],
  'coupled decay': [{ regularizationUser: 1e-4, regularizationItem: 3e-4, regularizationBias: 1e-4 }, pieces],
  'strong coupled decay': [penalties, pieces],
  'lazy, coupled decay': [{ ...penalties, lazy: true }, closed],
  'lazy, decoupled decay': [{ ...penalties, lazy: true, decoupled: true }, closed],
};

for (const [name, [decay, bounds]] of Object.entries(decays)) {
  for (const beta of betas) {
    const words = `betas ${beta.beta1 ?? 0.9}, ${beta.beta2 ?? 0.999}`;
    test(`${name}, ${words}: the losses of literal dense Adam over ten epochs`, async () => {
      await compare({ ...decay, ...beta, link: beta === betas[0] ? 'identity' : 'sigmoid' }, bounds);
    });
  }
}

for (const [name, [decay, bounds]] of Object.entries(decays)) {
  test(`${name}: batches of one, of the side, of many, and widths around whole registers`, async () => {
    for (const batchSize of [1, 2, 3, 38]) await compare({ ...decay, batchSize }, bounds, { ...shape, ratings: 610 });
    for (const dim of [1, 16, 17, 33]) await compare({ ...decay, batchSize: 7 }, bounds, { ...shape, dim });
  });

  test(`${name}: biases have a rate of their own, or are not trained`, async () => {
    await compare({ ...decay, biasLearningRate: 0.25, objective: 'logistic', link: 'sigmoid' }, bounds);
    await compare({ ...decay, biasLearningRate: 0 }, bounds);
    await compare({ ...decay, biases: false }, bounds);
  });

  test(`${name}: long gaps`, async () => {
    // Coupled decay takes rows that are met less often to zero, where the last digits decide which way they leave it.
    const rare = bounds === closed ? { users: 300, items: 500 } : { users: 60, items: 90 };
    await compare({ ...decay, batchSize: bounds === closed ? 1 : 2 }, bounds, { ...rare, ratings: 700, dim: 2 });
  });
}

test('a large epsilon, which the closed form keeps only to first order', async () => {
  await compare({ epsilon: 3e-6 }, within(1e-4, 3e-3));
});

test('user by user where rows do not fit in cache', async () => {
  const large: Shape = { users: 300, items: 400, ratings: 620, dim: 2100 };
  const config = trainerConfig(large, { ...adam, ...penalties, decoupled: true, batchSize: 38, initStd: 0.01 });
  assert.equal(planBatches(config), { side: 4, squares: 1, mixed: false });
  // Of a million gradients some cancel to their last digit, whose sign Adam turns into a whole step.
  await compareTraining(config, { twin: trainAdam, learningRates: [0.003], bounds: within(1e-5, 0.05) });
});

test('several squares', () => {
  const config = trainerConfig({ users: 70_000, items: 300, ratings: 200_100, dim: 49 }, { ...adam, batchSize: 512 });
  assert.equal(planBatches(config), { side: 4, squares: 2, mixed: false });
});

test.run();
