import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SoftmaxConfig } from '../../src/native/binding.js';
import { splitPairs } from '../oracle/pair-split.js';
import { rowsLoss, rowsOf } from '../oracle/softmax.js';
import { SoftmaxOracle } from '../oracle/softmax-train.js';
import { assertClose } from '../support/assert-close.js';
import {
  newSoftmaxTrainer,
  readParameters,
  readSoftmax,
  type SoftmaxShape,
  softmaxConfig,
} from '../support/softmax-problems.js';
import { atEachLevel, newFlag } from '../support/train-problems.js';

type Options = Parameters<typeof softmaxConfig>[1];
const network = { hidden: 5, layerNorm: true, dropout: 0 };
const everything = { ...network, dropout: 0.3, itemBiases: true, selfMask: true };

/**
 * Adam without memory whose epsilon dwarfs every gradient: a step of rate 1e4 subtracts the gradient itself, to one part
 * in ten thousand of it.
 */
const plainSteps = { beta1: 0, beta2: 0, epsilon: 1e4 };

const problems: [SoftmaxShape, Options][] = [
  [{ users: 1, items: 2, density: 1, dim: 1 }, {}],
  [
    { users: 3, items: 5, density: 0.7, dim: 3 },
    { ...network, layerNorm: false },
  ],
  [
    { users: 3, items: 5, density: 0.7, dim: 3 },
    { layerNorm: true, tables: 2 },
  ],
  [{ users: 4, items: 7, density: 0.6, dim: 4 }, network],
  [
    { users: 4, items: 7, density: 0.6, dim: 4 },
    { ...everything, tables: 2 },
  ],
  [{ users: 4, items: 7, density: 0.6, dim: 17 }, everything],
  [
    { users: 3, items: 33, density: 0.3, dim: 2 },
    { itemBiases: true, tables: 2 },
  ],
  [{ users: 2, items: 31, density: 0.3, dim: 2 }, { selfMask: true }],
  [{ users: 2, items: 129, density: 0.08, dim: 1 }, { itemBiases: true }],
  [{ users: 1, items: 3, density: 1, dim: 129 }, { selfMask: true }],
  [
    { users: 4, items: 7, density: 0.6, dim: 3 },
    { ...everything, singlePairs: true, batchSize: 200 },
  ],
  [
    { users: 2, items: 40, density: 0.3, dim: 2 },
    { tables: 2, singlePairs: true, batchSize: 200 },
  ],
];

for (const [shape, options] of problems) {
  const name = `${shape.items} items, dim ${shape.dim}, ${JSON.stringify(options)}`;
  test(`a step follows the gradient by finite differences: ${name}`, async () => {
    const config = softmaxConfig(shape, { ...options, ...plainSteps });
    await atEachLevel(async (level) => {
      const trainer = newSoftmaxTrainer(config);
      const oracle = new SoftmaxOracle(config, readParameters(trainer, config));
      // Away from the start, where biases are zero; the native parameters are the reference for the second step.
      await trainer.runEpoch(0, 5e3, newFlag());
      const moved = readParameters(trainer, config);
      oracle.runEpoch(0, 5e3);
      for (const kind of ['inputs', 'outputs', 'biases', 'weights'] as const) {
        assertClose(
          moved[kind],
          oracle.parameters[kind],
          { relative: 1e-4, absolute: 4e-6 },
          `${level} ${kind} after one step`,
        );
        oracle.parameters[kind].set(moved[kind]);
      }
      const { trainLoss } = await trainer.runEpoch(1, 1e4, newFlag());
      assertClose(trainLoss, oracle.runEpoch(1, 1e4), { relative: 2e-6, absolute: 1e-6 }, `${level} loss`);
      const after = readParameters(trainer, config);
      for (const kind of ['inputs', 'outputs', 'biases', 'weights'] as const)
        assertClose(after[kind], oracle.parameters[kind], { relative: 1e-4, absolute: 6e-6 }, `${level} ${kind}`);
      trainer.dispose();
    });
  });
}

