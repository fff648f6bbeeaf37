// What update takes, and what it refuses; test/models/update.test.ts has what it must do for every model.
import { makeVector, Table } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DataError,
  Dataset,
  type FieldParameters,
  type Model,
  type TrainOptions,
  train,
  type UpdateOptions,
} from '../../src/index.js';
import { overlayRows } from '../../src/train/update/overlay-rows.js';
import { factorsOf } from '../support/factors-of.js';
import { dataset, metadata, type Row, ratings, ratingsTable } from './fixtures.js';

const rows = ratings();
const base = dataset(rows);
const more: Row[] = [
  { user: 100, item: 3, rating: 5 },
  { user: 100, item: 8, rating: 1 },
  { user: 100, item: 200, rating: 4 },
  { user: 2, item: 200, rating: 2 },
  { user: rows[0].user, item: rows[0].item, rating: rows[0].rating > 3 ? 0.5 : 5 },
];
const options: TrainOptions = { model: 'mf', dim: 8, epochs: 8, threads: 1, seed: 2 };

async function refused(model: Model, ratings: unknown, given: object, type: unknown, pattern: RegExp): Promise<void> {
  try {
    await model.update(ratings as Table, given as UpdateOptions);
  } catch (error) {
    assert.instance(error, type as never);
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`not refused: ${pattern}`);
}

test('a table and the dataset of it give the same model; a new rating takes the place of the old one', async () => {
  const model = await train(base, options);
  const byTable = await model.update(ratingsTable(more), { threads: 1 });
  const byDataset = await model.update(dataset(more), { threads: 1 });
  assert.equal(byTable.data, byDataset.data);
  assert.is(byTable.seen.size, base.numInteractions + 4);
  const user = byTable.users.index(rows[0].user);
  const place = [...byTable.seen.itemsOf(user)].indexOf(byTable.items.index(rows[0].item));
  assert.is(byTable.seen.valuesOf(user)[place], more[4].rating);
});

test('options are those of the training but for those given', async () => {
  const model = await train(base, {
    ...options,
    optimizer: 'adam',
    batchSize: 32,
    clipNorm: 2,
    patience: 3,
    validation: base,
  });
  const rates: number[] = [];
  const updated = await model.update(ratingsTable(more), {
    epochs: 3,
    learningRate: 0.002,
    schedule: { type: 'constant' },
    onEpoch: ({ learningRate, valid }) => {
      rates.push(learningRate);
      assert.is(valid, undefined);
    },
  });
  assert.equal(rates, [0.002, 0.002, 0.002]);
  assert.equal(updated.options, model.options);
  const again = await updated.update(ratingsTable([{ user: 101, item: 3, rating: 2 }]), { epochs: 1 });
  assert.is(again.history.length, model.history.length + 4);
  assert.is(again.users.size, base.numUsers + 2);
});

test('ratings outside the range that the model knew widen it', async () => {
  const narrow = dataset(rows.filter(({ rating }) => rating >= 1 && rating <= 4));
  const model = await train(narrow, options);
  const updated = await model.update(ratingsTable(more));
  assert.equal(factorsOf(updated).range, { min: 0.5, max: 5 });
  assert.equal(updated.options.range, { min: 0.5, max: 5 });
  assert.equal(factorsOf(model).range, { min: 1, max: 4 });
});

test('validation is matched by ids; what neither knows is left out', async () => {
  const model = await train(base, options);
  const validation = dataset([...rows.slice(0, 50), { user: 999, item: 3, rating: 2 }]);
  const losses: (number | undefined)[] = [];
  const report = ({ valid }: { valid?: { loss: number } }): void => {
    losses.push(valid?.loss);
  };
  await model.update(ratingsTable(more), { threads: 1, epochs: 2, validation, onEpoch: report });
  const known = base.extend(dataset(more));
  const inPlace = known.subset(
    Uint8Array.from(known.interactions.users, (user, n) =>
      rows
        .slice(0, 50)
        .some((row) => row.user === known.users.id(user) && row.item === known.items.id(known.interactions.items[n]))
        ? 1
        : 0,
    ),
  );
  assert.is(losses.length, 2);
  assert.ok(losses.every((loss) => (loss as number) > 0));
  // The first of the fifty was rated anew: its other value is what the validation part says.
  assert.is(inPlace.numInteractions, 50);
  await refused(
    model,
    ratingsTable(more),
    { validation: dataset([{ user: 999, item: 3, rating: 2 }]) },
    DataError,
    /No interaction of the validation/,
  );
});

