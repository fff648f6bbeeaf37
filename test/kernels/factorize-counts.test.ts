import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CountTrainerConfig, NativeCountEpoch } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { countPairs } from '../oracle/count-cooccurrence.js';
import { type CountParameters, costAndGradient, factorizeCounts } from '../oracle/factorize-counts.js';
import { assertClose } from '../support/assert-close.js';
import { likesConfig, randomLikes } from '../support/like-problems.js';
import { atEachLevel } from '../support/train-problems.js';

const users = 40;

function configOf(numItems: number, dim: number, options: Partial<CountTrainerConfig> = {}): CountTrainerConfig {
  return {
    ...likesConfig(randomLikes(users, numItems, numItems), numItems),
    dim,
    loss: 'allPairs',
    target: 'count',
    countCap: 10,
    countPower: 0.75,
    optimizer: 'adam',
    momentum: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    initStd: 0.5,
    seed: 3,
    ...options,
  };
}

const countsOf = (config: CountTrainerConfig): number[][] =>
  countPairs(randomLikes(users, config.numItems, config.numItems), config.numItems);

function rowsOf(flat: Float32Array, { numItems, dim }: CountTrainerConfig): number[][] {
  return Array.from({ length: numItems }, (_, i) => [...flat.subarray(i * dim, (i + 1) * dim)]);
}

interface Run {
  start: Float32Array;
  end: Float32Array;
  epochs: NativeCountEpoch[];
}

async function train(config: CountTrainerConfig, rates: readonly number[]): Promise<Run> {
  const trainer = new (native().CountTrainer)(config);
  const start = new Float32Array(config.numItems * config.dim);
  const end = start.slice();
  trainer.read(start);
  const epochs: NativeCountEpoch[] = [];
  for (const rate of rates) epochs.push(await trainer.runEpoch(rate, new Int32Array(1)));
  trainer.read(end);
  trainer.dispose();
  return { start, end, epochs };
}

async function compare(config: CountTrainerConfig, rates: readonly number[]): Promise<void> {
  const counts = countsOf(config);
  await atEachLevel(async (level) => {
    const { start, end, epochs } = await train(config, rates);
    const twin: CountParameters = { vectors: rowsOf(start, config), biases: new Array(config.numItems).fill(0) };
    const costs = factorizeCounts(config, counts, twin, rates);
    for (const [e, cost] of costs.entries()) {
      assert.is(epochs[e]?.status, 'ok');
      assertClose(epochs[e]?.cost ?? Number.NaN, cost, { relative: 1e-5, absolute: 1e-3 }, `${level} cost ${e}`);
    }
    assertClose(end, twin.vectors.flat(), { relative: 2e-4, absolute: 2e-4 }, `${level} vectors`);
  });
}

const kinds: [string, Partial<CountTrainerConfig>][] = [
  ['counts', {}],
  ['log counts', { target: 'log' }],
  ['glove', { loss: 'glove' }],
];