// Per item: what was summed up before is scaled by e^-38, or vanishes.
for (const slope of [0.3, 2]) {
  test(`logits may rise by ${slope} from item to item`, async () => {
    const shape = { users: 2, items: 270, density: 0.1, dim: 1 };
    const config = softmaxConfig(shape, { itemBiases: true, ...plainSteps });
    const start = readSoftmax(newSoftmaxTrainer(config), config);
    start.biases.forEach((_, item) => {
      start.biases[item] = slope * item;
    });
    const rising = () => {
      const trainer = newSoftmaxTrainer(config);
      trainer.write(start);
      return trainer;
    };
    const oracle = new SoftmaxOracle(config, readParameters(rising(), config));
    const loss = oracle.runEpoch(0, 1e4);
    await atEachLevel(async (level) => {
      const trainer = rising();
      const { trainLoss } = await trainer.runEpoch(0, 1e4, newFlag());
      assertClose(trainLoss, loss, { relative: 2e-6, absolute: 0 }, `${level} loss`);
      const after = readParameters(trainer, config);
      for (const kind of ['inputs', 'biases'] as const)
        assertClose(after[kind], oracle.parameters[kind], { relative: 1e-4, absolute: 6e-6 }, `${level} ${kind}`);
      trainer.dispose();
    });
  });
}

const runs: [SoftmaxShape, Options, number[]][] = [
  [{ users: 4, items: 9, density: 0.6, dim: 3 }, { ...everything, batchSize: 4, regularization: 0.1 }, [0.02, 0.01]],
  [{ users: 4, items: 9, density: 0.6, dim: 3 }, { ...network, tables: 2, batchSize: 2, clipNorm: 0.1 }, [0.02, 0.01]],
  [{ users: 3, items: 9, density: 0.5, dim: 3 }, { ...everything, singlePairs: true, batchSize: 7 }, [0.02, 0.01]],
  [{ users: 3, items: 40, density: 0.4, dim: 2 }, { batchSize: 33, itemBiases: true, valid: true }, [0.05, 0.02]],
  [{ users: 5, items: 140, density: 0.4, dim: 1 }, { batchSize: 34, itemBiases: true }, [0.05, 0.02, 0.02]],
  [{ users: 5, items: 129, density: 0.4, dim: 1 }, { batchSize: 32, tables: 2 }, [0.05, 0.02, 0.02]],
];

for (const [shape, options, rates] of runs) {
  test(`epochs follow the oracle: ${shape.items} items, ${JSON.stringify(options)}`, async () => {
    const fractions = options?.valid ? Float64Array.of(1, 0, 0) : Float64Array.of(0.6, 0.2, 0.2);
    const config = softmaxConfig(shape, { epsilon: 1e-3, ...options, fractions });
    const trainer = newSoftmaxTrainer(config);
    const oracle = new SoftmaxOracle(config, readParameters(trainer, config));
    for (const [epoch, rate] of rates.entries()) {
      const { status, trainLoss, validLoss } = await trainer.runEpoch(epoch, rate, newFlag());
      assert.is(status, 'ok');
      assertClose(trainLoss, oracle.runEpoch(epoch, rate), { relative: 1e-5, absolute: 0 }, 'train loss');
      assertClose(validLoss, oracle.loss(1), { relative: 1e-5, absolute: 0 }, 'validation loss');
    }
    const { validLoss: test } = await trainer.scoreTest(newFlag());
    if (options?.valid) assert.ok(Number.isNaN(test));
    else assertClose(test, oracle.loss(2), { relative: 1e-5, absolute: 0 }, 'test loss');
    const after = readParameters(trainer, config);
    for (const kind of ['inputs', 'outputs', 'biases', 'weights'] as const)
      assertClose(after[kind], oracle.parameters[kind], { relative: 2e-3, absolute: 5e-4 }, kind);
    trainer.dispose();
  });
}

async function bits(config: SoftmaxConfig): Promise<unknown> {
  const trainer = newSoftmaxTrainer(config);
  const losses = [];
  for (const epoch of [0, 1]) {
    const { trainLoss, validLoss } = await trainer.runEpoch(epoch, 0.01, newFlag());
    losses.push(trainLoss, validLoss);
  }
  const all = { losses, ...readSoftmax(trainer, config) };
  trainer.dispose();
  return all;
}

