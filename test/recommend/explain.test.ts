// What carried a recommendation: contributions that add up to the score, for every kind of model that has them.
import { makeVector, Table } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError, type Id, train } from '../../src/index.js';
import { Model } from '../../src/model.js';
import { combineSide, servingFactors } from '../../src/recommend/combine-fields.js';
import { fitRatings } from '../../src/recommend/fit-rows.js';
import type { FactorModelData } from '../../src/types.js';
import { itemVectorModel } from '../support/item-vectors.js';
import { itemWeightModel } from '../support/item-weights.js';
import { tinyModel } from '../support/tiny-model.js';
import { dataset, metadata, ratings } from '../train/fixtures.js';

const MODELS: Record<string, Model> = {
  'item weights': new Model(itemWeightModel().data),
  'item weights by ratings': new Model(itemWeightModel({}, { ratingWeights: true }).data),
  mean: new Model(itemVectorModel()),
  ratingMean: new Model(itemVectorModel({}, { userVector: 'ratingMean' })),
  meanCosine: new Model(itemVectorModel({}, { userVector: 'meanCosine' })),
};

/** The row of a user with fields, by the native fold-in. */
function fitUser(data: FactorModelData, user: number): { factors: Float32Array; biases: Float32Array } {
  const { itemFactors, itemBiases } = servingFactors(data);
  const { dim, fields, userBiases } = data.parameters;
  const own = combineSide(
    { factors: new Float32Array(userBiases.length * dim), biases: new Float32Array(userBiases.length) },
    fields.filter(({ side }) => side === 'user'),
    dim,
  );
  const others = data.seen.itemsOf(user);
  const pairs = { offsets: Uint32Array.of(0, others.length), others, ratings: data.seen.valuesOf(user) };
  return fitRatings(data, 'user', { factors: itemFactors, biases: itemBiases }, pairs, {
    factors: own.factors.slice(user * dim, (user + 1) * dim),
    biases: own.biases.slice(user, user + 1),
  });
}

/** The score of an item for the user with another row of his id. */
function scoreOf(data: FactorModelData, user: number, factors: Float32Array, biases: Float32Array, item: Id): number {
  const { dim, userFactors, userBiases } = data.parameters;
  const rows = userFactors.slice();
  rows.set(factors, user * dim);
  const own = userBiases.slice();
  own.set(biases, user);
  const changed = new Model({ ...data, parameters: { ...data.parameters, userFactors: rows, userBiases: own } });
  return changed.predict({ users: [data.users.id(user)], items: [item] })[0];
}

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

/** What makes a model linear in ratings, or ials of it. */
const ialsOptions = {
  regularization: 0.02,
  regularizationPower: 0.7,
  unobservedWeight: 0.3,
  ratingWeight: 0.8,
  positiveThreshold: 2,
};
const wide = (data: FactorModelData): FactorModelData => ({
  ...data,
  parameters: { ...data.parameters, range: { min: -100, max: 100 } },
});
const withoutBiases = (data: FactorModelData): FactorModelData => {
  const { itemBiases, userBiases } = data.parameters;
  const zeros = { globalBias: 0, itemBiases: itemBiases.map(() => 0), userBiases: userBiases.map(() => 0) };
  return { ...data, parameters: { ...data.parameters, ...zeros } };
};
const FACTORS: Record<string, Model> = {
  ials: new Model({
    ...withoutBiases(wide(tinyModel())),
    name: 'ials',
    options: { model: 'ials', seed: 0, ...ialsOptions },
  }),
  mf: new Model(wide(tinyModel())),
  'mf without biases': new Model(wide(tinyModel({ options: { biases: false } }))),
  'bayesianFm, penalties of its own': new Model({
    ...wide(tinyModel()),
    name: 'bayesianFm',
    parameters: { ...wide(tinyModel()).parameters, penalties: { factors: 0.4, bias: 0.9 } },
  }),
};

for (const [name, model] of Object.entries(FACTORS)) {
  test(`${name}: contributions and base add up to the score that fold-in gives`, () => {
    const history = [
      { item: 4, rating: 5 },
      { item: 9, rating: 2.5 },
      { item: 12, rating: 1 },
      { item: 20, rating: 4 },
    ];
    const scores = model.recommend({ history, k: 33, excludeSeen: false });
    for (const { itemId, score } of scores.rows()) {
      const why = model.explain({ history, item: itemId, k: 10 });
      assert.ok(Math.abs(why.score - score) < 2e-5 * Math.max(1, Math.abs(score)), `${why.score} for ${score}`);
      assert.ok(Math.abs(why.base + sum(why.contributions) - why.score) < 1e-5);
      assert.ok(Math.abs(sum(why.shares.map(Math.abs)) - 1) < 1e-5);
    }
  });

  test(`${name}: a known user is explained as the history that training knows`, () => {
    const user = model.users.id(1);
    const values = model.seen.valuesOf(1);
    const history = Array.from(model.seen.itemsOf(1), (i, n) => ({ item: model.items.id(i), rating: values[n] }));
    for (const item of [1, 2, 17]) {
      assert.equal(model.explain({ user, item }).rows(), model.explain({ history, item }).rows());
      assert.is(model.explain({ user, item }).score, model.explain({ history, item }).score);
    }
  });
}

