import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import { splitRandom } from '../../src/split/split-random.js';
import { train } from '../../src/train/train.js';
import type { ItemVectorParameters, TrainOptions } from '../../src/types.js';
import { dataset, ratings } from './fixtures.js';

const data = dataset(ratings());
const base: TrainOptions = { model: 'itemSoftmax', dim: 8, epochs: 3, batchSize: 8 };
const vectorsOf = (model: Awaited<ReturnType<typeof train>>): ItemVectorParameters =>
  model.data.parameters as ItemVectorParameters;

test('pairs held back give a validation loss after each epoch and a test loss at the end', async () => {
  const model = await train(data, { ...base, validPairs: 0.2, testPairs: 0.2 });
  assert.ok(model.history.every(({ valid }) => Number.isFinite(valid?.loss)));
  const { validLoss, testLoss } = model.metrics as { validLoss: number; testLoss: number };
  // Two samples of the same pairs: they differ by chance alone.
  assert.ok(Math.abs(validLoss - testLoss) < 0.1, `${validLoss} ${testLoss}`);
  const whole = await train(data, base);
  assert.ok(whole.history.every(({ valid }) => valid === undefined));
  assert.equal(Object.keys(whole.metrics), ['trainLoss', 'epochs']);
});

test('a validation dataset is predicted from what its users have in training', async () => {
  const parts = splitRandom(data, { fractions: { train: 0.8, valid: 0.2 }, seed: 1 });
  const model = await train(parts.train, { ...base, validation: parts.valid });
  const validLoss = model.metrics.validLoss as number;
  assert.ok(validLoss > 0 && validLoss < 2 * Math.log(data.numItems), `${validLoss}`);
});

test('early stopping keeps the best epoch, and the test is scored on it', async () => {
  const options = { ...base, validPairs: 0.3, testPairs: 0.1, learningRate: 0.1 } as const;
  const stopped = await train(data, { ...options, epochs: 60, patience: 3, schedule: { type: 'constant' } });
  const best = stopped.metrics.epochs as number;
  assert.ok(best < stopped.history.length && stopped.history.length < 60, `${best} of ${stopped.history.length}`);
  const until = await train(data, { ...options, epochs: best, schedule: { type: 'constant' } });
  assert.equal(vectorsOf(stopped), vectorsOf(until));
  assert.is(stopped.metrics.testLoss, until.metrics.testLoss);
});

test('tables and biases are there where they were asked for', async () => {
  const both = vectorsOf(await train(data, base));
  assert.is(both.contextFactors?.length, data.numItems * 8);
  assert.is(both.itemBiases?.length, data.numItems);
  const tied = vectorsOf(await train(data, { ...base, tables: 1, itemBiases: false }));
  assert.is(tied.contextFactors, undefined);
  assert.is(tied.itemBiases, undefined);
});

test('an item that nobody has in training gets a zero vector', async () => {
  const { items } = data.interactions;
  const without = data.subset(Uint8Array.from(items, (item) => (item === 5 ? 0 : 1)));
  const { itemFactors } = vectorsOf(await train(without, base));
  assert.ok(itemFactors.subarray(5 * 8, 6 * 8).every((value) => value === 0));
  assert.ok(itemFactors.subarray(6 * 8, 7 * 8).some((value) => value !== 0));
});

test('options that contradict each other, and data without pairs, are refused', async () => {
  const rejects = async (options: Partial<TrainOptions>, message: RegExp, on = data): Promise<void> => {
    try {
      await train(on, { ...base, ...options });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
      assert.ok(error instanceof RangeError || error instanceof TypeError || error instanceof DataError);
    }
  };
  await rejects({ validPairs: 0.6, testPairs: 0.4 }, /validPairs/);
  await rejects({ validPairs: 0.1, validation: data }, /validPairs.*0 when/);
  await rejects({ patience: 2 }, /validation/);
  await rejects({ tables: 3 }, /tables/);
  await rejects({ dropout: 1 }, /dropout/);
  await rejects({ mode: 'both' as 'pairs' }, /mode/);
  const alone = dataset([
    { user: 1, item: 1, rating: 3 },
    { user: 2, item: 2, rating: 3 },
  ]);
  await rejects({}, /No pairs/, alone);
});

test.run();
