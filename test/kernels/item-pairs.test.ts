import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ItemPairConfig } from '../../src/native/binding.js';
import { chunksOf, initialTables, pairSlopes, runOracleEpoch, subsampled } from '../oracle/item-pairs.js';
import { assertClose } from '../support/assert-close.js';
import {
  itemPairConfig,
  logNoiseOf,
  newPairTrainer,
  type PairShape,
  type Rates,
  readTables,
  runPairEpochs,
} from '../support/item-pair-problems.js';
import { atEachLevel } from '../support/train-problems.js';

const rates: Rates = [
  [0.1, 0.05],
  [0.05, 0.01],
];

/** Some hundred updates of each row, each rounded to 6e-8 of its size. */
const tolerance = { relative: 2e-5, absolute: 1e-5 };

async function compare(config: ItemPairConfig, what: string): Promise<number> {
  const expected = initialTables(config);
  const epochs = rates.map((rate, epoch) => runOracleEpoch(config, expected, epoch, rate));
  await atEachLevel(async (level) => {
    const trainer = newPairTrainer(config);
    const results = await runPairEpochs(trainer, rates);
    const actual = readTables(trainer, config);
    trainer.dispose();
    for (const [epoch, result] of results.entries()) {
      const { pairs, trainLoss, validLoss } = epochs[epoch];
      assert.is(result.pairs, pairs, `${what}, ${level}: pairs`);
      assertClose(result.trainLoss, trainLoss, tolerance, `${what}, ${level}: loss`);
      assertClose(result.validLoss, validLoss, tolerance, `${what}, ${level}: validation loss`);
    }
    assertClose(actual.inputs, expected.inputs, tolerance, `${what}, ${level}: inputs`);
    assertClose(actual.outputs, expected.outputs, tolerance, `${what}, ${level}: outputs`);
  });
  return epochs[0].pairs;
}

const shape: PairShape = { histories: 21, items: 40, longest: 9, dim: 16, valid: 6 };

for (const window of [0, 1, 4]) {
  for (const rejectSeen of [false, true]) {
    test(`window ${window}, ${rejectSeen ? 'without' : 'with'} seen negatives: as the twin`, async () => {
      const config = itemPairConfig(shape, { window, rejectSeen });
      assert.ok((await compare(config, 'negative sampling')) > 100);
      const softmax = { ...config, objective: 'sampledSoftmax' } as const;
      await compare(softmax, 'sampled softmax');
      await compare({ ...softmax, logNoise: logNoiseOf(config) }, 'sampled softmax with correction');
    });
  }
}

for (const window of [0, 4]) {
  test(`window ${window}, popular items thinned out: as the twin, other interactions in each epoch`, async () => {
    const config = itemPairConfig({ ...shape, histories: 60 }, { window, rejectSeen: true });
    const all = await compare(config, 'all');
    const chances = Float32Array.from({ length: shape.items }, (_, item) => Math.min(1, 0.1 + item / shape.items));
    const thin = { ...config, chances };
    const [first, second] = [subsampled(thin, 0), subsampled(thin, 1)];
    assert.not.equal(first, second);
    assert.ok((await compare(thin, 'thinned')) < all);
    assert.is(await compare({ ...thin, chances: chances.map(() => 1) }, 'certain'), all);
    assert.is(await compare({ ...thin, chances: chances.map(() => 0) }, 'impossible'), 0);
  });
}

test('odd widths and numbers of negatives: as the twin', async () => {
  for (const dim of [1, 15, 31, 33, 64, 80, 129]) {
    await compare(itemPairConfig({ ...shape, dim }, { initStd: 0.2 }), `dim ${dim}`);
  }
  for (const negatives of [0, 1, 3, 6, 31, 33]) {
    for (const objective of ['negativeSampling', 'sampledSoftmax'] as const) {
      await compare(itemPairConfig(shape, { negatives, objective }), `${objective}, ${negatives} negatives`);
    }
  }
});

test('from no item to several groups of items: as the twin', async () => {
  for (const items of [1, 2, 31, 33, 129, 258, 520]) {
    await compare(itemPairConfig({ ...shape, items }), `${items} items`);
  }
  const none = itemPairConfig({ histories: 0, items: 0, longest: 0, dim: 3 });
  assert.is(await compare(none, 'nothing'), 0);
  assert.is(await compare(itemPairConfig({ ...shape, longest: 1 }, { window: 0 }), 'histories of one item'), 0);
});

test('an epoch in many chunks: as the twin', async () => {
  for (const window of [0, 4]) {
    const config = itemPairConfig({ ...shape, items: 300, histories: 150 }, { window, pairsPerChunk: 300 });
    assert.ok(chunksOf(config, config).length >= 3, 'three chunks');
    await compare(config, `window ${window}`);
    await compare({ ...config, pairsPerRound: 100 }, `window ${window}, three rounds a chunk`);
  }
});

test('slopes are the derivatives of the loss', () => {
  const scores = [0.3, -1.2, 2.1, 0.4, -0.7];
  const targets = [4, 1, 4, 2, 3]; // the third is void
  const logNoise = Float32Array.from([0, 0.5, -1, 0.25, 1.5]);
  for (const objective of ['negativeSampling', 'sampledSoftmax'] as const) {
    for (const correction of [logNoise, new Float32Array(0)]) {
      const config = { objective, logNoise: correction };
      const { slopes } = pairSlopes(config, targets, scores);
      const step = 1e-5;
      const differences = scores.map((_, r) => {
        const [up, down] = [step, -step].map((d) => pairSlopes(config, targets, scores.with(r, scores[r] + d)).loss);
        return (up - down) / (2 * step);
      });
      assertClose(slopes, differences, { relative: 1e-8, absolute: 1e-9 }, objective);
    }
  }
});

test('sampled softmax with every item as a negative is the softmax', () => {
  const scores = [1, 0.5, -0.5];
  const sum = scores.reduce((total, x) => total + Math.exp(x), 0);
  const { loss, slopes } = pairSlopes(
    { objective: 'sampledSoftmax', logNoise: new Float32Array(0) },
    [0, 1, 2],
    scores,
  );
  assertClose(loss, Math.log(sum) - scores[0], { relative: 1e-12, absolute: 0 }, 'loss');
  const expected = scores.map((x, r) => Math.exp(x) / sum - (r === 0 ? 1 : 0));
  assertClose(slopes, expected, { relative: 1e-12, absolute: 1e-15 }, 'slopes');
});

test('a learning rate of 0 leaves the tables as they are, and the validation loss', async () => {
  const config = itemPairConfig(shape);
  const trainer = newPairTrainer(config);
  await runPairEpochs(trainer, [[0.1, 0.1]]);
  const before = readTables(trainer, config);
  const results = await runPairEpochs(trainer, [
    [0, 0],
    [0, 0],
  ]);
  assert.equal(readTables(trainer, config), before);
  assert.is(results[0].validLoss, results[1].validLoss);
  assert.is.not(results[0].trainLoss, results[1].trainLoss, 'other draws each epoch');
});

test('a learning rate far too large: diverged', async () => {
  const config = itemPairConfig(shape);
  const trainer = newPairTrainer(config);
  const { status } = await trainer.runEpoch(0, 1e30, 1e30, new Int32Array(1));
  assert.is(status, 'diverged');
});

test.run();