for (const [words, options] of kinds) {
  test(`${words}: the twin's costs and vectors, with either optimizer`, async () => {
    const adam = [0.02, 0.02, 0.01];
    const sgd = [1e-4, 2e-4, 1e-4];
    for (const [numItems, dim] of [
      [33, 1],
      [33, 31],
      [31, 33],
      [129, 17],
      [70, 65],
      [65, 80],
    ] as const) {
      await compare(configOf(numItems, dim, options), adam);
      await compare(configOf(numItems, dim, { ...options, optimizer: 'sgd' }), sgd);
      await compare(configOf(numItems, dim, { ...options, optimizer: 'sgd', momentum: 0.9 }), sgd);
    }
  });

  test(`${words}: no items, one item, no likes`, async () => {
    for (const numItems of [0, 1, 2]) await compare(configOf(numItems, 5, options), [0.01, 0.01]);
    const config = { ...configOf(33, 5, options), ...likesConfig([[], [], []], 33) };
    const { start, end, epochs } = await train(config, [0.1]);
    assert.equal([...epochs.map(({ status, cost }) => [status, cost])], [['ok', 0]]);
    assert.equal(end, start);
  });

  test(`${words}: the same bits for any number of threads, and on all levels that fuse`, async () => {
    for (const [dim, leastBlock] of [
      [40, 1024],
      [130, 1024],
      [130, 8],
    ] as const) {
      const config = configOf(129, dim, { ...options, leastBlock });
      const one = await train(config, [0.02, 0.02]);
      for (const threads of [2, 5]) {
        const many = await train({ ...config, threads }, [0.02, 0.02]);
        assert.ok(
          Buffer.from(many.end.buffer).equals(Buffer.from(one.end.buffer)),
          `${threads} threads, dim ${dim}, blocks of ${leastBlock}`,
        );
        assert.equal(
          many.epochs.map(({ cost }) => cost),
          one.epochs.map(({ cost }) => cost),
        );
      }
      await atEachLevel(async (level) => {
        if (level === 'base') return;
        const { end } = await train(config, [0.02, 0.02]);
        assert.ok(
          Buffer.from(end.buffer).equals(Buffer.from(one.end.buffer)),
          `${level}, dim ${dim}, blocks of ${leastBlock}`,
        );
      });
    }
  });

  test(`${words}: the twin's gradient by finite differences`, () => {
    const config = configOf(9, 3, options);
    const counts = countsOf(config);
    const p: CountParameters = {
      vectors: Array.from({ length: 9 }, (_, i) => [0.1 * i, 0.5 - 0.07 * i, 0.3]),
      biases: Array.from({ length: 9 }, (_, i) => 0.02 * i),
    };
    const { gradient } = costAndGradient(config, counts, p);
    const step = 1e-5;
    const slope = (row: number[], k: number): number => {
      const at = (x: number): number => {
        const before = row[k];
        row[k] = x;
        const { cost } = costAndGradient(config, counts, p);
        row[k] = before;
        return cost;
      };
      return (at(row[k] + step) - at(row[k] - step)) / (2 * step);
    };
    for (let i = 0; i < 9; i++) {
      for (let k = 0; k < 3; k++) {
        const expected = slope(p.vectors[i], k);
        assertClose(gradient.vectors[i][k], expected, { relative: 1e-6, absolute: 1e-5 }, `vector ${i}, ${k}`);
      }
      assertClose(gradient.biases[i], slope(p.biases, i), { relative: 1e-6, absolute: 1e-5 }, `bias ${i}`);
    }
  });
}

test("products by halves and by quarters: the twin's costs and vectors", async () => {
  for (const [numItems, dim, leastBlock] of [
    [2, 2, 1],
    [3, 5, 1],
    [7, 7, 1],
    [31, 33, 1],
    [33, 33, 8],
    [64, 64, 16],
    [129, 129, 16],
    [129, 140, 40],
  ] as const) {
    for (const target of ['count', 'log'] as const) {
      await compare(configOf(numItems, dim, { target, leastBlock }), [0.02, 0.02]);
      await compare(configOf(numItems, dim, { target, leastBlock, threads: 3 }), [0.02, 0.02]);
    }
  }
});

test('an exploding run is reported as diverged', async () => {
  for (const [dim, loss] of [
    [5, 'allPairs'],
    [40, 'allPairs'],
    [5, 'glove'],
  ] as const) {
    const config = configOf(33, dim, { loss, optimizer: 'sgd', momentum: 0.9 });
    const { epochs } = await train(config, new Array<number>(8).fill(10));
    assert.is(epochs.at(-1)?.status, 'diverged', `dim ${dim}, ${loss}`);
  }
});

test('a raised flag stops an epoch and leaves the vectors', async () => {
  for (const leastBlock of [1024, 8]) {
    const trainer = new (native().CountTrainer)(configOf(129, 130, { leastBlock }));
    const before = new Float32Array(129 * 130);
    const after = before.slice();
    trainer.read(before);
    assert.is((await trainer.runEpoch(0.1, Int32Array.of(1))).status, 'cancelled');
    trainer.read(after);
    assert.equal(after, before);
    assert.is((await trainer.runEpoch(0.1, Int32Array.of(0))).status, 'ok');
    trainer.dispose();
  }
});

test('misuse is refused', () => {
  const { CountTrainer } = native();
  const config = configOf(33, 5);
  assert.throws(() => new CountTrainer({ ...config, numItems: 3 }), /index out of range/);
  assert.throws(() => new CountTrainer({ ...config, dim: 2 ** 21 }), /too large/);
  assert.throws(() => new CountTrainer({ ...config, leastBlock: 0 }), /`leastBlock` must be at least 1/);
  assert.throws(() => new CountTrainer({ ...config, loss: 'other' as never }), /unknown `loss` 'other'/);
  const trainer = new CountTrainer(config);
  assert.throws(() => trainer.read(new Float32Array(3)), /wrong length/);
  assert.throws(() => trainer.runEpoch(0.1, new Int32Array(0)), /`cancel` is empty/);
  trainer.dispose();
  assert.throws(() => trainer.runEpoch(0.1, new Int32Array(1)), /disposed/);
});

test.run();
