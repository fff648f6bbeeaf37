import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/dataset/dataset.js';
import { type Evaluation, type Measurable, type MeasureOptions, measure } from '../../src/evaluate/measure.js';
import { readMetrics } from '../../src/evaluate/metric-names.js';
import { type OracleRow, oracleEvaluate, oracleRatingErrors } from '../oracle/metrics.js';
import { assertNear, dataset, tableModel } from './fixtures.js';

function run(
  model: Measurable,
  rows: Dataset,
  options: Partial<MeasureOptions> & { metrics?: string[]; k?: number } = {},
): Promise<Evaluation> {
  const { metrics, k = 10, ...rest } = options;
  return measure(model, rows, {
    requests: readMetrics(metrics, [k], true),
    k,
    relevanceThreshold: undefined,
    candidates: 'all',
    perUser: false,
    signal: undefined,
    ...rest,
  });
}

const row = (user: number, item: number, rating = 4): OracleRow => ({ user, item, rating });

/** Three people, items 0 to 5; item 5 in the test alone. Scores fall with the item: 0 is everybody's best. */
const TRAIN = [row(0, 0), row(0, 4, 2), row(1, 1), row(1, 2, 5), row(2, 0, 1), row(2, 1), row(2, 3)];
const TEST = [row(0, 1, 5), row(0, 3, 2), row(1, 4, 3), row(1, 5, 4), row(2, 0, 5), row(7, 1, 3), row(7, 5, 1)];
const falling = (_: number, item: number) => 4.5 - item / 2;

test('a small case by hand', async () => {
  const result = await run(tableModel(dataset(TRAIN), falling), dataset(TEST), { k: 2 });
  // User 0 is offered 1, 2, 3 and looks for 1, 3: ranks 1, 3. User 1 is offered 0, 3, 4 and looks for 4: rank 3. User 2
  // has seen his only test item, user 7 and item 5 have no training interaction.
  const { metrics, definitions, ...counts } = result;
  assert.equal(counts, {
    users: 2,
    interactions: 7,
    relevantInteractions: 3,
    unknownUsers: 1,
    unknownItems: 1,
    unknownInteractions: 3,
    seenInteractions: 1,
  });
  const idcg2 = 1 + 1 / Math.log2(3);
  const information = [-Math.log2(2 / 3), -Math.log2(2 / 3), Math.log2(3), Math.log2(3), Math.log2(3)] as const;
  const expected = {
    'precision@2': (1 / 2 + 0) / 2,
    'recall@2': (1 / 2 + 0) / 2,
    'ndcg@2': (1 / idcg2 + 0) / 2,
    'hitRate@2': (1 + 0) / 2,
    'map@2': (1 / 2 + 0) / 2,
    mrr: (1 + 1 / 3) / 2,
    // Lists 1, 2 and 0, 3: four of the five training items.
    'coverage@2': 4 / 5,
    'novelty@2': ((information[1] + information[2]) / 2 + (information[0] + information[3]) / 2) / 2,
    // Item 1 has users 1 and 2, item 2 has user 1; item 0 has users 0 and 2, item 3 has user 2.
    'diversity@2': (1 - 1 / Math.sqrt(2) + (1 - 1 / Math.sqrt(2))) / 2,
    'popularity@2': ((2 / 3 + 1 / 3) / 2 + (2 / 3 + 1 / 3) / 2) / 2,
    // Listed 0, 1, 1, 1, 1 times: (-4 * 0 - 2 + 0 + 2 + 4) / (5 * 4).
    'gini@2': 4 / 20,
    // Predicted 4, 3, 2.5, then item 5 and user 7 by fallback 3, and 4.5 for item 0 of user 2.
    rmse: Math.sqrt((1 + 1 + 0.25 + 1 + 0.25 + 0 + 4) / 7),
    mae: (1 + 1 + 0.5 + 1 + 0.5 + 0 + 2) / 7,
  };
  assert.equal(Object.keys(metrics), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) assertNear(metrics[name], value, name);
  for (const name of Object.keys(metrics)) assert.type(definitions[name], 'string');
  assert.match(definitions.relevant as string, /^Each test row of a known user/);
});

