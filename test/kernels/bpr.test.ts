import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BprConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { initialBpr, lossOf, margin, moveTriple, type OracleBpr, runOracleBpr } from '../oracle/bpr.js';
import { groupsFor } from '../oracle/item-groups.js';
import { assertClose } from '../support/assert-close.js';
import { type BprShape, bprConfig, newBprTrainer, readBpr, runBprEpochs } from '../support/bpr-problems.js';
import { atEachLevel, newFlag } from '../support/train-problems.js';

const rates = [0.1, 0.05];
const penalties = { regularizationUser: 0.02, regularizationItem: 0.03, regularizationBias: 0.04 };
const loss = { relative: 3e-6, absolute: 1e-7 };
const parameters = { relative: 1e-4, absolute: 2e-5 };

/** The twin's parameters and losses, at each level. */
async function compare(shape: BprShape, options: Partial<BprConfig> = {}): Promise<void> {
  const config = bprConfig(shape, options);
  const expected = initialBpr(config);
  const epochs = rates.map((rate, epoch) => runOracleBpr(config, expected, epoch, rate));
  await atEachLevel(async (level) => {
    const trainer = newBprTrainer(config);
    const results = await runBprEpochs(trainer, rates);
    const { userFactors, itemFactors, itemBiases } = readBpr(trainer, config);
    trainer.dispose();
    for (const [epoch, { triples, trainLoss, validLoss }] of epochs.entries()) {
      assert.is(results[epoch].triples, triples, `${level} triples of epoch ${epoch}`);
      assertClose(results[epoch].trainLoss, trainLoss, loss, `${level} loss of epoch ${epoch}`);
      assertClose(results[epoch].validLoss, validLoss, loss, `${level} validation loss of epoch ${epoch}`);
    }
    assertClose(userFactors, expected.users.values, parameters, `${level} users`);
    assertClose(itemFactors, expected.items.values, parameters, `${level} items`);
    assertClose(itemBiases, expected.biases.values, parameters, `${level} biases`);
  });
}

const small: BprShape = { users: 23, items: 40, most: 12, dim: 5, valid: 3 };

for (const optimizer of ['sgd', 'adagrad'] as const) {
  test(`${optimizer}: the parameters and losses of the twin`, async () => {
    await compare(small, { optimizer });
    await compare(small, { optimizer, ...penalties, biasLearningRate: 0.25, epsilon: 0.1 });
    await compare(small, { optimizer, ...penalties, biases: false });
    await compare(small, { optimizer, negatives: 3, rejectSeen: false });
  });
}

test('any number of users, items and factors', async () => {
  for (const dim of [1, 31, 33, 64, 129]) await compare({ ...small, dim }, { initStd: 0.2 });
  for (const users of [1, 2, 33]) await compare({ ...small, users });
  for (const items of [1, 2, 129]) await compare({ ...small, items });
  await compare({ ...small, most: 0 });
});

test('several groups and several chunks', async () => {
  const shape = { users: 90, items: 520, most: 30, dim: 7, valid: 2 };
  assert.is(groupsFor(519), 4);
  await compare(shape, { pairsPerChunk: 300, ...penalties });
});

test('where a user has all there is, no triple is left of him', async () => {
  const config = bprConfig({ users: 1, items: 6, most: 5, dim: 3 }, { offsets: Uint32Array.of(0, 5) });
  const all = { ...config, items: Uint32Array.of(0, 1, 2, 3, 4) };
  const trainer = newBprTrainer(all);
  const before = readBpr(trainer, all);
  const [{ triples, trainLoss }] = await runBprEpochs(trainer, [0.1]);
  assert.equal([triples, trainLoss], [0, 0]);
  assert.equal(readBpr(trainer, all), before);
  trainer.dispose();
});

test('a short step is the gradient of -log sigmoid(x(u, i) - x(u, j)), with the penalty', () => {
  const config = bprConfig(small, penalties);
  const start = initialBpr(config);
  const triple = { user: 3, item: 4, other: 17 };
  const objective = (p: OracleBpr): number => {
    const squares = (values: Float64Array, row: number, width: number): number =>
      values.subarray(row * width, (row + 1) * width).reduce((sum, x) => sum + x ** 2, 0);
    let sum = lossOf(margin(config, p, triple));
    sum += 0.5 * Math.fround(config.regularizationUser) * squares(p.users.values, triple.user, config.dim);
    for (const row of [triple.item, triple.other]) {
      sum += 0.5 * Math.fround(config.regularizationItem) * squares(p.items.values, row, config.dim);
      sum += 0.5 * Math.fround(config.regularizationBias) * squares(p.biases.values, row, 1);
    }
    return sum;
  };
  start.biases.values.fill(0.3);
  const moved = structuredClone(start);
  const rate = 1e-3;
  moveTriple(config, moved, triple, 1 / (1 + Math.exp(margin(config, start, triple))), rate);
  for (const kind of ['users', 'items', 'biases'] as const) {
    const slopes = start[kind].values.map((value, at) => {
      const h = 1e-6;
      start[kind].values[at] = value + h;
      const above = objective(start);
      start[kind].values[at] = value - h;
      const below = objective(start);
      start[kind].values[at] = value;
      return (above - below) / (2 * h);
    });
    const steps = start[kind].values.map((value, at) => (value - moved[kind].values[at]) / rate);
    assertClose(steps, slopes, { relative: 1e-6, absolute: 1e-8 }, kind);
  }
});

