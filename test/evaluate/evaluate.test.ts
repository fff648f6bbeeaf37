import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/dataset/dataset.js';
import { Random } from '../../src/dataset/random.js';
import { DataError } from '../../src/errors.js';
import { type EvaluateOptions, evaluate } from '../../src/evaluate/evaluate.js';
import { Model } from '../../src/model.js';
import type { FactorParameters, ModelName } from '../../src/types.js';
import { type OracleRow, oracleEvaluate, oracleRatingErrors } from '../oracle/metrics.js';
import { factorsOf } from '../support/factors-of.js';
import { assertNear, dataset, ratingsTable } from './fixtures.js';

const DIM = 3;
const USERS = 40;
const ITEMS = 90;

/** Ratings dealt to training and test; user USERS and item ITEMS are in the test alone. */
function deal(seed: number): { train: OracleRow[]; rows: OracleRow[] } {
  const random = new Random(seed);
  const train: OracleRow[] = [];
  const rows: OracleRow[] = [];
  for (let user = 0; user <= USERS; user++) {
    for (let item = 0; item <= ITEMS; item++) {
      const draw = random.float();
      const entry = { user, item, rating: 1 + random.below(5) };
      const isKnown = user < USERS && item < ITEMS;
      if (isKnown && (draw < 0.2 || item % USERS === user)) train.push(entry);
      else if (draw > 0.85) rows.push(entry);
    }
  }
  return { train, rows };
}

/** Multiples of 1/4, so that scores are exact in any order of summing, and often tie. */
function parameters(data: Dataset, dim: number, link: 'identity' | 'sigmoid'): FactorParameters {
  const random = new Random(5);
  const numbers = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.below(9) / 4 - 1);
  return {
    kind: 'factors',
    dim,
    globalBias: 2.5,
    userFactors: numbers(data.numUsers * dim),
    itemFactors: numbers(data.numItems * dim),
    userBiases: numbers(data.numUsers),
    itemBiases: numbers(data.numItems),
    link,
    range: data.ratingRange,
    fields: [],
  };
}

function makeModel(
  data: Dataset,
  { name = 'mf' as ModelName, dim = DIM, link = 'identity' as 'identity' | 'sigmoid' } = {},
) {
  return new Model({
    name,
    options: { model: name, seed: 0 },
    users: data.users,
    items: data.items,
    seen: data.interactions,
    itemTable: undefined,
    userTable: undefined,
    implicit: data.implicit,
    parameters: parameters(data, dim, link),
    history: [],
    metrics: {},
  });
}

function rawScore(scored: Model, user: number, item: number): number {
  const p = factorsOf(scored);
  let score = p.globalBias + (p.userBiases[user] ?? 0) + (p.itemBiases[item] ?? 0);
  for (let k = 0; k < p.dim; k++) {
    score += (p.userFactors[user * p.dim + k] ?? 0) * (p.itemFactors[item * p.dim + k] ?? 0);
  }
  return score;
}

const { train, rows } = deal(1);
const data = dataset(train);
const model = makeModel(data);
const scores = Array.from({ length: USERS }, (_, u) => Array.from({ length: ITEMS }, (_, i) => rawScore(model, u, i)));

test('all metrics of a factor model agree with the oracle', async () => {
  for (const [k, threshold] of [
    [10, undefined],
    [3, 4],
    [200, undefined],
  ] as const) {
    const oracle = oracleEvaluate({ scores, train, test: rows, threshold }, k);
    const result = await evaluate(model, ratingsTable(rows), { k, relevanceThreshold: threshold, perUser: true });
    assert.is(result.users, oracle.users.length);
    assert.is(result.interactions, rows.length);
    assert.is(result.unknownUsers, 1);
    assert.is(result.unknownItems, 1);
    const predicted = rows.map(({ user, item }) => rawScore(model, user, item));
    const expected: Record<string, number> = { ...oracle.metrics, ...oracleRatingErrors(train, rows, predicted) };
    for (const [name, value] of Object.entries(result.metrics)) assertNear(value, expected[name], name);
    assert.equal(Object.keys(result.metrics).length, 13);
    for (const [name, values] of Object.entries(result.perUser?.metrics ?? {})) {
      values.forEach((value, i) => void assertNear(value, oracle.perUser[name]?.[i], name));
    }
  }
});

test('the same for a sigmoid link, which ranks alike', async () => {
  const sigmoid = makeModel(data, { link: 'sigmoid' });
  const result = await evaluate(sigmoid, dataset(rows));
  const oracle = oracleEvaluate({ scores, train, test: rows }, 10);
  for (const [name, value] of Object.entries(oracle.metrics)) {
    if (!/^(ndcgFull|truncatedRecall)/.test(name)) assertNear(result.metrics[name], value, name);
  }
  const predicted = rows.map(({ user, item }) => 1 + 4 / (1 + Math.exp(-rawScore(sigmoid, user, item))));
  const { rmse } = oracleRatingErrors(train, rows, predicted);
  assert.ok(Math.abs((result.metrics.rmse as number) - rmse) < 1e-6);
});

test('popularity has the same list for everyone but what they have seen, and no rating metrics', async () => {
  const popularity = makeModel(data, { name: 'popularity', dim: 0 });
  const counts = data.interactions.itemCounts();
  factorsOf(popularity).itemBiases.set(counts);
  const result = await evaluate(popularity, dataset(rows), { k: [5, 20] });
  const ranking = ['precision', 'recall', 'ndcg', 'hitRate', 'map'].flatMap((name) => [`${name}@5`, `${name}@20`]);
  const ofItems = ['coverage', 'novelty', 'diversity', 'popularity', 'gini'].flatMap((n) => [`${n}@5`, `${n}@20`]);
  const names = [...ranking, 'mrr', ...ofItems];
  assert.equal(Object.keys(result.metrics), names);
  const byCount = Array.from({ length: USERS }, () => Array.from(counts));
  for (const k of [5, 20]) {
    const oracle = oracleEvaluate({ scores: byCount, train, test: rows }, k).metrics;
    for (const name of names.filter((n) => n.endsWith(`@${k}`) || n === 'mrr')) {
      assertNear(result.metrics[name], oracle[name], name);
    }
  }
});

