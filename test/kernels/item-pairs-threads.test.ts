import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ItemPairConfig } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { groupsFor } from '../oracle/item-groups.js';
import {
  itemPairConfig,
  logNoiseOf,
  newPairTrainer,
  type Rates,
  readTables,
  runPairEpochs,
} from '../support/item-pair-problems.js';

const rates: Rates = [
  [0.1, 0.05],
  [0.05, 0],
];

/** As many groups as there can be, and several chunks. */
const shape = { histories: 300, items: 2100, longest: 60, dim: 48, valid: 40 };
const variants: Partial<ItemPairConfig>[] = [
  { window: 4 },
  { window: 0, rejectSeen: true },
  { window: 2, objective: 'sampledSoftmax', negatives: 11 },
];

async function train(config: ItemPairConfig): Promise<string> {
  const trainer = newPairTrainer(config);
  const results = await runPairEpochs(trainer, rates);
  const { inputs, outputs } = readTables(trainer, config);
  trainer.dispose();
  const losses = results.flatMap(({ pairs, trainLoss, validLoss }) => [pairs, trainLoss, validLoss]);
  assert.ok(losses.every((loss) => loss > 0));
  return [Float64Array.from(losses), inputs, outputs].map(({ buffer }) => Buffer.from(buffer).toString('hex')).join();
}

for (const options of variants) {
  const config = itemPairConfig(shape, { ...options, pairsPerChunk: 16_000 });
  const corrected = options.objective === undefined ? config : { ...config, logNoise: logNoiseOf(config) };

  test(`${JSON.stringify(options)}: the same bits for 1, 2, 3 and 8 threads`, async () => {
    assert.is(groupsFor(shape.items - 1), 16);
    const expected = await train(corrected);
    for (const threads of [2, 3, 8]) {
      assert.ok((await train({ ...corrected, threads })) === expected, `${threads} threads`);
    }
    assert.ok((await train({ ...corrected, seed: 8 })) !== expected, 'another seed gives other bits');
  });

  test(`${JSON.stringify(options)}: avx2 and avx512 agree bit for bit`, async () => {
    if (!native().simdLevels().available.includes('avx512')) {
      console.log('skipped: no avx512 here');
      return;
    }
    try {
      native().setSimdLevel('avx2');
      const expected = await train(corrected);
      native().setSimdLevel('avx512');
      assert.ok((await train(corrected)) === expected);
    } finally {
      native().setSimdLevel('auto');
    }
  });
}

test.run();
