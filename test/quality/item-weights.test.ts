// Item weights on real data: ratings of at least 4 as likes, 80/20 a user.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, evaluate, readRatings, splitByUser, type TrainOptions, train } from '../../src/index.js';
import { onData } from './movielens.js';

onData(
  'itemKnn ranks far better than popularity; ease and slim better than itemKnn by more than their intervals',
  async () => {
    const ratings = await readRatings(`${process.env.PALATE_DATA}/ratings.csv`);
    const data = Dataset.fromTable(ratings, { positiveThreshold: 4 });
    const parts = splitByUser(data, { fractions: { train: 0.8, test: 0.2 }, seed: 1 });
    const ndcg = async (options: TrainOptions): Promise<Float64Array> => {
      const evaluation = await evaluate(await train(parts.train, options), parts.test, {
        metrics: ['ndcg@10'],
        perUser: true,
      });
      console.log(`\n  ${options.model}: ndcg@10 ${evaluation.metrics['ndcg@10']?.toFixed(4)}`);
      return evaluation.perUser?.metrics['ndcg@10'] as Float64Array;
    };
    /** The mean difference over users, and half its 95% interval. */
    const gain = (better: Float64Array, other: Float64Array): { mean: number; interval: number } => {
      const differences = better.map((value, user) => value - other[user]);
      const mean = differences.reduce((sum, x) => sum + x, 0) / differences.length;
      const squares = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0);
      return { mean, interval: (1.96 * Math.sqrt(squares)) / differences.length };
    };
    const popularity = await ndcg({ model: 'popularity' });
    const itemKnn = await ndcg({ model: 'itemKnn' });
    const knn = gain(itemKnn, popularity);
    assert.ok(knn.mean > 0.05 && knn.mean > knn.interval, `${knn.mean} ± ${knn.interval}`);
    for (const model of ['ease', 'slim'] as const) {
      const { mean, interval } = gain(await ndcg({ model }), itemKnn);
      console.log(`  ${model} before itemKnn: ${mean.toFixed(4)} ± ${interval.toFixed(4)}`);
      assert.ok(mean > interval, `${model}: ${mean} ± ${interval}`);
    }
  },
);

test.run();
