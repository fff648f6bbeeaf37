import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  averagePrecisionAt,
  hitRateAt,
  hitsAt,
  mean,
  ndcgAt,
  ndcgFullAt,
  precisionAt,
  recallAt,
  reciprocalRank,
  truncatedRecallAt,
} from '../../src/evaluate/metrics.js';
import { oracleListMetrics } from '../oracle/metrics.js';

function near(actual: number, expected: number, message?: string): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${message ?? ''} ${actual} is not ${expected}`);
}

test('hits at ranks 1 and 3 of four relevant items, k = 5', () => {
  const ranks = [1, 3];
  assert.is(hitsAt(ranks, 5), 2);
  assert.is(precisionAt(ranks, 5), 2 / 5);
  assert.is(recallAt(ranks, 5, 4), 2 / 4);
  assert.is(hitRateAt(ranks, 5), 1);
  near(averagePrecisionAt(ranks, 5, 4), (1 / 1 + 2 / 3) / 4);
  // DCG 1 / log2(2) + 1 / log2(4) = 1.5; ideal 1 + 0.6309298 + 0.5 + 0.4306766 = 2.5616063
  near(ndcgAt(ranks, 5, 4), 1.5 / 2.5616063);
  assert.is(ndcgFullAt(ranks, 5, 4), ndcgAt(ranks, 5, 4));
  assert.is(reciprocalRank(ranks), 1);
});

test('a cut-off below the number of relevant items', () => {
  const ranks = [1, 3];
  assert.is(precisionAt(ranks, 2), 1 / 2);
  assert.is(recallAt(ranks, 2, 4), 1 / 4);
  assert.is(truncatedRecallAt(ranks, 2, 4), 1 / 2);
  assert.is(averagePrecisionAt(ranks, 2, 4), 1 / 2);
  near(ndcgAt(ranks, 2, 4), 1 / 1.6309298, 'ideal of two');
  near(ndcgFullAt(ranks, 2, 4), 1 / 2.5616063, 'ideal of four');
});

test('a first hit at rank 4', () => {
  const ranks = [4];
  assert.is(reciprocalRank(ranks), 1 / 4);
  assert.is(hitRateAt(ranks, 3), 0);
  assert.is(hitRateAt(ranks, 4), 1);
  near(ndcgAt(ranks, 10, 1), 1 / Math.log2(5));
  assert.is(averagePrecisionAt(ranks, 10, 1), 1 / 4);
});

test('a perfect list has 1 everywhere, an empty one 0', () => {
  for (const metric of [recallAt, truncatedRecallAt, averagePrecisionAt, ndcgAt, ndcgFullAt]) {
    assert.is(metric([1, 2, 3], 3, 3), 1);
    assert.is(metric([], 3, 3), 0);
  }
  assert.is(precisionAt([1, 2, 3], 3), 1);
  assert.is(precisionAt([], 3), 0);
  assert.is(reciprocalRank([]), 0);
});

test('precision divides by k where fewer items could be listed', () => {
  assert.is(precisionAt([1, 2], 10), 0.2);
});

test('the mean of nothing is NaN', () => {
  assert.ok(Number.isNaN(mean([])));
  assert.is(mean([1, 2, 6]), 3);
});

test('random lists agree with the definitions', () => {
  const gains = fc.array(fc.constantFrom(0, 0, 1), { maxLength: 40 });
  fc.assert(
    fc.property(gains, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 5 }), (list, k, missing) => {
      const ranks = list.flatMap((gain, i) => (gain === 1 ? [i + 1] : []));
      const relevant = ranks.length + missing;
      if (relevant === 0) return;
      const oracle = oracleListMetrics(list, k, relevant);
      near(precisionAt(ranks, k), oracle.precision as number, 'precision');
      near(recallAt(ranks, k, relevant), oracle.recall as number, 'recall');
      near(truncatedRecallAt(ranks, k, relevant), oracle.truncatedRecall as number, 'truncatedRecall');
      near(hitRateAt(ranks, k), oracle.hitRate as number, 'hitRate');
      near(averagePrecisionAt(ranks, k, relevant), oracle.map as number, 'map');
      near(ndcgAt(ranks, k, relevant), oracle.ndcg as number, 'ndcg');
      near(ndcgFullAt(ranks, k, relevant), oracle.ndcgFull as number, 'ndcgFull');
    }),
    { seed: 7, numRuns: 300 },
  );
});

test.run();