test('tables are matched by ids, whatever their type', async () => {
  const expected = (await evaluate(model, dataset(rows))).metrics;
  for (const rename of [(n: number) => BigInt(n), (n: number) => String(n)]) {
    const { metrics } = await evaluate(model, ratingsTable(rows, { rename }));
    for (const [name, value] of Object.entries(metrics)) assertNear(value, expected[name], name);
    assert.is(metrics.mrr, expected.mrr, 'the order of ids in the test does not matter');
  }
  // Letters in another order than the indices of the integers.
  const rename = (n: number) => `id ${(n * 37) % 101}`;
  const named = makeModel(
    (await import('../../src/dataset/dataset.js')).Dataset.fromTable(ratingsTable(train, { rename })),
  );
  const result = await evaluate(named, ratingsTable(rows, { rename }), { perUser: true });
  assert.is(result.users, USERS);
  assert.equal([result.unknownUsers, result.unknownItems], [1, 1]);
  try {
    await evaluate(named, dataset(rows));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, DataError);
    assert.match((error as Error).message, /integers.*strings/);
  }
});

test('without ratings every row is relevant and there are no rating metrics', async () => {
  const result = await evaluate(model, ratingsTable(rows, { rated: false }));
  const rated = await evaluate(model, dataset(rows));
  assert.is(result.metrics['ndcg@10'], rated.metrics['ndcg@10']);
  assert.not.ok('rmse' in result.metrics);
  const implicit = makeModel(dataset(train, false));
  assert.not.ok('rmse' in (await evaluate(implicit, dataset(rows))).metrics);
});

test('figures do not depend on threads', async () => {
  const metrics = ['ndcg', 'mrr', 'coverage', 'novelty', 'rmse'];
  const [one, two] = await Promise.all([1, 2].map((threads) => evaluate(model, dataset(rows), { metrics, threads })));
  assert.equal(one, two);
});

test('sampled negatives: the seed decides, and lists are shorter', async () => {
  const sample = (seed?: number) =>
    evaluate(model, dataset(rows), { metrics: ['mrr', 'ndcg'], candidates: { sampledNegatives: 10, seed } });
  const [first, again, other, all] = await Promise.all([
    sample(),
    sample(42),
    sample(7),
    evaluate(model, dataset(rows)),
  ]);
  assert.equal(first, again);
  assert.not.equal(first?.metrics, other?.metrics);
  assert.ok((first?.metrics.mrr as number) > (all?.metrics.mrr as number));
});

test('among more negatives than there are it agrees with the oracle over all of them', async () => {
  const offered = (user: number) => {
    const taken = [...train, ...rows].filter((entry) => entry.user === user).map(({ item }) => item);
    const relevant = rows.filter((entry) => entry.user === user && entry.rating >= 4).map(({ item }) => item);
    return Array.from({ length: ITEMS }, (_, i) => i).filter((i) => !taken.includes(i) || relevant.includes(i));
  };
  const oracle = oracleEvaluate({ scores, train, test: rows, threshold: 4, offered }, 10);
  const candidates = { sampledNegatives: ITEMS };
  const { metrics } = await evaluate(model, dataset(rows), { relevanceThreshold: 4, candidates });
  for (const [name, value] of Object.entries(oracle.metrics)) {
    if (!/^(ndcgFull|truncatedRecall)/.test(name)) assertNear(metrics[name], value, name);
  }
});

async function refused(options: unknown, expected: RegExp, kind: ErrorConstructor = RangeError): Promise<void> {
  try {
    await evaluate(model, dataset(rows), options as EvaluateOptions);
  } catch (error) {
    assert.instance(error, kind);
    assert.match((error as Error).message, expected);
    assert.is((error as { code?: string }).code, 'ERR_PALATE_OPTION');
    return;
  }
  assert.unreachable(`${JSON.stringify(options)} was accepted`);
}

test('misuse is refused by name', async () => {
  await refused({ metrics: ['recal'] }, /did you mean 'recall'/);
  await refused({ metric: ['recall'] }, /did you mean `metrics`/, TypeError);
  await refused({ k: 0 }, /`k`/);
  await refused({ relevanceThreshold: '4' }, /`relevanceThreshold`/, TypeError);
  await refused({ candidates: 'some' }, /`candidates`/);
  await refused({ candidates: { sampledNegatives: 0 } }, /`candidates.sampledNegatives`/);
  await refused({ candidates: { negatives: 9 } }, /Unknown option `negatives`/, TypeError);
  await refused({ perUser: 1 }, /`perUser`/, TypeError);
  await refused({ threads: 0 }, /`threads`/);
  await refused({ signal: {} }, /`signal`/, TypeError);
  const call = evaluate as (...args: unknown[]) => Promise<unknown>;
  for (const args of [[model, rows], [{}, dataset(rows)], [model]]) {
    try {
      await call(...args);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, TypeError);
    }
  }
  try {
    await evaluate(model, ratingsTable(rows, { rated: false }), { relevanceThreshold: 4 });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /`relevanceThreshold`.*no ratings/);
  }
});

test('an aborted signal stops it', async () => {
  try {
    await evaluate(model, dataset(rows), { signal: AbortSignal.abort(new Error('enough')) });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test.run();
