// A model of item vectors in every place where a model is used, against the formulas written out.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { DataError } from '../../src/errors.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { Model } from '../../src/model.js';
import type { ItemVectorModelData, UserVector } from '../../src/types.js';
import { type OracleRated, rankItems, scoreOf } from '../oracle/item-vectors.js';
import { itemVectorModel } from '../support/item-vectors.js';
import { ratingsTable } from '../train/fixtures.js';

const KINDS: readonly UserVector[] = ['mean', 'ratingMean', 'meanCosine'];
const close = (a: number, b: number): boolean => Math.abs(a - b) < 2e-6;

const ratedBy = ({ seen }: ItemVectorModelData, user: number): OracleRated[] => {
  const values = seen.valuesOf(user);
  return Array.from(seen.itemsOf(user), (item, n) => ({ item, rating: values[n] }));
};
const unseen = (data: ItemVectorModelData, rated: readonly OracleRated[]): number[] =>
  Array.from({ length: data.items.size }, (_, item) => item).filter((i) => rated.every(({ item }) => item !== i));

/** Fails unless rows are the items in the oracle's order, up to what rounding may swap. */
function assertRanked(
  rows: readonly { itemId: unknown; score: number }[],
  expected: readonly { item: number; score: number }[],
  what: string,
): void {
  assert.is(rows.length, expected.length, what);
  for (const [n, { itemId, score }] of rows.entries()) {
    const place = expected.find(({ item }) => item === Number(itemId) - 1);
    assert.ok(place !== undefined, `${what}: item ${itemId} may not be listed`);
    assert.ok(close(score, place.score), `${what}: item ${itemId} has ${score}, not ${place.score}`);
    assert.ok(close(score, expected[n].score), `${what}: rank ${n + 1} has ${score}, not ${expected[n].score}`);
  }
}

for (const userVector of KINDS) {
  for (const [numItems, dim] of [
    [1, 1],
    [31, 33],
    [33, 7],
    [129, 31],
  ]) {
    const data = itemVectorModel({ numItems, dim, numUsers: 5 }, { userVector });
    const model = new Model(data);
    const name = `${userVector}, ${numItems} x ${dim}`;

    test(`${name}: lists of known users, alone and all at once`, async () => {
      const users = Array.from({ length: 5 }, (_, u) => 10 * (u + 1));
      const all = await collect(model, numItems);
      for (const [user, id] of users.entries()) {
        const rated = ratedBy(data, user);
        const rows = model.recommend({ users: [id], k: numItems }).rows();
        assertRanked(rows, rankItems(data.parameters, rated, unseen(data, rated)), `user ${id}`);
        assert.equal(all.get(id) ?? [], rows);
        const scores = rows.map(({ score }) => score);
        assert.equal(
          scores,
          scores.slice().sort((a, b) => b - a),
          'scores descend',
        );
        const everything = model.recommend({ users: [id], k: numItems, excludeSeen: false }).rows();
        assert.is(everything.length, numItems);
      }
    });

    test(`${name}: predict gives the scores of the lists`, () => {
      const users = Uint32Array.from({ length: 5 * numItems }, (_, n) => Math.floor(n / numItems));
      const items = Uint32Array.from(users, (_, n) => n % numItems);
      for (const [n, score] of model.predictIndices(users, items).entries()) {
        const expected = scoreOf(data.parameters, ratedBy(data, users[n]), items[n]);
        assert.ok(close(score, expected), `user ${users[n]}, item ${items[n]}: ${score}, not ${expected}`);
      }
    });
  }
}

async function collect(model: Model, k: number): Promise<Map<number, unknown[]>> {
  const rows = new Map<number, unknown[]>();
  for await (const batch of model.recommendAll({ k, batchSize: 2 })) {
    for (const index of batch.userIndices ?? []) {
      const id = model.users.id(index) as number;
      rows.set(id, batch.rows(id));
    }
  }
  return rows;
}

test('a history and titles: their own items are left out, and ratings count where the model says so', () => {
  for (const userVector of KINDS) {
    const data = itemVectorModel({}, { userVector });
    const model = new Model(data);
    const rated = [
      { item: 2, rating: 5 },
      { item: 7, rating: 1 },
    ];
    const history = [
      { item: 8, rating: 1 },
      { item: 3, rating: 5 },
    ];
    const expected = rankItems(data.parameters, rated, unseen(data, rated));
    assertRanked(model.recommend({ history, k: 33 }).rows(), expected, `${userVector} history`);
    const liked = rated.map(({ item }) => ({ item, rating: 5 }));
    const byTitle = rankItems(data.parameters, liked, unseen(data, liked));
    const titles = ['Film 3 (1992)', 'Film 8 (1997)'];
    assertRanked(model.recommend({ titles, k: 33 }).rows(), byTitle, `${userVector} titles`);
    assert.is(model.recommend({ titles, k: 33, excludeSeen: false }).length, 33);
  }
});