test('parts that share vocabularies count the same users, items and rows as unknown', async () => {
  const whole = dataset([...TRAIN, ...TEST.filter(({ user, item }) => user !== 2 || item !== 0)]);
  const isTrain = ({ user, item }: OracleRow) => TRAIN.some((r) => r.user === user && r.item === item);
  const part = (wanted: boolean): Dataset => {
    const { users, items } = whole.interactions;
    const id = (at: number) =>
      row(whole.users.id(users[at] as number) as number, whole.items.id(items[at] as number) as number);
    return whole.subset(Uint8Array.from(users, (_, at) => (isTrain(id(at)) === wanted ? 1 : 0)));
  };
  const shared = await run(tableModel(part(true), falling), part(false), {
    k: 2,
    metrics: ['ndcg', 'mrr', 'coverage', 'novelty'],
  });
  assert.equal([shared.unknownUsers, shared.unknownItems, shared.unknownInteractions], [1, 1, 3]);
  const separate = await run(tableModel(dataset(TRAIN), falling), dataset(TEST), { k: 2 });
  for (const [name, value] of Object.entries(shared.metrics)) assertNear(value, separate.metrics[name], name);
});

test('a threshold makes relevant what is rated so or more', async () => {
  const model = tableModel(dataset(TRAIN), falling);
  const all = await run(model, dataset(TEST), { relevanceThreshold: 3, k: 2 });
  assert.is(all.relevantInteractions, 2);
  assertNear(all.metrics['recall@2'], (1 / 1 + 0) / 2, 'recall@2');
  assert.match(all.definitions.relevant as string, /rated 3 or more/);
  const some = await run(model, dataset(TEST), { relevanceThreshold: 5 });
  assert.is(some.users, 1);
  assert.is(some.metrics.mrr, 1);
  const odd = dataset([row(0, 1, 4.1)]);
  assert.is((await run(model, odd, { relevanceThreshold: 4.1 })).users, 1, '4.1 as float32 reaches 4.1');
});

test('where nobody counts ranking metrics are NaN and rating metrics stand', async () => {
  const { users, metrics } = await run(tableModel(dataset(TRAIN), falling), dataset(TRAIN));
  assert.is(users, 0);
  for (const [name, value] of Object.entries(metrics)) {
    assert.is(Number.isNaN(value), name !== 'rmse' && name !== 'mae', name);
  }
});

test('predictions are clipped to the range of the training ratings', async () => {
  const model = tableModel(dataset(TRAIN), () => 40);
  const { metrics } = await run(model, dataset([row(0, 1, 5), row(1, 4, 3)]), { metrics: ['rmse', 'mae'] });
  assertNear(metrics.rmse, Math.sqrt((0 + 4) / 2), 'rmse');
  assertNear(metrics.mae, 1, 'mae');
});

