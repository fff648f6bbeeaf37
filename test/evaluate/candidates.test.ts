import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allCandidates, relevantOf, sampledCandidates } from '../../src/evaluate/candidates.js';
import { measure } from '../../src/evaluate/measure.js';
import { readMetrics } from '../../src/evaluate/metric-names.js';
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
const set = mapTestSet(dataset(TEST), training, 4);
const ordinals = Uint32Array.from(set.users.keys());

function offeredTo(candidates: ReturnType<typeof allCandidates>, of: Uint32Array): number[][] {
  const { offsets, items } = candidates.exclusions(of);
  return Array.from(of, (_, i) => {
    const excluded = new Set(items.subarray(offsets[i], offsets[i + 1]));
    return Array.from({ length: ITEMS }, (_, item) => item).filter((x) => candidates.trained[x] && !excluded.has(x));
  });
}

test('all candidates are the training items that the user has not seen', () => {
  const offered = offeredTo(allCandidates(set, training), ordinals);
  offered.forEach((items, i) => {
    const seen = new Set(training.seen.itemsOf(set.users[i] as number));
    assert.equal(
      items,
      Array.from({ length: ITEMS }, (_, item) => item).filter((item) => !seen.has(item)),
    );
  });
});

test('sampled: the relevant items and as many others, neither in training nor in the test', () => {
  const offered = offeredTo(sampledCandidates(set, training, { sampledNegatives: 9, seed: 3 }), ordinals);
  offered.forEach((items, i) => {
    const user = set.users[i] as number;
    const relevant = Array.from(relevantOf(set, i));
    const taken = new Set([...TRAIN, ...TEST].filter((entry) => entry.user === user).map(({ item }) => item));
    assert.is(items.length, relevant.length + 9);
    for (const item of items) assert.ok(relevant.includes(item) || !taken.has(item));
    for (const item of relevant) assert.ok(items.includes(item));
  });
});

test('a draw depends on the seed and the user, not on the chunk', () => {
  const sampled = sampledCandidates(set, training, { sampledNegatives: 9, seed: 3 });
  const together = offeredTo(sampled, ordinals);
  assert.equal(offeredTo(sampled, ordinals.slice(4, 5)), [together[4]]);
  assert.equal(offeredTo(sampledCandidates(set, training, { sampledNegatives: 9, seed: 3 }), ordinals), together);
  assert.not.equal(offeredTo(sampledCandidates(set, training, { sampledNegatives: 9, seed: 4 }), ordinals), together);
});

test('negatives are uniform', () => {
  const counts = new Map<number, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const sampled = sampledCandidates(set, training, { sampledNegatives: 5, seed });
    for (const item of offeredTo(sampled, ordinals.slice(0, 1))[0] ?? []) counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  for (const item of relevantOf(set, 0)) counts.delete(item);
  const expected = (3000 * 5) / counts.size;
  for (const [item, count] of counts)
    assert.ok(Math.abs(count - expected) < 5 * Math.sqrt(expected), `${item}: ${count}`);
});

test('fewer than asked for: all of them', () => {
  const [offered] = offeredTo(sampledCandidates(set, training, { sampledNegatives: 1000, seed: 0 }), ordinals);
  const taken = new Set([...TRAIN, ...TEST].filter(({ user }) => user === 0).map(({ item }) => item));
  assert.is(offered?.length, ITEMS - Array.from(taken).filter((x) => x < ITEMS).length + relevantOf(set, 0).length);
});

test('metrics over sampled candidates agree with the oracle', async () => {
  const scores = Array.from({ length: USERS }, (_, u) =>
    Array.from({ length: ITEMS }, (_, i) => (u * 13 + i * 29) % 17),
  );
  const offered = offeredTo(sampledCandidates(set, training, { sampledNegatives: 20, seed: 8 }), ordinals);
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
