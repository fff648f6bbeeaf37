import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, evaluate, splitByUser, type TrainOptions, train } from '../../src/index.js';
import { movieLens, onData } from './movielens.js';

onData('ials by its defaults ranks likes better than popularity and mf, on a fifth of each user', async () => {
  const ratings = await movieLens();
  const likes = ratings.subset(Uint8Array.from(ratings.interactions.values, (value) => (value >= 4 ? 1 : 0)));
  const parts = splitByUser(likes, { fractions: { train: 0.8, test: 0.2 }, seed: 0 });
  const ndcg = async (options: TrainOptions, part: Dataset = parts.train): Promise<number> => {
    const { metrics } = await evaluate(await train(part, options), parts.test, { k: 10, metrics: ['ndcg'] });
    console.log(`\n  ${options.model}: ndcg@10 ${(metrics['ndcg@10'] as number).toFixed(4)}`);
    return metrics['ndcg@10'] as number;
  };
  const popularity = await ndcg({ model: 'popularity' });
  const mf = await ndcg({ model: 'mf' });
  const ials = await ndcg({ model: 'ials' });
  assert.ok(ials > popularity + 0.03 && ials > mf + 0.03, `ials ${ials}, popularity ${popularity}, mf ${mf}`);
});

test.run();
