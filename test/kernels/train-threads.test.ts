import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NativeEpoch, TrainerConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { newTrainer, readRaw, runEpochs, type Shape, trainerConfig } from '../support/train-problems.js';

/** Large enough for the parallel paths: a batch of 512 is 16,384 floats, dense steps have several tasks. */
const mf: Shape = { users: 530, items: 300, ratings: 900, dim: 32, valid: 5000 };
const fm: Shape = { ...mf, fields: 'both' };
/** Rows with a hundred ratings and more: sums of many vectors. */
const dense: Shape = { users: 14, items: 150, ratings: 1700, dim: 33, valid: 1100 };
const penalties = {
  regularizationUser: 0.02,
  regularizationItem: 0.01,
  regularizationBias: 0.01,
  regularizationFeature: 0.1,
};
const rates = [0.02, 0.01];

type Bits = Record<string, string>;

/** Everything that a run computes, as bits. */
async function train(config: TrainerConfig, learningRates: readonly number[] = rates): Promise<Bits> {
  const trainer = newTrainer(config);
  const results = await runEpochs(trainer, learningRates);
  const { globalBias, ...arrays } = readRaw(trainer, config);
  trainer.dispose();
  const losses = results.map(({ trainLoss, trainRmse, validLoss, validRmse }: NativeEpoch) => {
    assert.ok(trainLoss > 0 && trainRmse > 0 && validLoss > 0 && validRmse > 0);
    return Buffer.from(new Float64Array([trainLoss, trainRmse, validLoss, validRmse]).buffer).toString('hex');
  });
  const bits: Bits = { losses: losses.join(), globalBias: globalBias.toString() };
  for (const [name, array] of Object.entries(arrays)) bits[name] = Buffer.from(array.buffer).toString('base64');
  return bits;
}

function assertSame(actual: Bits, expected: Bits, what: string): void {
  for (const name of Object.keys(expected)) assert.ok(actual[name] === expected[name], `${what}: ${name} differ`);
}

const base: Partial<TrainerConfig> = { ...penalties, link: 'sigmoid', trainGlobalBias: true, featureLearningRate: 0.1 };
const optimizers = ['sgd', 'adagrad', 'adam'] as const;
/** Adam in parallel batches that touch so few of the rows that the others wait, or stand still. */
const touching = [{ decoupled: true }, { decoupled: false }, { lazy: true }].map((decay) =>
  trainerConfig(
    { users: 6000, items: 4300, ratings: 1300, dim: 32, fields: 'both', valid: 1100 },
    { ...base, ...decay, optimizer: 'adam', batchSize: 512, clipNorm: 0.1 },
  ),
);

for (const [model, shape] of Object.entries({ mf, fm, dense })) {
  for (const optimizer of optimizers) {
    for (const batchSize of [1, 7, 600, 0]) {
      const size = { 0: 'full', 1: 'row-wise' }[batchSize] ?? `batch ${batchSize}`;
      test(`${model}, ${optimizer}, ${size}: the same bits for 1, 2, 3 and 8 threads`, async () => {
        // Adam takes a dense step a rating; a few hundred do.
        const ratings = optimizer === 'adam' && batchSize === 1 ? 300 : shape.ratings;
        const config = trainerConfig({ ...shape, ratings }, { ...base, optimizer, batchSize });
        const expected = await train(config);
        for (const threads of [2, 3, 8]) {
          assertSame(await train({ ...config, threads }), expected, `${threads} threads`);
        }
      });
    }
  }
}

const implicit = trainerConfig(
  { users: 150, items: 300, ratings: 5000, dim: 33, valid: 1100 },
  { ...base, trainGlobalBias: false, implicitTerm: true, batchSize: 1 },
);

test('implicit term: the same bits for 1, 2, 3 and 8 threads', async () => {
  const expected = await train(implicit);
  for (const threads of [2, 3, 8]) assertSame(await train({ ...implicit, threads }), expected, `${threads} threads`);
});

test('sparse steps and clipping: the same bits for any number of threads', async () => {
  for (const optimizer of ['sgd', 'adagrad'] as const) {
    const config = trainerConfig(fm, { link: 'sigmoid', optimizer, batchSize: 700, clipNorm: 0.01 });
    const expected = await train(config);
    for (const threads of [2, 8]) assertSame(await train({ ...config, threads }), expected, `${threads} threads`);
  }
});

