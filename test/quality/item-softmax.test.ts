import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { train } from '../../src/index.js';
import { newSoftmaxTrainer, softmaxConfig } from '../support/softmax-problems.js';
import { movieLens, onData } from './movielens.js';

onData('users with 50 ratings or more have 60,565,552 pairs, split 60/20/20 to the pair', async () => {
  const data = await movieLens({ minUserRatings: 50 });
  assert.is(data.numUsers, 385);
  assert.is(data.numItems, 9633);
  assert.is(data.numInteractions, 93_812);
  const { offsets, items } = data.interactions;
  const trainer = newSoftmaxTrainer({
    ...softmaxConfig({ users: 0, items: 0, density: 0, dim: 1 }),
    numItems: data.numItems,
    offsets,
    items,
    fractions: Float64Array.of(0.6, 0.2, 0.2),
  });
  assert.equal(trainer.pairs(), [36_339_331, 12_113_110, 12_113_111]);
  trainer.dispose();
});

onData('by its defaults the cross-entropy of held-back pairs is 8.16 or less', async () => {
  const data = await movieLens({ minUserRatings: 50 });
  const { metrics } = await train(data, { model: 'itemSoftmax', validPairs: 0.2, testPairs: 0.2 });
  console.log(`\n  itemSoftmax: validation ${metrics.validLoss?.toFixed(4)}, test ${metrics.testLoss?.toFixed(4)}`);
  assert.ok((metrics.validLoss as number) <= 8.16, `${metrics.validLoss}`);
});

test.run();
