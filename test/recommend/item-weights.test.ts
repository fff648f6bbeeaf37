// Serving item-item weights, against sums over the history.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';
import { DataError } from '../../src/index.js';
import { Model } from '../../src/model.js';
import type { ItemWeightModelData, ItemWeightParameters } from '../../src/types.js';
import { scoresOf } from '../oracle/item-weights.js';
import { itemWeightModel } from '../support/item-weights.js';

interface Made {
  model: Model;
  data: ItemWeightModelData;
  w: number[][];
}

function make(given: Partial<ItemWeightParameters> = {}): Made {
  const { data, w } = itemWeightModel({}, given);
  return { model: new Model(data), data, w };
}

/** The scores of a user as the model defines them. */
function scoresOfUser({ data, w }: Made, user: number): number[] {
  const { positiveThreshold: least, ratingWeights } = data.parameters;
  const ratings = data.seen.valuesOf(user);
  const history = Array.from(data.seen.itemsOf(user), (item, n) => ({ item, rating: ratings[n] as number }))
    .filter(({ rating }) => least === undefined || rating >= least)
    .map(({ item, rating }) => ({ item, value: ratingWeights ? rating : 1 }));
  return scoresOf(history, w);
}

const VARIANTS: Record<string, Partial<ItemWeightParameters>> = {
  likes: {},
  'all that is seen': { positiveThreshold: undefined },
  'by ratings': { ratingWeights: true },
};

for (const [name, given] of Object.entries(VARIANTS)) {
  test(`${name}: recommend, recommendAll and predict give the sums of weights`, async () => {
    const made = make(given);
    const { model, data } = made;
    const batches: { user: number; item: number; score: number }[] = [];
    for await (const batch of model.recommendAll({ k: 40, batchSize: 2 })) {
      for (const [n, item] of batch.itemIndices.entries()) {
        const user = batch.userIndices?.[batch.queries[n] as number] as number;
        batches.push({ user, item, score: batch.scores[n] as number });
      }
    }
    for (let user = 0; user < data.users.size; user++) {
      const scores = scoresOfUser(made, user);
      const seen = new Set(data.seen.itemsOf(user));
      const expected = [...scores.keys()]
        .filter((item) => !seen.has(item))
        .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
      const top = model.recommend({ users: [data.users.id(user)], k: 40 });
      assert.equal([...top.itemIndices], expected);
      assert.equal(
        [...top.scores],
        expected.map((item) => scores[item]),
      );
      assert.equal(
        batches.filter((row) => row.user === user).map(({ item }) => item),
        expected,
      );
      const items = Uint32Array.from(scores.keys());
      assert.equal(
        [
          ...model.predictIndices(
            items.map(() => user),
            items,
          ),
        ],
        scores,
      );
    }
  });
}

test('a history is a user: equal to the one with these ratings; disliked items count as seen alone', () => {
  const made = make({ ratingWeights: true });
  const { model, data } = made;
  const ratings = data.seen.valuesOf(2);
  const history = Array.from(data.seen.itemsOf(2), (item, n) => ({ item: data.items.id(item), rating: ratings[n] }));
  const [user] = [data.users.id(2)];
  const known = model.recommend({ users: [user], k: 40 }).rows();
  assert.equal(model.recommend({ history, k: 40 }).rows(), known);
  const disliked = model.recommend({ history: [{ item: 1, rating: 2 }], k: 40 });
  assert.is(disliked.length, 32);
  assert.ok(disliked.scores.every((score) => score === 0));
  const liked = model.recommend({ history: [{ item: 1 }], k: 1 });
  const best = model.recommend({ history: [{ item: 1, rating: 5 }], k: 1 });
  assert.equal(liked.rows(), best.rows(), 'without a rating an item counts as liked most');
  assert.equal(model.recommend({ titles: [model.title(1) as string], k: 1 }).rows(), best.rows());
});

test('candidates and excluded items; a threshold does not matter to data without ratings', () => {
  const { data } = make();
  const { users, seen, parameters } = data;
  const model = new Model(data);
  const options = { users: [users.id(0)], candidateItems: [2, 3, 5, 33], excludeItems: [3] };
  assert.equal([...model.recommend(options).itemIds].sort(), [2, 33, 5].sort());
  const { positiveThreshold: _, ...implicit } = parameters;
  const likes = new Interactions({ ...seen, times: undefined, values: new Float32Array(seen.size).fill(1) });
  const other = new Model({ ...data, implicit: true, seen: likes, parameters: implicit });
  assert.is(other.recommend({ users: [users.id(0)], k: 40 }).length, 33 - seen.itemsOf(0).length);
});

test('similar items are those of greatest weight, for the item', () => {
  const { model, w } = make();
  for (const item of [0, 7, 31]) {
    const neighbours = [...w.keys()].filter((h) => w[h]?.[item] !== 0);
    neighbours.sort((a, b) => (w[b]?.[item] as number) - (w[a]?.[item] as number) || a - b);
    const similar = model.similarItems({ items: [item + 1], k: 50 });
    assert.equal([...similar.itemIndices], neighbours);
    assert.equal(
      [...similar.scores],
      neighbours.map((h) => w[h]?.[item]),
    );
    assert.equal([...model.similarItems({ items: [item + 1], k: 2 }).itemIndices], neighbours.slice(0, 2));
  }
  assert.is(model.similarItems({ items: [33] }).length, 0, 'an item without weights has no neighbours');
  assert.equal([...model.similarItems({ items: [1], candidateItems: [4] }).itemIds], w[3]?.[0] === 0 ? [] : [4]);
});

test('similar pairs: each once, by the greater of both weights', () => {
  const { model, w } = make();
  const pairs = w.flatMap((row, a) =>
    row
      .map((weight, b) => ({ a, b, score: Math.max(weight, w[b]?.[a] as number) }))
      .filter(({ b, score }) => a < b && score > 0),
  );
  pairs.sort((x, y) => y.score - x.score || x.a - y.a || x.b - y.b);
  for (const k of [1, 10, 100]) {
    const found = model.similarPairs({ k });
    assert.equal(
      [...found.itemIndices],
      pairs.slice(0, k).map(({ a }) => a),
    );
    assert.equal(
      [...found.otherIndices],
      pairs.slice(0, k).map(({ b }) => b),
    );
    assert.equal(
      [...found.scores],
      pairs.slice(0, k).map(({ score }) => score),
    );
  }
});

test('what such a model does not take is refused', () => {
  const { model, data } = make();
  assert.throws(() => model.similarItems({ items: [1], metric: 'dot' }), /`metric` to be left out/);
  assert.throws(() => model.similarPairs({ metric: 'cosine' }), /`metric` to be left out/);
  assert.throws(() => model.recommend({ history: [{ item: 1 }], foldIn: 'sum' }), /`foldIn` to be left out/);
  assert.throws(() => model.recommend({ history: [{ item: 1, rating: 9 }] }), /rating/);
  assert.throws(
    () => model.recommend({ history: [{ item: 99 }] }),
    (error: unknown) => error instanceof DataError,
  );
  const indices = data.parameters.indices.slice().fill(33, 5, 6);
  const broken = new Model({ ...data, parameters: { ...data.parameters, indices } });
  assert.throws(() => broken.recommend({ users: [10] }), /item indices below 33/);
});

test('info counts the weights', () => {
  const { model, data } = make();
  const { dim, parameters } = model.info();
  assert.equal([dim, parameters], [0, data.parameters.weights.length]);
});

test.run();