test('mf: contributions are linear in how far ratings are from what is expected of the items', () => {
  const model = FACTORS.mf;
  const { globalBias, itemBiases } = model.data.parameters as FactorModelData['parameters'];
  const expected = (item: number): number => globalBias + itemBiases[item - 1];
  const at = (by: number) =>
    model.explain({ history: [4, 9, 12].map((item) => ({ item, rating: expected(item) + by * item })), item: 20 });
  assert.ok(at(0).contributions.every((x) => Math.abs(x) < 1e-6));
  const byItem = (why: ReturnType<typeof at>) => new Map(why.rows().map((row) => [row.itemId, row.contribution]));
  const [one, three] = [byItem(at(1)), byItem(at(3))];
  for (const [item, x] of one) assert.ok(Math.abs((three.get(item) as number) - 3 * x) < 1e-4);
});

test('ials: eq. 7 by hand, for one factor', () => {
  const data = tinyModel({ dim: 1, numItems: 3, numUsers: 2 });
  const q = Float32Array.of(2, -1, 0.5);
  const model = new Model({
    ...data,
    name: 'ials',
    options: { model: 'ials', seed: 0, ...ialsOptions, regularizationPower: 0 },
    parameters: { ...data.parameters, itemFactors: q },
  });
  // Item 2 is below the threshold. w Q'Q = .3 (4 + 1 + .25), c = 1 + .8 rating.
  const why = model.explain({
    history: [
      { item: 1, rating: 5 },
      { item: 2, rating: 1 },
      { item: 3, rating: 2 },
    ],
    item: 3,
  });
  const inverse = 1 / (0.3 * 5.25 + 5 * 4 + 2.6 * 0.25 + 0.02);
  const close = (x: number, y: number): void => assert.ok(Math.abs(x - y) < 1e-6, `${x} for ${y}`);
  assert.equal([...why.itemIds], [1, 3]);
  close(why.contributions[0], 5 * 2 * 0.5 * inverse);
  close(why.contributions[1], 2.6 * 0.5 * 0.5 * inverse);
  close(why.shares[0], (5 * 2) / (5 * 2 + 2.6 * 0.5));
});

test('fm: what the fields of a user say is part of the base', async () => {
  const sex = {
    userId: makeVector(Int32Array.from({ length: 30 }, (_, u) => u)),
    sex: metadata().users.getChild('sex'),
  };
  const data = dataset(ratings(), { items: metadata().items, users: new Table(sex as never) });
  const model = await train(data, { model: 'fm', link: 'identity', learningRate: 0.01, epochs: 5, threads: 1 });
  const wideModel = new Model(wide(model.data as FactorModelData));
  for (const index of [0, 3]) {
    const user = model.users.id(index);
    const items = model.seen.itemsOf(index);
    for (const item of [1, 2, 30]) {
      const why = wideModel.explain({ user, item, k: 100 });
      // The kernel that fits the row of a user with fields.
      const { factors, biases } = fitUser(wideModel.data as FactorModelData, index);
      assert.ok(Math.abs(why.score - scoreOf(wideModel.data as FactorModelData, index, factors, biases, item)) < 1e-4);
      assert.ok(why.length <= items.length);
    }
  }
});

test('models whose scores are no such sums say why, and wrong options are refused', () => {
  const refused = (data: FactorModelData, pattern: RegExp): void => {
    assert.throws(() => new Model(data).explain({ user: 10, item: 1 }), /whose scores are sums/);
    assert.throws(() => new Model(data).explain({ user: 10, item: 1 }), pattern);
  };
  refused(tinyModel({ link: 'sigmoid' }), /link 'sigmoid' makes users that are not linear.*link 'identity'/);
  refused(tinyModel({ link: 'sigmoid', options: { objective: 'logistic' } }), /objective 'logistic' makes users/);
  refused({ ...tinyModel({ dim: 0 }), name: 'popularity' }, /'popularity', which scores items alike for everyone/);
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