const SCORED = fc.record({
  users: fc.integer({ min: 1, max: 8 }),
  items: fc.integer({ min: 1, max: 25 }),
  levels: fc.constantFrom(1, 3, 1000),
  k: fc.constantFrom(1, 2, 5, 10, 40),
  threshold: fc.constantFrom(undefined, 3),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

/** Small linear congruential generator of [0, 1). */
function lcg(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Pairs of users and items dealt to training and test; a few test pairs have ids without training data. */
function deal({ users, items, levels, seed }: { users: number; items: number; levels: number; seed: number }) {
  const random = lcg(seed);
  const train: OracleRow[] = [row(0, 0, 1 + Math.floor(random() * 5))];
  const rows: OracleRow[] = [];
  for (let user = 0; user <= users; user++) {
    for (let item = user === 0 ? 1 : 0; item <= items; item++) {
      const draw = random();
      const rating = 1 + Math.floor(random() * 5);
      if (draw < 0.3 && user < users && item < items) train.push(row(user, item, rating));
      else if (draw > 0.7) rows.push(row(user, item, rating));
    }
  }
  if (rows.length === 0) rows.push(row(users, items));
  const scores = Array.from({ length: users + 1 }, () =>
    Array.from({ length: items + 1 }, () => 1 + Math.floor(random() * levels) / levels),
  );
  return { train, rows, scores };
}

test('random data agrees with the oracle: ties, k beyond the candidates, thresholds, unknown ids', async () => {
  await fc.assert(
    fc.asyncProperty(SCORED, async ({ k, threshold, ...size }) => {
      const { train, rows, scores } = deal(size);
      const data = dataset(train);
      // Indices stand in id order, so ties by index are ties by id.
      const scoreOf = (user: number, item: number) => scores[user]?.[item] as number;
      const model = tableModel(data, (u, i) => scoreOf(data.users.id(u) as number, data.items.id(i) as number));
      const oracle = oracleEvaluate({ scores, train, test: rows, threshold }, k);
      const ofLists = ['precision', 'recall', 'truncatedRecall', 'ndcg', 'ndcgFull', 'hitRate', 'map', 'mrr'];
      const names = [...ofLists, 'coverage', 'novelty', 'diversity', 'popularity', 'gini', 'rmse'];
      const result = await run(model, dataset(rows), {
        metrics: [...names, 'mae'],
        k,
        relevanceThreshold: threshold,
        perUser: true,
      });
      assert.is(result.users, oracle.users.length);
      const known = (r: OracleRow) => data.users.index(r.user) >= 0 && data.items.index(r.item) >= 0;
      assert.is(result.unknownInteractions, rows.filter((r) => !known(r)).length);
      const predicted = rows.map((r) => (known(r) ? Math.fround(scoreOf(r.user, r.item)) : 3));
      const errors = oracleRatingErrors(train, rows, predicted);
      assertNear(result.metrics.rmse, errors.rmse, 'rmse');
      assertNear(result.metrics.mae, errors.mae, 'mae');
      if (oracle.users.length === 0) return;
      for (const [name, value] of Object.entries(oracle.metrics)) assertNear(result.metrics[name], value, name);
      assert.equal(
        Array.from(result.perUser?.users ?? [], (u) => data.users.id(u)),
        oracle.users,
      );
      for (const [name, values] of Object.entries(oracle.perUser)) {
        values.forEach((value, i) => void assertNear(result.perUser?.metrics[name]?.[i], value, name));
      }
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('mrr takes the rank in the full ranking, which is looked for where lists have no hit alone', async () => {
  const items = 700;
  const train = Array.from({ length: items }, (_, item) => row(0, item)).concat(row(1, 0), row(2, 0), row(3, 0));
  const rows = [row(1, 3), row(2, 150), row(3, 699), row(3, 650)];
  const model = tableModel(dataset(train), (_, item) => -item);
  const { metrics, perUser } = await run(model, dataset(rows), { metrics: ['mrr'], k: 10, perUser: true });
  assert.equal(Array.from(perUser?.metrics.mrr ?? []), [1 / 3, 1 / 150, 1 / 650]);
  assertNear(metrics.mrr, (1 / 3 + 1 / 150 + 1 / 650) / 3, 'mrr');
  const total = (k: number) => model.queries.filter((q) => q.k === k).reduce((sum, q) => sum + q.users, 0);
  assert.equal([10, 0].map(total), [3, 2]);
});

test('wide factors make chunks of a few users, and the same figures', async () => {
  const { train, rows, scores } = deal({ users: 30, items: 60, levels: 7, seed: 4 });
  const score = (user: number, item: number) => scores[user]?.[item] as number;
  const [one, several] = [tableModel(dataset(train), score), tableModel(dataset(train), score, 2 ** 20)];
  const results = await Promise.all([one, several].map((model) => run(model, dataset(rows), { k: 5, perUser: true })));
  assert.equal(results[0], results[1]);
  const sizes = (model: typeof one) => model.queries.filter(({ k }) => k === 5).map(({ users }) => users);
  assert.equal(sizes(one), [30]);
  assert.equal(sizes(several), Array(10).fill(3));
});

test('an aborted signal stops it with its reason', async () => {
  const model = tableModel(dataset(TRAIN), falling);
  for (const metrics of [['ndcg'], ['rmse']]) {
    try {
      await run(model, dataset(TEST), { metrics, signal: AbortSignal.abort(new Error('enough')) });
      assert.unreachable();
    } catch (error) {
      assert.is((error as Error).message, 'enough');
    }
  }
});

test.run();
