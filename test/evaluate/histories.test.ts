// Strong generalisation: users whom the model was not trained on, given by their histories.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { evaluate, type Model, type TrainOptions, train } from '../../src/index.js';
import type { OracleRow } from '../oracle/metrics.js';
import { assertNear, dataset, ratingsTable } from './fixtures.js';

const ITEMS = 50;
const NEW = 1000;

function deal(users: number, seed: number): { known: OracleRow[]; held: OracleRow[] } {
  const random = new Random(seed);
  const known: OracleRow[] = [];
  const held: OracleRow[] = [];
  for (let user = 0; user < users; user++) {
    for (let item = 0; item < ITEMS; item++) {
      const draw = random.float() - (item % 5 === user % 5 ? 0.3 : 0);
      const entry = { user, item, rating: 1 + random.below(5) };
      if (draw < 0.15 || item === user % ITEMS) known.push(entry);
      else if (draw < 0.25) held.push(entry);
    }
  }
  return { known, held };
}

const { known, held } = deal(60, 1);
const renamed = (rows: readonly OracleRow[]): OracleRow[] => rows.map((row) => ({ ...row, user: row.user + NEW }));
const K = 7;
const ACCURACY = ['precision', 'recall', 'ndcg', 'map', 'hitRate', 'mrr', 'coverage'];

const trained = (options: TrainOptions): Promise<Model> => train(dataset(known), options);

test('a model of item weights folds in what it was trained on as what it was trained on', async () => {
  for (const model of [await trained({ model: 'ease' }), await trained({ model: 'itemSoftmax', dim: 4, epochs: 1 })]) {
    const options = { k: K, metrics: ACCURACY, perUser: true };
    const own = await evaluate(model, dataset(held), options);
    const folded = await evaluate(model, ratingsTable(renamed(held)), {
      ...options,
      histories: dataset(renamed(known)),
    });
    assert.equal(folded.metrics, own.metrics, model.name);
    assert.equal(folded.perUser?.metrics, own.perUser?.metrics);
    assert.is(folded.unknownUsers, 0);
  }
});

test('lists are those that the model recommends for each history', async () => {
  const model = await trained({ model: 'mf', dim: 4, epochs: 3 });
  const { known: given, held: test } = deal(9, 8);
  const histories = given.filter(({ user }) => user !== 4);
  const { metrics, users, unknownUsers } = await evaluate(model, dataset(renamed(test)), {
    k: K,
    histories: ratingsTable(renamed(histories)),
  });
  assert.is(unknownUsers, 1, 'one has no history');
  const recalls = [...new Set(histories.map(({ user }) => user))].flatMap((user) => {
    const own = histories.filter((row) => row.user === user);
    const { itemIds } = model.recommend({ history: own.map(({ item, rating }) => ({ item, rating })), k: K });
    const wanted = test.filter((row) => row.user === user).map(({ item }) => item);
    if (wanted.length === 0) return [];
    return [wanted.filter((item) => Array.from(itemIds as Int32Array).includes(item)).length / wanted.length];
  });
  assert.is(recalls.length, users);
  assertNear(metrics[`recall@${K}`], recalls.reduce((sum, x) => sum + x, 0) / recalls.length, 'recall');
  assert.not.ok('rmse' in metrics);
});

test('items that the model lacks are left out of histories, and misuse is refused', async () => {
  const model = await trained({ model: 'ease' });
  const histories = dataset([...renamed(known), { user: NEW, item: ITEMS + 3, rating: 4 }]);
  const { users } = await evaluate(model, dataset(renamed(held)), { histories, metrics: ['ndcg'] });
  assert.is(users, new Set(held.map(({ user }) => user)).size);
  for (const [options, expected] of [
    [{ histories: [] as never }, /`histories`/],
    [{ histories, metrics: ['rmse'] }, /no ratings.*"rmse"/],
  ] as const) {
    try {
      await evaluate(model, dataset(renamed(held)), options as object);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, expected);
    }
  }
});

test.run();
