import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { Dataset, evaluate, sampleRatings, splitRandom, train } from '../../src/index.js';
import { meanInterval, ratingIntervals, ratioInterval } from '../../src/report/intervals.js';
import { assertClose } from '../support/assert-close.js';

const near = (actual: number, expected: number, absolute: number): void =>
  assertClose(actual, expected, { relative: 0, absolute }, 'bound');

const test = suite('report intervals');

test('of a mean: the textbook formula', () => {
  const { low, high } = meanInterval([1, 2, 3, 4]);
  // Mean 2.5, standard deviation 1.29099, standard error .645497.
  near(low, 2.5 - 1.959964 * 0.6454972, 1e-6);
  near(high, 2.5 + 1.959964 * 0.6454972, 1e-6);
  for (const few of [[], [1]]) assert.ok(Number.isNaN(meanInterval(few).low));
  assert.equal(meanInterval([3, 3, 3]), { low: 3, high: 3 });
});

test('of a ratio: that of a mean where all groups are of one size', () => {
  const values = Array.from({ length: 129 }, (_, i) => ((i * 37) % 101) / 10);
  const mean = meanInterval(values);
  const ratio = ratioInterval(
    values.map((value) => 5 * value),
    values.map(() => 5),
  );
  near(ratio.low, mean.low, 1e-12);
  near(ratio.high, mean.high, 1e-12);
});

test('of a ratio: holds the truth in about 95 of 100 draws', () => {
  const random = new Random(7);
  let held = 0;
  for (let draw = 0; draw < 400; draw++) {
    // Groups of 1 to 9 rows that share an offset; a row's mean is 1.
    const sizes = Array.from({ length: 200 }, () => 1 + random.below(9));
    const totals = sizes.map((size) => size * (0.5 + random.float()));
    const { low, high } = ratioInterval(totals, sizes);
    if (low <= 1 && 1 <= high) held++;
  }
  assert.ok(held >= 365 && held <= 393, `${held} of 400`);
});

test('of rating errors: around the figures of evaluate, wider for fewer ratings', async () => {
  const data = Dataset.fromTable(sampleRatings({ users: 200 }));
  const { train: known, valid } = splitRandom(data, { fractions: { train: 0.8, valid: 0.2 }, seed: 1 });
  const model = await train(known, { model: 'mf', dim: 4, epochs: 5, seed: 1 });
  const { metrics } = await evaluate(model, valid as Dataset, { metrics: ['rmse', 'mae'] });
  const all = ratingIntervals(model, valid as Dataset);
  for (const name of ['rmse', 'mae'] as const) {
    assert.ok(all[name].low < (metrics[name] as number) && (metrics[name] as number) < all[name].high, name);
  }
  const mae = (all.mae.low + all.mae.high) / 2;
  near(mae, metrics.mae as number, 1e-6);
  const half = (valid as Dataset).subset(
    Uint8Array.from({ length: (valid as Dataset).numInteractions }, (_, i) => (i % 4 === 0 ? 1 : 0)),
  );
  const fewer = ratingIntervals(model, half);
  assert.ok(fewer.mae.high - fewer.mae.low > all.mae.high - all.mae.low);
});

test.run();
