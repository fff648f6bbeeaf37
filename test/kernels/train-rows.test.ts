import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { planRows, sideFor, squaresFor, userBlocks } from '../oracle/grid.js';
import { OracleRng } from '../oracle/train-rng.js';
import { trainRows } from '../oracle/train-rows.js';
import { compareTraining } from '../support/compare-training.js';
import { newTrainer, readRaw, type Shape, trainerConfig } from '../support/train-problems.js';

const bounds = {
  loss: { relative: 2e-6, absolute: 1e-7 },
  parameters: { relative: 1e-4, absolute: 2e-5 },
};
const compare = (config: TrainerConfig): Promise<void> =>
  compareTraining(config, { twin: trainRows, learningRates: [0.05, 0.04, 0.03], bounds });
/** At the fastest level alone: problems that take the twin seconds. */
const compareLarge = (config: TrainerConfig, learningRates: readonly number[]): Promise<void> =>
  compareTraining(config, { twin: trainRows, learningRates, bounds }, 'auto');

const mf: Shape = { users: 14, items: 19, ratings: 120, dim: 5 };
const fm: Shape = { ...mf, fields: 'both' };
const row = { link: 'sigmoid', batchSize: 1 } as const;
const penalties = {
  regularizationUser: 0.3,
  regularizationItem: 0.2,
  regularizationBias: 0.1,
  regularizationFeature: 0.4,
};

for (const optimizer of ['sgd', 'adagrad'] as const) {
  for (const decoupled of [false, true]) {
    for (const regularizationPower of [0, 0.5, 1]) {
      const words = `${optimizer}, ${decoupled ? 'decoupled' : 'coupled'} decay, power ${regularizationPower}`;
      test(`${words}: the twin's parameters and losses`, async () => {
        const config = { ...row, ...penalties, optimizer, decoupled, regularizationPower };
        await compare(trainerConfig(mf, config));
        await compare(trainerConfig(fm, config));
      });
    }
  }

  test(`${optimizer}: every loss, with and without biases and pairs inside a side`, async () => {
    for (const loss of [
      { link: 'identity' },
      { link: 'sigmoid' },
      { objective: 'logistic', link: 'sigmoid' },
    ] as const) {
      for (const shape of [mf, fm, { ...mf, fields: 'items' as const }]) {
        await compare(trainerConfig(shape, { ...loss, batchSize: 1, optimizer, initStd: 0.1 }));
      }
      await compare(
        trainerConfig(fm, { ...loss, batchSize: 1, optimizer, biases: false, withinSide: false, initStd: 0.1 }),
      );
    }
  });

  test(`${optimizer}: biases and features have learning rates of their own`, async () => {
    const own = { biasLearningRate: 0.25, featureLearningRate: 0.1 };
    await compare(trainerConfig(fm, { ...row, ...penalties, ...own, optimizer }));
    await compare(trainerConfig(fm, { ...row, ...own, featureLearningRate: 0, optimizer }));
  });

  test(`${optimizer}: widths around whole registers, one user, one item`, async () => {
    for (const dim of [1, 16, 17, 33, 129]) {
      await compare(trainerConfig({ ...fm, ratings: 60, dim }, { ...row, optimizer, initStd: 0.05 }));
      await compare(trainerConfig({ ...mf, ratings: 60, dim }, { ...row, optimizer, initStd: 0.05 }));
    }
    await compare(trainerConfig({ users: 1, items: 8, ratings: 7, dim: 4, fields: 'both' }, { ...row, optimizer }));
    await compare(trainerConfig({ users: 8, items: 1, ratings: 7, dim: 4, fields: 'both' }, { ...row, optimizer }));
  });
}

test('a grid of 8 x 8 blocks from 400,016 ratings on', async () => {
  assert.equal([0, 400_015, 400_016, 1_600_063, 1_600_064, 6_400_256, 1e8].map(sideFor), [4, 4, 8, 8, 16, 16, 16]);
  const shape = { users: 900, items: 700, ratings: 400_016, dim: 1 };
  await compareLarge(trainerConfig(shape, { ...row, ...penalties, seed: 2 ** 40 + 1 }), [0.01]);
});

test('several squares where the rows of users are large', async () => {
  const config = trainerConfig({ users: 140_000, items: 300, ratings: 200_100, dim: 49 }, { ...row, ...penalties });
  assert.equal(planRows(config), { side: 4, squares: 2, mixed: false });
  await compareLarge(config, [0.02, 0.01]);
});

test('a square more as long as users need the room and blocks stay large', () => {
  const bytes = 2 ** 25;
  const cases = [
    [200_016, bytes, 1],
    [200_015, 2 * bytes, 1],
    [200_016, 2 * bytes, 2],
    [1e6, 64 * bytes, 8],
    [25e6, 5 * bytes, 8],
  ] as const;
  for (const [ratings, users, expected] of cases) {
    assert.is(squaresFor(ratings, users, sideFor(Math.min(ratings, 4e5))), expected, `${ratings}, ${users}`);
  }
});

test('the twin deals every rating to one block, about equally many to each row of blocks', () => {
  const config = trainerConfig({ users: 200, items: 300, ratings: 4000, dim: 1 });
  const plan = planRows(config);
  const { side } = plan;
  const blocks = userBlocks(config, plan);
  assert.equal(
    blocks.flat().sort((a, b) => a - b),
    Array.from(config.items.keys()),
  );
  for (let group = 0; group < side; group++) {
    const held = blocks.slice(group * side, (group + 1) * side).flat().length;
    assert.ok(Math.abs(held - 1000) < 60, `${held} of 4000`);
  }
});

test('initial factors are seeded normals, bit for bit', () => {
  for (const seed of [0, 42, Number.MAX_SAFE_INTEGER]) {
    const config = trainerConfig({ users: 6, items: 9, ratings: 30, dim: 17, fields: 'both' }, { seed, initStd: 0.1 });
    const raw = readRaw(newTrainer(config), config);
    for (const [stream, factors] of [
      [1n, raw.userFactors],
      [2n, raw.itemFactors],
      [3n, raw.featureFactors],
    ] as const) {
      for (let r = 0; r * 17 < factors.length; r++) {
        const values = factors.subarray(r * 17, (r + 1) * 17);
        if (values.every((x) => x === 0)) continue; // a row without ratings
        const rng = new OracleRng(seed, (stream << 32n) + BigInt(r));
        assert.equal(
          values,
          values.map(() => Math.fround(0.1) * rng.normal()),
        );
      }
    }
    assert.ok(raw.userFactors.subarray(0, 17).some((x) => x !== 0));
  }
});

test('initial factors have mean 0 and the standard deviation asked for', () => {
  const config = trainerConfig({ users: 401, items: 301, ratings: 6000, dim: 32 }, { initStd: 0.5 });
  const { userFactors } = readRaw(newTrainer(config), config);
  const values = Array.from(userFactors.subarray(0, 400 * 32));
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
  assert.ok(Math.abs(deviation - 0.5) < 0.01, `deviation ${deviation}`);
});

test.run();
