// What carried a recommendation: contributions that add up to the score, for every kind of model that has them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/index.js';
import { Model } from '../../src/model.js';
import { itemVectorModel } from '../support/item-vectors.js';
import { itemWeightModel } from '../support/item-weights.js';
import { tinyModel } from '../support/tiny-model.js';

const MODELS: Record<string, Model> = {
  'item weights': new Model(itemWeightModel().data),
  'item weights by ratings': new Model(itemWeightModel({}, { ratingWeights: true }).data),
  mean: new Model(itemVectorModel()),
  ratingMean: new Model(itemVectorModel({}, { userVector: 'ratingMean' })),
  meanCosine: new Model(itemVectorModel({}, { userVector: 'meanCosine' })),
};

const sum = (values: Iterable<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

for (const [name, model] of Object.entries(MODELS)) {
  test(`${name}: contributions add up to the score of each recommendation`, () => {
    const user = model.users.id(1);
    for (const { itemId, score } of model.recommend({ users: [user], k: 8 }).rows()) {
      const whole = model.explain({ user, item: itemId, k: 100 });
      assert.ok(Math.abs(whole.score - score) < 1e-5, `${whole.score} for ${score}`);
      assert.ok(Math.abs(sum(whole.contributions) - score) < 1e-5);
      assert.ok(Math.abs(sum(whole.shares.map(Math.abs)) - 1) < 1e-5);
      const seen = new Set(model.items.ids(model.seen.itemsOf(1)));
      assert.ok([...whole.itemIds].every((id) => seen.has(id)));
      assert.ok(whole.contributions.every((x, n) => n === 0 || x <= whole.contributions[n - 1]));
      assert.equal(model.explain({ user, item: itemId, k: 2 }).rows(), whole.rows().slice(0, 2));
    }
  });

  test(`${name}: a history is explained as the user that it makes`, () => {
    const history = [{ item: 4, rating: 5 }, { item: 9, rating: 4 }, { item: 12 }];
    const [best] = model.recommend({ history, k: 1 }).rows();
    const why = model.explain({ history, item: best.itemId });
    assert.ok(Math.abs(why.score - best.score) < 1e-5);
    assert.ok(why.length > 0 && why.rows().every(({ itemId }) => [4, 9, 12].includes(itemId as number)));
    const titles = [4, 9].map((id) => model.title(id) as string);
    const [liked] = model.recommend({ titles, k: 1 }).rows();
    assert.ok(Math.abs(model.explain({ titles, item: liked.itemId }).score - liked.score) < 1e-5);
  });
}

test('rows and table name the items', () => {
  const model = MODELS['item weights'];
  const why = model.explain({ user: 20, item: model.recommend({ users: [20], k: 1 }).itemIds[0] });
  const [first] = why.rows();
  assert.is(first.title, model.title(first.itemId));
  assert.equal([first.rank, first.contribution, first.share], [1, why.contributions[0], why.shares[0]]);
  const table = why.toTable();
  assert.equal(
    table.schema.fields.map((field) => field.name),
    ['itemId', 'contribution', 'share', 'title'],
  );
  assert.is(table.numRows, why.length);
});

test('nothing in a history, or no weight: a score of 0 and no rows', () => {
  const model = MODELS['item weights'];
  const why = model.explain({ history: [{ item: 3, rating: 1 }], item: 5 });
  assert.equal([why.score, why.length], [0, 0]);
  assert.equal(model.explain({ user: 10, item: 33 }).length, 0);
});

test('models whose scores are no such sums, and wrong options, are refused', () => {
  assert.throws(() => new Model(tinyModel()).explain({ user: 10, item: 1 }), /whose scores are sums/);
  const model = MODELS.mean;
  const wrong =
    (options: object): (() => unknown) =>
    () =>
      model.explain(options as never);
  assert.throws(wrong({ item: 1 }), /exactly one of/);
  assert.throws(wrong({ item: 1, user: 10, titles: ['x'] }), /exactly one of/);
  assert.throws(wrong({ user: 10 }), /`item`/);
  assert.throws(wrong({ user: 10, item: 1, k: 0 }), /`k`/);
  assert.throws(wrong({ user: 10, item: 1, why: true }), /why/);
  assert.throws(wrong({ titles: 'x', item: 1 }), /an array of titles/);
  const unknown = (error: unknown): boolean => error instanceof DataError;
  assert.throws(wrong({ user: 11, item: 1 }), unknown);
  assert.throws(wrong({ user: 10, item: 99 }), unknown);
});

test.run();
