import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, splitByUser, type TrainOptions, train } from '../../src/index.js';
import { movieLens, onData } from './movielens.js';

onData('mf by bpr ranks likes far better than popularity, and about as well as itemKnn', async () => {
  const ratings = await movieLens();
  const likes = ratings.subset(Uint8Array.from(ratings.interactions.values, (value) => (value >= 4 ? 1 : 0)));
  const parts = splitByUser(likes, { fractions: { train: 0.8, test: 0.2 }, seed: 0 });
  const ndcg = async (options: TrainOptions): Promise<number> => {
    const { metrics } = await evaluate(await train(parts.train, options), parts.test, { k: 10, metrics: ['ndcg'] });
    console.log(`\n  ${JSON.stringify(options)}: ndcg@10 ${(metrics['ndcg@10'] as number).toFixed(4)}`);
    return metrics['ndcg@10'] as number;
  };
  const popularity = await ndcg({ model: 'popularity' });
  const itemKnn = await ndcg({ model: 'itemKnn' });
  for (const optimizer of ['sgd', 'adagrad'] as const) {
    const bpr = await ndcg({ model: 'mf', objective: 'bpr', optimizer });
    assert.ok(bpr > popularity + 0.05, `${optimizer}: bpr ${bpr}, popularity ${popularity}`);
    assert.ok(bpr > itemKnn - 0.02, `${optimizer}: bpr ${bpr}, itemKnn ${itemKnn}`);
  }
});

test.run();
