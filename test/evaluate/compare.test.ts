import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareEvaluations } from '../../src/evaluate/compare.js';
import { type Evaluation, measure } from '../../src/evaluate/measure.js';
import { readMetrics } from '../../src/evaluate/metric-names.js';
import type { OracleRow } from '../oracle/metrics.js';
import { assertNear, dataset, tableModel } from './fixtures.js';

const TRAIN: OracleRow[] = [];
const TEST: OracleRow[] = [];
for (let user = 0; user < 40; user++) {
  for (let item = 0; item < 30; item++) {
    const hash = (Math.imul(user * 31 + item + 1, 0x9e3779b1) >>> 16) % 10;
    const entry = { user, item, rating: 1 + (hash % 5) };
    if (hash < 3 || item % 30 === user % 30) TRAIN.push(entry);
    else if (hash > 7) TEST.push(entry);
  }
}

const evaluation = (score: (user: number, item: number) => number, rows = TEST, perUser = true): Promise<Evaluation> =>
  measure(tableModel(dataset(TRAIN), score), dataset(rows), {
    requests: readMetrics(undefined, [5], true),
    k: 5,
    relevanceThreshold: undefined,
    candidates: 'all',
    perUser,
    signal: undefined,
  });

const isTest = new Set(TEST.map(({ user, item }) => user * 30 + item));
/** Puts many of the test items first, or none. */
const knowing = (user: number, item: number): number =>
  isTest.has(user * 30 + item) && item % 3 > 0 ? 5 : 2 + item / 30;
const blind = (_: number, item: number): number => 3 + item / 30;

test('differences are those of the metrics, with intervals around them', async () => {
  const [good, bad] = [await evaluation(knowing), await evaluation(blind)];
  const differences = await compareEvaluations(good, bad, { resamples: 500 });
  const names = Object.keys(differences);
  assert.ok(
    names.includes('ndcg@5') && names.includes('mrr') && names.includes('rmse') && names.includes('diversity@5'),
  );
  assert.not.ok(names.includes('coverage@5') || names.includes('gini@5'));
  for (const [name, { difference, low, high }] of Object.entries(differences)) {
    assertNear(difference, (good.metrics[name] as number) - (bad.metrics[name] as number), name);
    assert.ok(low <= difference && difference <= high, `${name}: ${low} ${difference} ${high}`);
  }
  assert.ok((differences['ndcg@5']?.low as number) > 0);
  const turned = await compareEvaluations(bad, good, { resamples: 500 });
  assertNear(turned.mrr?.low, -(differences.mrr?.high as number), 'the other way round');
});

test('a model does not differ from itself', async () => {
  const one = await evaluation(blind);
  for (const difference of Object.values(await compareEvaluations(one, one))) {
    assert.equal(difference, { difference: 0, low: 0, high: 0 });
  }
});

test('other users and missing values are refused', async () => {
  const one = await evaluation(blind);
  const fewer = await evaluation(
    blind,
    TEST.filter(({ user }) => user > 3),
  );
  for (const [other, expected] of [
    [fewer, /same test users/],
    [await evaluation(blind, TEST, false), /`second`.*perUser: true/],
  ] as const) {
    try {
      await compareEvaluations(one, other);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, expected);
    }
  }
});

test.run();