test('Adam on touched rows: the same bits for any number of threads', async () => {
  for (const config of touching) {
    const expected = await train(config);
    for (const threads of [2, 3, 8]) assertSame(await train({ ...config, threads }), expected, `${threads} threads`);
  }
});

test('moments that decay into denormal floats: the same bits for any number of threads', async () => {
  // A row that no batch touches for 35 steps has a second moment below 1e-38, of which this epsilon leaves a trace.
  const decaying = { optimizer: 'adam', beta2: 0.1, epsilon: 1e-19, batchSize: 20 } as const;
  const config = trainerConfig(mf, decaying);
  const expected = await train(config, [1e-20, 1e-20]);
  for (const threads of [2, 8]) {
    assertSame(await train({ ...config, threads }, [1e-20, 1e-20]), expected, `${threads} threads`);
  }
});

test('more threads than there is work, or than the machine has', async () => {
  const config = trainerConfig({ users: 3, items: 2, ratings: 4, dim: 2, valid: 3 }, { batchSize: 1 });
  const expected = await train(config);
  for (const threads of [0, 100]) assertSame(await train({ ...config, threads }), expected, `${threads} threads`);
});

test('trainers that run at the same time do not disturb each other', async () => {
  const configs = optimizers.map((optimizer) => trainerConfig(fm, { ...base, optimizer, batchSize: 600, threads: 2 }));
  const alone: Bits[] = [];
  for (const config of configs) alone.push(await train(config));
  const together = await Promise.all(configs.map((config) => train(config)));
  for (const [n, bits] of together.entries()) assertSame(bits, alone[n], optimizers[n]);
});

test('another seed gives other bits, from the order of ratings alone too', async () => {
  for (const batchSize of [1, 7]) {
    const config = trainerConfig(mf, { ...base, batchSize });
    const expected = await train(config);
    assertSame(await train({ ...config }), expected, 'the same seed');
    const other = await train({ ...config, seed: 8 });
    for (const name of ['losses', 'userFactors', 'itemFactors', 'userBiases']) {
      assert.is.not(other[name], expected[name], name);
    }
    const ordered = await train({ ...config, initStd: 0 });
    const reordered = await train({ ...config, initStd: 0, seed: 8 });
    assert.is.not(reordered.userBiases, ordered.userBiases, 'only the order differs');
  }
});

test('avx2 and avx512 agree bit for bit', async () => {
  const { available } = native().simdLevels();
  if (!available.includes('avx512')) {
    console.log('skipped: no avx512 here');
    return;
  }
  const compare = async (config: TrainerConfig, what: string): Promise<void> => {
    native().setSimdLevel('avx2');
    const expected = await train(config);
    native().setSimdLevel('avx512');
    assertSame(await train(config), expected, what);
  };
  try {
    for (const config of touching) await compare(config, 'Adam on touched rows');
    await compare(implicit, 'implicit term');
    for (const shape of [mf, fm, dense]) {
      for (const optimizer of optimizers) {
        for (const batchSize of optimizer === 'adam' ? [7, 600] : [1, 600]) {
          for (const loss of [{ link: 'identity' }, { link: 'sigmoid' }, { objective: 'logistic' }] as const) {
            const clipNorm = batchSize === 600 ? 0.1 : 0;
            const config = trainerConfig(shape, { ...base, ...loss, optimizer, batchSize, clipNorm });
            await compare(config, `${optimizer}, batch ${batchSize}`);
          }
        }
      }
    }
  } finally {
    native().setSimdLevel('auto');
  }
});

test('levels: the fastest is active, one can be forced, unknown ones are refused', () => {
  const { available, active } = native().simdLevels();
  assert.is(active, available.at(-1));
  assert.ok(available.length > 0);
  try {
    for (const level of available) {
      native().setSimdLevel(level);
      assert.is(native().simdLevels().active, level);
    }
    assert.throws(() => native().setSimdLevel('sse9' as 'base'), /SIMD level 'sse9' is not available/);
    assert.is(native().simdLevels().active, available.at(-1));
  } finally {
    native().setSimdLevel('auto');
  }
});

test.run();
