import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCutOffs, readMetrics } from '../../src/evaluate/metric-names.js';

const names = (metrics: unknown, ks: number[], rated = true) => readMetrics(metrics, ks, rated).map(({ name }) => name);

test('without names the metrics of the design, rating metrics only with ratings', () => {
  const accuracy = ['precision@10', 'recall@10', 'ndcg@10', 'hitRate@10', 'map@10', 'mrr'];
  const ranking = [...accuracy, 'coverage@10', 'novelty@10', 'diversity@10', 'popularity@10', 'gini@10'];
  assert.equal(names(undefined, [10]), [...ranking, 'rmse', 'mae']);
  assert.equal(names(undefined, [10], false), ranking);
});

test('a name without @ stands for each k, one with @ for itself, and none comes twice', () => {
  assert.equal(names(['ndcg', 'mrr', 'ndcgFull@7', 'ndcg@20', 'mrr'], [5, 20]), [
    'ndcg@5',
    'ndcg@20',
    'mrr',
    'ndcgFull@7',
  ]);
});

test('an unknown name is a RangeError with the nearest one', () => {
  for (const wrong of ['ndgc', 'ndgc@10']) {
    try {
      names([wrong], [10]);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
      assert.match((error as Error).message, /`metrics`.*did you mean 'ndcg'\?/);
      assert.is((error as { code?: string }).code, 'ERR_PALATE_OPTION');
    }
  }
});

test('misused names are refused', () => {
  assert.throws(() => names(['mrr@10'], [10]), /'mrr' without @.*"mrr@10"/);
  for (const wrong of ['ndcg@', 'ndcg@0', 'ndcg@1.5', 'ndcg@-1', 'ndcg@1e3', 'ndcg@5@6']) {
    assert.throws(() => names([wrong], [10]), /'ndcg@k' with an integer k >= 1/);
  }
  assert.throws(() => names('ndcg', [10]), /array of metric names/);
  assert.throws(() => names([], [10]), /non-empty array/);
  assert.throws(() => names([10], [10]), /`metrics`.*received 10/);
  assert.throws(() => names(['ndcg', 'rmse'], [10], false), /no ratings.*"rmse"/);
});

test('cut-offs are ascending and unique', () => {
  assert.equal(readCutOffs(10), [10]);
  assert.equal(readCutOffs([20, 5, 20]), [5, 20]);
  assert.throws(() => readCutOffs([]), /`k`.*non-empty array/);
  assert.throws(() => readCutOffs([5, 0]), /`k`.*>= 1.*received 0/);
  assert.throws(() => readCutOffs('10'), /`k`.*"10" \(string\)/);
});

test.run();