test('the same bits for any number of threads and on every level that fuses multiply-add', async () => {
  for (const singlePairs of [false, true]) {
    const options = { ...everything, hidden: 33, clipNorm: 0.01, batchSize: 129, singlePairs };
    const shape = { users: 9, items: 300, density: 0.1, dim: 33 };
    const fractions = Float64Array.of(0.5, 0.5, 0);
    const config = softmaxConfig(shape, { ...options, tables: 2, fractions });
    const expected = await bits({ ...config, threads: 1 });
    for (const threads of [2, 3, 7]) assert.equal(await bits({ ...config, threads }), expected, `${threads} threads`);
    await atEachLevel(async (level) => {
      if (level !== 'base') assert.equal(await bits(config), expected, level);
    });
  }
});

test('parts have exactly the sizes asked for, the last one with a share gets the rest', async () => {
  const shape = { users: 7, items: 31, density: 0.5, dim: 2 };
  for (const fractions of [
    [1, 0, 0],
    [0.6, 0.2, 0.2],
    [0.9, 0.1, 0],
    [0.5, 0, 0.5],
    [0.001, 0.001, 0.998],
  ]) {
    const config = softmaxConfig(shape, { fractions: Float64Array.from(fractions) });
    const trainer = newSoftmaxTrainer(config);
    const sizes = trainer.pairs();
    assert.equal(
      sizes,
      splitPairs(config).map(({ length }) => length),
    );
    trainer.dispose();
  }
});

test('parameters that were read can be written back', async () => {
  const config = softmaxConfig({ users: 5, items: 9, density: 0.6, dim: 3 }, { ...everything, tables: 2 });
  const trainer = newSoftmaxTrainer(config);
  const before = readSoftmax(trainer, config);
  await trainer.runEpoch(0, 0.1, newFlag());
  assert.not.equal(readSoftmax(trainer, config), before);
  trainer.write(before);
  assert.equal(readSoftmax(trainer, config), before);
  trainer.dispose();
});

test('no users, no pairs and users with one item leave the parameters as they are', async () => {
  for (const [users, density] of [
    [0, 1],
    [3, 0],
  ] as const) {
    for (const singlePairs of [false, true]) {
      const config = softmaxConfig({ users, items: 3, density, dim: 2 }, { singlePairs });
      const trainer = newSoftmaxTrainer(config);
      const before = readSoftmax(trainer, config);
      const { status, trainLoss } = await trainer.runEpoch(0, 0.1, newFlag());
      assert.is(status, 'ok');
      assert.ok(Number.isNaN(trainLoss));
      assert.equal(readSoftmax(trainer, config), before);
      trainer.dispose();
    }
  }
});

test('a count beyond the bits of an entry takes several', async () => {
  // A million items leave twelve bits: 5,000 users who share the same two items do not fit. Another user's items put the
  // several entries among others, which levels may add many at a time.
  const users = 5000;
  const others = 40;
  const offsets = Uint32Array.from({ length: users + 2 }, (_, user) => 2 * user + (user > users ? others - 2 : 0));
  const items = Uint32Array.from({ length: 2 * users + others }, (_, n) => (n < 2 * users ? n % 2 : n - 2 * users));
  const shape = { users: 0, items: 2 ** 20, density: 1, dim: 1 };
  const config = { ...softmaxConfig(shape, { batchSize: others, itemBiases: true, ...plainSteps }), offsets, items };
  const seconds: number[] = [];
  await atEachLevel(async (level) => {
    const trainer = newSoftmaxTrainer(config);
    const parameters = readParameters(trainer, config);
    const expected = rowsLoss(config, parameters, rowsOf(splitPairs(config)[0])) / (2 * users + others * (others - 1));
    const { trainLoss } = await trainer.runEpoch(0, 1e4, newFlag());
    assertClose(trainLoss, expected, { relative: 1e-6, absolute: 0 }, `${level} loss`);
    seconds.push((await trainer.runEpoch(1, 1e4, newFlag())).trainLoss);
    trainer.dispose();
  });
  for (const loss of seconds) assertClose(loss, seconds[0] as number, { relative: 1e-6, absolute: 0 }, 'second loss');
});

test.run();
