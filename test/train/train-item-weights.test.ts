// itemKnn, ease and slim from a Dataset to weights.
import { makeVector, Table } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError, Dataset, sampleRatings, type TrainOptions, train } from '../../src/index.js';
import { expectRoom } from '../../src/train/train-ease.js';
import type { ItemWeightParameters } from '../../src/types.js';
import { easeWeights, slimWeights } from '../oracle/item-weights.js';
import { denseWeights, distance, greatest } from '../support/weight-problems.js';

const table = sampleRatings({ users: 40 });
const rated = Dataset.fromTable(table, { minItemRatings: 7 });

async function weightsOf(data: Dataset, options: TrainOptions): Promise<ItemWeightParameters> {
  return (await train(data, options)).data.parameters as ItemWeightParameters;
}

/** X: what is rated `least` or better, as 1 or by its rating. */
function denseData({ interactions, numUsers, numItems }: Dataset, least: number, byRating: boolean): number[][] {
  const x = Array.from({ length: numUsers }, () => new Array<number>(numItems).fill(0));
  for (const [n, item] of interactions.items.entries()) {
    const value = interactions.values[n];
    if (value >= least) x[interactions.users[n]][item] = byRating ? value : 1;
  }
  return x;
}

test('ease and slim are the weights of their twins, of likes and of ratings', async () => {
  for (const [positiveThreshold, ratingWeights] of [
    [4, false],
    [2, true],
  ] as const) {
    const x = denseData(rated, positiveThreshold, ratingWeights);
    const common = { neighbors: 'all', positiveThreshold, ratingWeights } as const;
    const ease = await weightsOf(rated, { model: 'ease', regularization: 20, ...common });
    const expected = easeWeights(x, rated.numItems, 20);
    assert.ok(distance(denseWeights(ease), expected) < 1e-6 * Math.max(1, greatest(expected)));
    const settings = { l1Regularization: 2, regularization: 30, tolerance: 1e-8, epochs: 10_000 };
    const slim = await weightsOf(rated, { model: 'slim', ...settings, ...common });
    assert.ok(distance(denseWeights(slim), slimWeights(x, rated.numItems, 2, 30)) < 1e-5);
    assert.equal([slim.ratingWeights, slim.positiveThreshold], [ratingWeights, positiveThreshold]);
  }
});

test('itemKnn: a cosine, a Jaccard coefficient, the share of who likes both', async () => {
  const likes = denseData(rated, 4, false);
  const [a, b] = [0, 1].map((place) => {
    const counts = likes[0].map((_, item) => likes.filter((row) => row[item] > 0).length);
    return [...counts.keys()].sort((x, y) => counts[y] - counts[x])[place] as number;
  });
  const both = likes.filter((row) => row[a] > 0 && row[b] > 0).length;
  const [ofA, ofB] = [a, b].map((item) => likes.filter((row) => row[item] > 0).length);
  const plain = { model: 'itemKnn', neighbors: 'all', shrink: 0 } as const;
  const between = async (options: Partial<TrainOptions>): Promise<number> =>
    denseWeights(await weightsOf(rated, { ...plain, ...options }))[a][b];
  const close = (x: number, y: number): void => assert.ok(Math.abs(x - y) < 1e-6, `${x}, ${y}`);
  close(await between({}), both / Math.sqrt(ofA * ofB));
  close(await between({ shrink: 7 }), both / (Math.sqrt(ofA * ofB) + 7));
  close(await between({ similarity: 'jaccard' }), both / (ofA + ofB - both));
  close(await between({ asymmetry: 1 }), both / ofA);
  close(await between({ asymmetry: 0 }), both / ofB);
  const rows = denseWeights(await weightsOf(rated, { ...plain, normalize: true }));
  for (const row of rows) {
    const sum = row.reduce((total, weight) => total + weight, 0);
    assert.ok(sum === 0 || Math.abs(sum - 1) < 1e-5, `${sum}`);
  }
});

