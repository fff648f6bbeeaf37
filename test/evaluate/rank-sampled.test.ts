import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeCatalogue } from '../../src/evaluate/catalogue.js';
import { measure } from '../../src/evaluate/measure.js';
import { readMetrics } from '../../src/evaluate/metric-names.js';
import { candidateSampler } from '../../src/evaluate/rank-sampled.js';
import { relevantOf } from '../../src/evaluate/ranker.js';
import { mapTestSet } from '../../src/evaluate/test-set.js';
import { type OracleRow, oracleEvaluate } from '../oracle/metrics.js';
import { assertNear, dataset, tableModel } from './fixtures.js';

const USERS = 12;
const ITEMS = 60;
const TRAIN: OracleRow[] = [];
const TEST: OracleRow[] = [];
for (let user = 0; user < USERS; user++) {
  for (let item = 0; item < ITEMS; item++) {
    const hash = (Math.imul(user * 977 + item + 1, 0x9e3779b1) >>> 16) % 11;
    const entry = { user, item, rating: 1 + (hash % 5) };
    if (hash < 3 || item % USERS === user) TRAIN.push(entry);
    else if (hash > 8) TEST.push(entry);
  }
}
TEST.push({ user: 0, item: ITEMS + 5, rating: 5 });
const data = dataset(TRAIN);
const training = { users: data.users, items: data.items, seen: data.interactions };
const { trained } = describeCatalogue(training);
const set = mapTestSet(dataset(TEST), training, trained, 4);

function sample(sampledNegatives: number, seed: number): number[][] {
  const next = candidateSampler(set, training.seen, trained, { sampledNegatives, seed });
  return Array.from(set.users, (_, ordinal) => Array.from(next(ordinal)));
}

/** Items that a user has in training or test. */
const takenBy = (user: number): Set<number> =>
  new Set([...TRAIN, ...TEST].filter((entry) => entry.user === user).map(({ item }) => item));

test('the relevant items and as many others, neither in training nor in the test', () => {
  assert.is(set.users.length, USERS);
  sample(9, 3).forEach((items, i) => {
    const relevant = Array.from(relevantOf(set, i));
    const taken = takenBy(set.users[i] as number);
    assert.is(items.length, relevant.length + 9);
    assert.is(new Set(items).size, items.length);
    for (const item of items) assert.ok(item < ITEMS && (relevant.includes(item) || !taken.has(item)));
    for (const item of relevant) assert.ok(items.includes(item));
    assert.equal(
      items,
      [...items].sort((a, b) => a - b),
    );
  });
});

test('the seed decides', () => {
  assert.equal(sample(9, 3), sample(9, 3));
  assert.not.equal(sample(9, 3), sample(9, 4));
});

test('negatives are uniform, also for a user behind others', () => {
  for (const ordinal of [0, 5]) {
    const counts = new Map<number, number>();
    for (let seed = 0; seed < 3000; seed++) {
      for (const item of sample(5, seed)[ordinal] ?? []) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    for (const item of relevantOf(set, ordinal)) counts.delete(item);
    assert.is(counts.size, ITEMS - Array.from(takenBy(ordinal)).filter((item) => item < ITEMS).length);
    const expected = (3000 * 5) / counts.size;
    for (const [item, count] of counts) {
      assert.ok(Math.abs(count - expected) < 5 * Math.sqrt(expected), `item ${item}: ${count} of ${expected}`);
    }
  }
});

test('fewer than asked for: all of them', () => {
  sample(1000, 0).forEach((items, i) => {
    const taken = Array.from(takenBy(set.users[i] as number)).filter((item) => item < ITEMS);
    assert.is(items.length, ITEMS - taken.length + relevantOf(set, i).length);
  });
});

test('items without training are never drawn', () => {
  const partly = trained.map((mark, item) => (item % 3 === 0 ? mark : 0));
  const next = candidateSampler(set, training.seen, partly, { sampledNegatives: 1000, seed: 1 });
  for (const item of next(0)) assert.ok(item % 3 === 0 || relevantOf(set, 0).includes(item));
});

test('metrics over sampled candidates agree with the oracle', async () => {
  const scores = Array.from({ length: USERS }, (_, u) =>
    Array.from({ length: ITEMS }, (_, i) => (u * 13 + i * 29) % 17),
  );
  const offered = sample(20, 8);
  const oracle = oracleEvaluate(
    { scores, train: TRAIN, test: TEST, threshold: 4, offered: (user) => offered[set.users.indexOf(user)] ?? [] },
    5,
  );
  const { metrics, definitions } = await measure(
    tableModel(data, (u, i) => scores[u]?.[i] as number),
    dataset(TEST),
    {
      requests: readMetrics(undefined, [5], false),
      k: 5,
      relevanceThreshold: 4,
      candidates: { sampledNegatives: 20, seed: 8 },
      perUser: false,
      signal: undefined,
    },
  );
  for (const [name, value] of Object.entries(metrics)) assertNear(value, oracle.metrics[name], name);
  assert.match(definitions.candidates as string, /20 others/);
});

test.run();
