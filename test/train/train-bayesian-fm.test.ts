import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';
import {
  DataError,
  Dataset,
  evaluate,
  type Model,
  sampleItems,
  sampleRatings,
  splitRandom,
  train,
} from '../../src/index.js';
import { factorsOf } from '../support/factors-of.js';

const data = Dataset.fromTable(sampleRatings({ users: 120 }), { items: sampleItems() });
const { train: known, valid } = splitRandom(data, { fractions: { train: 0.8, valid: 0.2 }, seed: 3 });
const options = { model: 'bayesianFm', epochs: 12, dim: 6, seed: 4 } as const;
const { users, items, times } = valid.interactions;

/** The same ratings with other values or times. */
function changed(part: Dataset, change: { values?: Float32Array; times?: undefined }): Dataset {
  const { numUsers, numItems, offsets, items, values, times } = part.interactions;
  return new Dataset({
    ...part,
    interactions: new Interactions({ numUsers, numItems, offsets, items, values, times, ...change }),
  });
}

const rmse = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, x, n) => sum + (x - (b[n] as number)) ** 2, 0) / a.length);

test('predictions do not depend on the labels that it validates on', async () => {
  const labels = valid.interactions.values.map((_, n) => 1 + ((n * 7) % 9) / 2);
  const wrong = changed(valid, { values: labels });
  for (const timeSlots of [false, true]) {
    const one = await train(known, { ...options, timeSlots, validation: valid });
    const other = await train(known, { ...options, timeSlots, validation: wrong });
    const none = await train(known, { ...options, timeSlots });
    const scores = one.predictIndices(users, items, times);
    assert.equal(other.predictIndices(users, items, times), scores);
    assert.equal(none.predictIndices(users, items, times), scores);
    assert.not.equal(other.metrics.validRmse, one.metrics.validRmse);
  }
});

test('a time that training knows moves a prediction; any other leaves the user as he is', async () => {
  const model = await train(known, { ...options, timeSlots: true });
  const { moments = [] } = factorsOf(model);
  assert.equal(
    moments.map(({ name, seconds }) => [name, seconds]),
    [
      ['day', 86400],
      ['sitting', 600],
    ],
  );
  const plain = model.predictIndices(users, items);
  const at = (time: (n: number) => number): Float32Array =>
    model.predictIndices(
      users,
      items,
      Float64Array.from(users, (_, n) => time(n)),
    );
  assert.equal(
    at(() => Number.NaN),
    plain,
  );
  assert.equal(
    at(() => 1),
    plain,
  );
  // The times of ratings in training, so that each user has a moment.
  const first = (n: number): number =>
    known.interactions.times?.[known.interactions.offsets[users[n] as number] as number] as number;
  const inSitting = at(first);
  assert.ok(rmse(inSitting, plain) > 0.01, 'sitting');
  const sameDay = at((n) => Math.floor(first(n) / 86400) * 86400 + (((first(n) % 86400) + 43200) % 86400));
  assert.ok(rmse(sameDay, plain) > 0.005, 'day');
  assert.ok(rmse(sameDay, inSitting) > 0.005, 'day and sitting differ');
  const byId = model.predict({ users: [known.users.id(0), 'nobody'], items: [1, 1], times: [first(0), first(0)] });
  assert.ok([...byId].every(Number.isFinite));
  assert.throws(() => model.predictIndices(users, items, new Float64Array(3)), /`times` to be an array of/);
});

test('evaluate takes the times of the test', async () => {
  const model = await train(known, { ...options, timeSlots: true, validation: valid, servingDim: 128 });
  const expected = (predictions: Float32Array): number => rmse(predictions, valid.interactions.values);
  const { metrics } = await evaluate(model, valid, { metrics: ['rmse'] });
  assert.ok(Math.abs((metrics.rmse as number) - expected(model.predictIndices(users, items, times))) < 1e-6);
  assert.ok(Math.abs((metrics.rmse as number) - (model.metrics.validRmse as number)) < 1e-4);
  const timeless = await evaluate(model, changed(valid, { times: undefined }), { metrics: ['rmse'] });
  assert.ok(Math.abs((timeless.metrics.rmse as number) - expected(model.predictIndices(users, items))) < 1e-6);
  assert.not.equal(timeless.metrics.rmse, metrics.rmse);
});

/** The prediction of a model for a user who is nothing but his training ratings. */
function folded(model: Model, user: number): { items: number[]; scores: number[] } {
  const own = known.interactions.itemsOf(user);
  const history = Array.from(own, (item, n) => ({
    item: known.items.id(item),
    rating: known.interactions.valuesOf(user)[n] as number,
  }));
  const top = model.recommend({ history, k: known.numItems, excludeSeen: false });
  return { items: [...top.itemIndices], scores: [...top.scores] };
}