/** Everything that a run computes, as bits. */
async function train(config: BprConfig): Promise<string> {
  const trainer = newBprTrainer(config);
  const results = await runBprEpochs(trainer, rates);
  const arrays = readBpr(trainer, config);
  trainer.dispose();
  const losses = results.flatMap(({ triples, trainLoss, validLoss }) => [triples, trainLoss, validLoss]);
  assert.ok(losses.every((value) => value > 0));
  return [Float64Array.from(losses), ...Object.values(arrays)]
    .map(({ buffer }) => Buffer.from(buffer).toString('hex'))
    .join();
}

/** As many groups as there can be, and several chunks. */
const large = (optimizer: BprConfig['optimizer']): BprConfig =>
  bprConfig(
    { users: 300, items: 2100, most: 60, dim: 48, valid: 5 },
    { optimizer, ...penalties, pairsPerChunk: 4000, negatives: 2 },
  );

test('the same bits for 1, 2, 3 and 8 threads; another seed gives others', async () => {
  for (const optimizer of ['sgd', 'adagrad'] as const) {
    const config = large(optimizer);
    const expected = await train(config);
    for (const threads of [2, 3, 8])
      assert.ok((await train({ ...config, threads })) === expected, `${threads} threads`);
    assert.ok((await train({ ...config, seed: 8 })) !== expected);
  }
});

test('avx2 and avx512 agree bit for bit', async () => {
  if (!native().simdLevels().available.includes('avx512')) {
    console.log('skipped: no avx512 here');
    return;
  }
  try {
    for (const optimizer of ['sgd', 'adagrad'] as const) {
      native().setSimdLevel('avx2');
      const expected = await train(large(optimizer));
      native().setSimdLevel('avx512');
      assert.ok((await train(large(optimizer))) === expected, optimizer);
    }
  } finally {
    native().setSimdLevel('auto');
  }
});

test('a raised flag stops an epoch at once, and one raised before leaves the parameters as they are', async () => {
  const config = bprConfig({ users: 400, items: 900, most: 200, dim: 2048 }, { negatives: 1000, threads: 2 });
  const trainer = newBprTrainer(config);
  const before = readBpr(trainer, config);
  const flag = newFlag().fill(1);
  assert.is((await trainer.runEpoch(0, 1e-3, flag)).status, 'cancelled');
  assert.equal(readBpr(trainer, config), before);
  flag[0] = 0;
  const epoch = trainer.runEpoch(0, 1e-3, flag);
  await wait(50);
  const raised = performance.now();
  Atomics.store(flag, 0, 1);
  assert.is((await epoch).status, 'cancelled');
  assert.ok(performance.now() - raised < 1500, `${performance.now() - raised} ms`);
  trainer.dispose();
});

test('a learning rate beyond all measure is reported', async () => {
  const trainer = newBprTrainer(bprConfig(small, { regularizationUser: 1 }));
  assert.is((await trainer.runEpoch(0, 1e30, newFlag())).status, 'diverged');
  trainer.dispose();
});

const good = bprConfig(small);
const changed = (array: Uint32Array, at: number, value: number): Uint32Array => {
  const copy = array.slice();
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
};
const refused: [string, Record<string, unknown>, RegExp][] = [
  ['an item out of range', { items: changed(good.items, 1, 40) }, /`items` holds an index out of range/],
  ['an item without noise', { items: changed(good.items, 1, 39) }, /`items` holds an item without noise/],
  ['a validation item without noise', { validItems: changed(good.validItems, 0, 39) }, /`validItems` holds an item/],
  ['offsets that end late', { offsets: changed(good.offsets, -1, 9999) }, /`offsets` are not offsets/],
  ['validation offsets of other users', { validOffsets: good.validOffsets.subarray(1) }, /`validOffsets` has 23/],
  ['noise of the wrong length', { noise: good.noise.subarray(1) }, /`noise` has 39 elements, expected 40/],
  ['an unknown optimizer', { optimizer: 'adam' }, /unknown `optimizer` 'adam'/],
  ['a width whose padding overflows', { dim: 0xffffffff }, /`dim` is too large/],
];

for (const [name, fields, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(() => newBprTrainer({ ...good, ...fields } as BprConfig), message);
  });
}

test.run();