test('likes made by the dataset or by the model give the same weights', async () => {
  const all = Dataset.fromTable(table);
  const liked = Dataset.fromTable(table, { positiveThreshold: 4 });
  for (const model of ['itemKnn', 'ease', 'slim'] as const) {
    const byModel = await weightsOf(all, { model });
    const byData = await weightsOf(liked, { model });
    assert.is(byData.positiveThreshold, undefined);
    const index = (item: number): number => all.items.expectIndex(liked.items.id(item), 'item');
    const dense = denseWeights(byModel);
    const other = denseWeights(byData);
    for (const [h, row] of other.entries()) {
      for (const [i, weight] of row.entries()) assert.is(weight, dense[index(h)][index(i)], model);
    }
  }
});

test('a list keeps as many weights as `neighbors` says', async () => {
  for (const model of ['itemKnn', 'ease', 'slim'] as const) {
    const { indices } = await weightsOf(rated, { model, neighbors: 3 });
    const counts = new Map<number, number>();
    for (const item of indices) counts.set(item, (counts.get(item) ?? 0) + 1);
    assert.is(Math.max(...counts.values()), 3, model);
  }
});

test('neighbourhoods of all items are the closed form, smaller ones hold fewer weights', async () => {
  const options = { model: 'ease', regularization: 20, neighbors: 'all' } as const;
  const dense = denseWeights(await weightsOf(rated, options));
  const near = denseWeights(await weightsOf(rated, { ...options, neighborhood: rated.numItems }));
  for (const [h, row] of near.entries()) {
    for (const [i, weight] of row.entries()) assert.ok(Math.abs(weight - dense[h][i]) < 1e-6, `${h}, ${i}`);
  }
  const { weights } = await weightsOf(rated, { ...options, neighborhood: 3 });
  const { weights: correlated } = await weightsOf(rated, { ...options, minCorrelation: 0.2 });
  const count = dense.flat().filter((weight) => weight !== 0).length;
  assert.ok(weights.length > 0 && weights.length <= 3 * rated.numItems);
  assert.ok(correlated.length > 0 && correlated.length < count);
});

test('a matrix larger than the memory that is free is refused before the work', () => {
  const free = 1e9;
  expectRoom({ numUsers: 1e9, numItems: 11_180 }, free);
  expectRoom({ numUsers: 11_180, numItems: 1e9 }, free);
  assert.throws(
    () => expectRoom({ numUsers: 283_000, numItems: 53_889 }, free),
    /a matrix of 53,889 rows in 23\.23 GB, and 1\.00 GB are free\. Set `neighborhood`/,
  );
});

test('what cannot be trained on is refused', async () => {
  const failure = async (options: TrainOptions, data = rated): Promise<Error> =>
    train(data, options).then(
      () => assert.unreachable() as never,
      (error: Error) => error,
    );
  const none = await failure({ model: 'ease', positiveThreshold: 6 });
  assert.ok(none instanceof DataError && /No rating reaches `positiveThreshold` 6/.test(none.message));
  const ids = Int32Array.of(1, 1, 2, 2);
  const below = new Table({
    userId: makeVector(ids),
    itemId: makeVector(Int32Array.of(1, 2, 1, 2)),
    rating: makeVector(Float32Array.of(-1, 2, 1, 0)),
  });
  const options = { model: 'slim', ratingWeights: true, positiveThreshold: -2 } as const;
  assert.match((await failure(options, Dataset.fromTable(below))).message, /a rating above 0; one is -1/);
  assert.match((await failure({ model: 'itemKnn', similarity: 'jaccard', asymmetry: 0.3 })).message, /asymmetry/);
  assert.match((await failure({ model: 'ease', regularization: 0 })).message, /`regularization`/);
  assert.match((await failure({ model: 'slim', neighbors: 0 })).message, /`neighbors`/);
  assert.match((await failure({ model: 'itemKnn', shrink: -1 })).message, /`shrink`/);
  const signal = AbortSignal.abort(new Error('enough'));
  assert.is((await failure({ model: 'slim', signal })).message, 'enough');
});

test.run();