test('a user folded in from his ratings is rated like the user himself', async () => {
  const model = await train(known, { ...options, epochs: 40 });
  const differences: number[] = [];
  const spreads: number[] = [];
  for (const user of [0, 7, 31, 100]) {
    const { items: all, scores } = folded(model, user);
    const own = model.predictIndices(new Uint32Array(all.length).fill(user), Uint32Array.from(all));
    differences.push(rmse(Float32Array.from(scores), own));
    const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
    spreads.push(rmse(own, new Float32Array(own.length).fill(mean)));
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  assert.ok(mean(differences) < 0.4 * mean(spreads), `differs by ${differences}, scores spread by ${spreads}`);
});

test('items without ratings are scored by their metadata, unknown ones as the average item', async () => {
  const cold = new Set(Array.from({ length: data.numItems }, (_, item) => item).filter((item) => item % 9 === 4));
  const mask = Uint8Array.from(data.interactions.items, (item) => (cold.has(item) ? 0 : 1));
  const model = await train(data.subset(mask), { ...options, epochs: 40 });
  const rated = data.subset(mask.map((kept) => 1 - kept)).interactions;
  const byFeatures = rmse(model.predictIndices(rated.users, rated.items), rated.values);
  const byUser = rmse(model.predictIndices(rated.users, new Uint32Array(rated.size).fill(0xffffffff)), rated.values);
  assert.ok(byFeatures < byUser - 0.03, `RMSE ${byFeatures} by features, ${byUser} by the user alone`);
  const { itemFactors, dim } = factorsOf(model);
  const counts = data.subset(mask).interactions.itemCounts();
  for (let k = 0; k < dim; k++) {
    const sum = counts.reduce(
      (total, count, item) => total + (count > 0 ? (itemFactors[item * dim + k] as number) : 0),
      0,
    );
    assert.ok(Math.abs(sum / data.numItems) < 1e-3, `column ${k} has the mean ${sum / data.numItems}`);
  }
});

test('what cannot be trained on is refused in the words of the option', async () => {
  const timeless = changed(known, { times: undefined });
  const errorOf = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => new Error('it was not refused'),
      (error: Error) => error,
    );
  const noTimes = await errorOf(train(timeless, { ...options, timeSlots: true }));
  assert.instance(noTimes, DataError);
  assert.match(noTimes.message, 'no times, which `timeSlots` needs');
  assert.match(
    (await errorOf(train(known, { ...options, burnIn: 12 }))).message,
    'Expected `burnIn` to be < epochs (12)',
  );
  const same = changed(known, { values: known.interactions.values.map(() => 3) });
  assert.match((await errorOf(train(same, options))).message, 'a rating model needs ratings that differ');
  assert.match((await errorOf(train(known, { ...options, fields: ['genre'] }))).message, "did you mean 'genres'");
  assert.match(
    (await errorOf(train(known, { ...options, patience: 3 }))).message,
    "Model 'bayesianFm' has no option `patience`",
  );
});

test('a training that is aborted rejects with the reason', async () => {
  const controller = new AbortController();
  const training = train(known, {
    ...options,
    epochs: 10_000,
    signal: controller.signal,
    onEpoch: () => controller.abort(new Error('enough')),
  });
  await training.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'enough'),
  );
});

test('ordinal ratings: a distribution for each pair, whose mean is the prediction', async () => {
  const model = await train(known, { ...options, link: 'ordinal' });
  const ids = { users: [1, 2, 'nobody'], items: [1, 'nothing', 3] };
  const { values, probabilities } = model.predictDistribution(ids);
  assert.equal([...values], [...new Set(known.interactions.values)].sort());
  const means = ids.users.map((_, n) => {
    const row = probabilities.subarray(n * values.length, (n + 1) * values.length);
    assert.ok(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1) < 1e-6);
    return row.reduce((sum, p, c) => sum + p * (values[c] as number), 0);
  });
  for (const [n, score] of model.predict(ids).entries()) assert.ok(Math.abs(score - (means[n] as number)) < 1e-5);
  const plain = await train(known, options);
  assert.throws(() => plain.predictDistribution(ids), /Expected `model` to be a model trained with link 'ordinal'/);
});

test('ratings that are no steps of a scale are refused for an ordinal link', async () => {
  const { size } = known.interactions;
  for (const [values, message] of [
    [new Float32Array(size).fill(3), /2 to 64 distinct ratings, these are 1/],
    [Float32Array.from({ length: size }, (_, n) => n % 65), /2 to 64 distinct ratings, these are 65/],
  ] as const) {
    try {
      await train(changed(known, { values }), { ...options, link: 'ordinal' });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, DataError);
      assert.match((error as Error).message, message);
    }
  }
});

test.run();
