// Baselines: rankings by popularity and at random.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { biasBaseline } from '../../src/evaluate/baselines.js';
import { describeCatalogue } from '../../src/evaluate/catalogue.js';
import { measure } from '../../src/evaluate/measure.js';
import { readMetrics } from '../../src/evaluate/metric-names.js';
import { popularityRanker } from '../../src/evaluate/popularity-ranker.js';
import { randomRanker } from '../../src/evaluate/random-ranker.js';
import { type OracleRow, oracleEvaluate, oracleRatingErrors } from '../oracle/metrics.js';
import { assertNear, dataset, NONE, tableModel } from './fixtures.js';

const USERS = 20;
const ITEMS = 40;
const TRAIN: OracleRow[] = [];
const TEST: OracleRow[] = [];
const random = new Random(3);
for (let user = 0; user < USERS; user++) {
  for (let item = 0; item < ITEMS; item++) {
    const draw = random.float();
    const entry = { user, item, rating: 1 + random.below(5) };
    if (draw < 0.5 - item / 100 || item % USERS === user) TRAIN.push(entry);
    else if (draw > 0.8) TEST.push(entry);
  }
}
const data = dataset(TRAIN);
const catalogue = describeCatalogue({ seen: data.interactions });
const training = { users: data.users, items: data.items, seen: data.interactions };
const NO_SIGNAL = new AbortController().signal;

const evaluateBaselines = (candidates: 'all' | { sampledNegatives: number; seed: number } = 'all') =>
  measure({ ...tableModel(data, (_, item) => item), training }, dataset(TEST), {
    requests: readMetrics(undefined, [5], true),
    k: 5,
    relevanceThreshold: undefined,
    candidates,
    perUser: false,
    baselines: { seed: 1 },
    signal: undefined,
  });

test('popularity and biases agree with the oracle', async () => {
  const { baselines } = await evaluateBaselines();
  const counts = Array.from(data.interactions.itemCounts());
  const scores = Array.from({ length: USERS }, () => counts);
  const oracle = oracleEvaluate({ scores, train: TRAIN, test: TEST }, 5).metrics;
  const names = Object.keys(baselines?.popularity ?? {});
  assert.ok(names.includes('mrr') && names.includes('gini@5'));
  for (const name of names) assertNear(baselines?.popularity?.[name], oracle[name], name);

  const biases = biasBaseline(data);
  const predicted = TEST.map(({ user, item }) => biases.predict(data.users.index(user), data.items.index(item)));
  const errors = oracleRatingErrors(TRAIN, TEST, predicted);
  for (const name of ['rmse', 'mae'] as const) {
    assert.ok(Math.abs((baselines?.biases?.[name] as number) - errors[name]) < 1e-6, name);
  }
  assert.equal(Object.keys(baselines?.random ?? {}), names);
});

test('the same among sampled candidates, and from the same seed', async () => {
  const sampled = { sampledNegatives: 5, seed: 2 };
  const first = await evaluateBaselines(sampled);
  assert.equal((await evaluateBaselines(sampled)).baselines, first.baselines);
  assert.ok((first.baselines?.random?.['recall@5'] as number) > 0.3, 'five of some ten');
});

/** Users 0, 1, ...: each has some items already. */
function queryOf(users: number) {
  const lists = Array.from({ length: users }, (_, user) => data.interactions.itemsOf(user % USERS));
  const offsets = new Uint32Array(users + 1);
  for (const [n, list] of lists.entries()) offsets[n + 1] = (offsets[n] as number) + list.length;
  const items = Uint32Array.from(lists.flatMap((list) => [...list]));
  return { users: Uint32Array.from({ length: users }, (_, n) => n % USERS), exclude: { offsets, items } };
}

test('random lists hold allowed items, each once and each as often, and k beyond what there is', async () => {
  const users = 400 * USERS;
  const ranker = randomRanker(catalogue, 9);
  const query = { ...queryOf(users), candidates: catalogue.trained };
  const k = 3;
  const lists = await ranker.rank({ ...query, k }, NO_SIGNAL);
  const counts = Array.from({ length: USERS }, () => new Uint32Array(ITEMS));
  for (let row = 0; row < users; row++) {
    const list = [...lists.subarray(row * k, (row + 1) * k)];
    assert.is(new Set(list).size, k);
    for (const item of list) {
      const own = counts[row % USERS] as Uint32Array;
      own[item] = (own[item] as number) + 1;
    }
  }
  for (const [user, own] of counts.entries()) {
    const seen = data.interactions.itemsOf(user);
    const expected = (400 * k) / (ITEMS - seen.length);
    for (const [item, count] of own.entries()) {
      if (seen.includes(item)) assert.is(count, 0);
      else assert.ok(Math.abs(count - expected) < 5.5 * Math.sqrt(expected), `${count} of ${expected}`);
    }
  }
  const whole = await ranker.rank({ ...query, k: ITEMS }, NO_SIGNAL);
  assert.is(
    whole.subarray(0, ITEMS).filter((item) => item !== NONE).length,
    ITEMS - data.interactions.itemsOf(0).length,
  );
});

test('the first of r random places among n stands at (n + 1) / (r + 1) on average', async () => {
  const ranker = randomRanker(catalogue, 4);
  const users = 20_000;
  for (const size of [1, 4, 15]) {
    const allowed = Uint32Array.from({ length: ITEMS }, (_, item) => item);
    const query = {
      users: new Uint32Array(users),
      exclude: { offsets: new Uint32Array(users + 1), items: new Uint32Array(0) },
      candidates: catalogue.trained,
      targets: {
        offsets: Uint32Array.from({ length: users + 1 }, (_, n) => n * size),
        items: Uint32Array.from({ length: users * size }, (_, n) => allowed[n % size] as number),
      },
      listed: 10,
    };
    const ranks = await ranker.rankFirst(query, NO_SIGNAL);
    assert.ok(ranks.every((rank) => rank > 10 && rank <= ITEMS));
    const mean = ranks.reduce((sum, rank) => sum + rank - 10, 0) / users;
    const expected = (ITEMS - 10 + 1) / (size + 1);
    assert.ok(Math.abs(mean - expected) < 0.02 * expected + 0.1, `${mean} is not ${expected}`);
  }
});

test('popularity passes over items without training', async () => {
  const trained = catalogue.trained.map((mark, item) => (item === 0 ? 0 : mark));
  const [list] = [
    await popularityRanker({ ...catalogue, trained }).rank({ ...queryOf(1), candidates: trained, k: ITEMS }, NO_SIGNAL),
  ];
  assert.not.ok(list.includes(0));
});

test.run();