test('an aborted update rejects with the reason, whenever that was', async () => {
  const model = await train(base, options);
  const reason = new Error('enough');
  for (const epochs of [0, 1]) {
    const stop = new AbortController();
    let seen = 0;
    if (epochs === 0) stop.abort(reason);
    const onEpoch = (): void => {
      if (++seen === epochs) stop.abort(reason);
    };
    try {
      await model.update(ratingsTable(more), { epochs: 50, signal: stop.signal, onEpoch });
      assert.unreachable();
    } catch (error) {
      assert.is(error, reason);
    }
    assert.is(seen, epochs);
  }
});

test('fm: a new item without ratings is scored by its genres, like the others of them', async () => {
  const many = dataset(rows, metadata());
  const model = await train(many, { ...options, model: 'fm' });
  const films = metadata({ items: 44 });
  const added = Dataset.fromTable(ratingsTable(more.slice(0, 2)), { ...films, includeUnrated: true });
  const updated = await model.update(added, { threads: 1 });
  assert.is(updated.items.size, 44);
  const item = updated.items.index(43);
  assert.is(updated.seen.itemCounts()[item], 0);
  const { dim, itemFactors, fields } = factorsOf(updated);
  assert.ok(itemFactors.subarray(item * dim, (item + 1) * dim).every((x) => x === 0));
  const genres = fields.find(({ name }) => name === 'genres');
  assert.ok((genres?.offsets[item + 1] as number) > (genres?.offsets[item] as number));
  const scores = updated.predict({ users: [1, 2, 3, 100], items: [43, 43, 43, 43] });
  assert.ok(new Set(scores).size === 4);
});

test('fm: what was learnt of a label stays with it, wherever new labels put it', async () => {
  const model = await train(dataset(rows, metadata()), { ...options, model: 'fm' });
  const year = new Table({ itemId: makeVector(Int32Array.of(77)), year: makeVector(Int32Array.of(1901)) });
  const added = Dataset.fromTable(ratingsTable([{ user: 1, item: 77, rating: 3 }]), { items: year });
  // So small a step leaves what was learnt where it was.
  const updated = await model.update(added, { epochs: 1, learningRate: 1e-9, threads: 1 });
  const [before, after] = [model, updated].map(
    (m) => factorsOf(m).fields.find(({ name }) => name === 'year') as FieldParameters,
  );
  assert.is(after.labels[0], '1900–1904');
  assert.is(after.labels.length, before.labels.length + 1);
  const dim = 8;
  const learnt = before.factors.subarray(0, dim);
  const moved = after.factors.subarray(dim, 2 * dim);
  for (let k = 0; k < dim; k++) assert.ok(Math.abs(learnt[k] - moved[k]) < 1e-6);
});

test('rows of zeros do not hide what a trainer drew, and shorter rows are filled up', () => {
  const target = Float32Array.of(1, 1, 1, 2, 2, 2, 3, 3, 3);
  overlayRows(target, 3, Float32Array.of(5, 6, 0, 0), 2);
  assert.equal(target, Float32Array.of(5, 6, 0, 2, 2, 2, 3, 3, 3));
});

test('wrong options and ratings that do not fit are refused', async () => {
  const model = await train(base, options);
  const table = ratingsTable(more);
  await refused(model, [1, 2], {}, TypeError, /`ratings` to be an Arrow Table or a Dataset/);
  await refused(model, table, { epoch: 3 }, TypeError, /epochs/);
  await refused(model, table, { dim: 3 }, TypeError, /dim/);
  await refused(model, table, { epochs: 0 }, RangeError, /`epochs`/);
  await refused(model, table, { validation: table }, TypeError, /`validation` to be a Dataset/);
  await refused(model, table, { patience: 2 }, TypeError, /`validation`/);
  const likes = new Table({ userId: makeVector(Int32Array.of(1)), itemId: makeVector(Int32Array.of(2)) });
  await refused(model, likes, {}, DataError, /have no ratings/);
  const ofLikes = await train(Dataset.fromTable(ratingsTable(rows), { positiveThreshold: 3 }), { model: 'ease' });
  await refused(ofLikes, table, {}, DataError, /make likes of them with `positiveThreshold`/);
  await refused(ofLikes, likes, { epochs: 3 }, TypeError, /'ease' has no option `epochs`/);
  const updated = await ofLikes.update(Dataset.fromTable(table, { positiveThreshold: 3 }));
  assert.ok(updated.data.implicit);
});

test.run();