test('of a model trained on likes alone no rating is asked for', () => {
  const data = { ...itemVectorModel({}, { userVector: 'ratingMean' }), implicit: true };
  const rows = (rating?: number) => new Model(data).recommend({ history: [{ item: 1, rating }, { item: 2 }] }).rows();
  assert.equal(rows(0.5), rows());
});

test('misuse is refused in clear words', () => {
  const model = new Model(itemVectorModel({}, { userVector: 'ratingMean' }));
  const messageOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return `${(error as Error).constructor.name}: ${(error as Error).message}`;
    }
    return 'none';
  };
  const history = [{ item: 1, rating: 5 }];
  assert.match(
    messageOf(() => model.recommend({ history, foldIn: 'solve' })),
    /^RangeError: Expected `foldIn` to be left out: a user of model 'popularity' is the mean of his items/,
  );
  assert.match(
    messageOf(() => model.recommend({ history: [{ item: 1, rating: 7 }] })),
    /^RangeError: Expected `history\[0\]\.rating` to be a number >= 1 and <= 5, received 7/,
  );
  assert.match(
    messageOf(() => model.recommend({ history: [{ item: 1, rating: Number.NaN }] })),
    /^RangeError: Expected `history\[0\]\.rating`/,
  );
  const unknown = messageOf(() => model.recommend({ titles: ['Flim 3'] }));
  assert.match(unknown, /^DataError: Unknown title "Flim 3"; nearest: "Film 3 \(1992\)", "Film /);
  assert.throws(
    () => model.recommend({ users: [11] }),
    (error: unknown) => error instanceof DataError,
  );
});

test('an item without a vector stands behind all others, also those that point away', () => {
  const itemFactors = Float32Array.of(1, 0, 0, 0, -1, 0, 0.5, 0.5);
  for (const userVector of KINDS) {
    const data = itemVectorModel({ numItems: 4, dim: 2, numUsers: 2 }, { itemFactors, userVector });
    const model = new Model(data);
    const rows = model.recommend({ history: [{ item: 1 }], k: 4 }).rows();
    assert.equal(
      rows.map(({ itemId }) => itemId),
      [4, 3, 2],
    );
    assert.ok(close(rows[0].score, Math.SQRT1_2));
    assert.equal([rows[1].score, rows[2].score], [-1, -1]);
    assert.equal([...model.predict({ users: [10, 99, 99], items: [2, 1, 99] })], [-1, 0, -1]);
    const nothing = model.recommend({ history: [{ item: 2 }], k: 4 }).rows();
    assert.equal(
      nothing.map(({ itemId, score }) => [itemId, score]),
      [
        [1, 0],
        [3, 0],
        [4, 0],
      ],
      'nothing is known of who has seen it alone',
    );
  }
});

test('similar items and pairs by their vectors', () => {
  const data = itemVectorModel();
  const model = new Model(data);
  const cosines = rankItems(data.parameters, [{ item: 4, rating: 1 }], unseen(data, [{ item: 4, rating: 1 }]));
  const rows = model.similarItems({ items: [5], k: 5 }).rows();
  assertRanked(rows, cosines.slice(0, 5), 'similar');
  const [best] = model.similarPairs({ k: 1 }).rows();
  assert.ok(best !== undefined && best.score <= 1);
  const [nearest] = model.similarItems({ items: [best.itemId], k: 1 }).rows();
  assert.is(nearest?.itemId, best.otherItemId);
  assert.ok(!model.similarPairs({ k: 10_000 }).itemIndices.includes(31), 'the untrained item is in no pair');
});

test('evaluation: ranking metrics, for any kind of candidates; rating metrics are refused', async () => {
  const data = itemVectorModel({}, { userVector: 'ratingMean' });
  const model = new Model(data);
  const rows = [0, 1, 2].flatMap((user) => {
    const rated = ratedBy(data, user);
    const [first, second] = rankItems(data.parameters, rated, unseen(data, rated));
    return [first, second].map(({ item }) => ({ user: 10 * (user + 1), item: item + 1, rating: 4 }));
  });
  const trained = new Set(data.seen.items);
  const known = rows.filter(({ item }) => trained.has(item - 1));
  assert.ok(known.length > 0);
  const test = Dataset.fromTable(ratingsTable(known));
  const { metrics } = await evaluate(model, test, { k: 5 });
  assert.is(metrics['hitRate@5'], 1);
  assert.is(metrics.rmse, undefined);
  const sampled = await evaluate(model, test, { k: 5, candidates: { sampledNegatives: 5 } });
  assert.is(sampled.metrics['hitRate@5'], 1);
  let message = 'none';
  await evaluate(model, test, { metrics: ['rmse'] }).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /`metrics` to be ranking metrics: the model or the test data has no ratings/);
});

test('info counts what was learnt', () => {
  const tables = { contextFactors: new Float32Array(33 * 7), itemBiases: new Float32Array(33) };
  const info = new Model(itemVectorModel({}, tables)).info();
  assert.is(info.parameters, 33 * 7 * 2 + 33);
  assert.equal([info.dim, info.fields], [7, []]);
  assert.is(new Model(itemVectorModel()).info().parameters, 33 * 7);
});

test.run();
