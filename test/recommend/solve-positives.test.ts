import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { foldIn } from '../../src/recommend/fold-in.js';
import { predictPairs } from '../../src/recommend/predict.js';
import { recommend } from '../../src/recommend/recommend.js';
import type { FactorModelData, HistoryEntry } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

interface Options {
  regularization: number;
  regularizationPower: number;
  unobservedWeight: number;
  ratingWeight: number;
  positiveThreshold?: number;
}

const plain: Options = { regularization: 0.02, regularizationPower: 0.7, unobservedWeight: 0.3, ratingWeight: 0 };

function ialsModel(options: Options): FactorModelData {
  const data = tinyModel({ link: 'identity' });
  return { ...data, name: 'ials', options: { model: 'ials', seed: 0, ...options } };
}

/** What fold-in minimises, written out. */
function objective(data: FactorModelData, history: readonly HistoryEntry[], row: readonly number[]): number {
  const { dim, itemFactors, range } = data.parameters;
  const o = data.options as unknown as Options;
  const score = (i: number): number => row.reduce((sum, x, k) => sum + x * (itemFactors[i * dim + k] as number), 0);
  const positives = history.filter(({ rating }) => rating === undefined || rating >= (o.positiveThreshold ?? 0));
  const size = positives.length + o.unobservedWeight * data.items.size;
  let sum = o.regularization * size ** o.regularizationPower * row.reduce((squares, x) => squares + x * x, 0);
  for (let i = 0; i < data.items.size; i++) sum += o.unobservedWeight * score(i) ** 2;
  for (const { item, rating } of positives)
    sum += (1 + o.ratingWeight * (rating ?? range.max)) * (score((item as number) - 1) - 1) ** 2;
  return sum;
}

const history: HistoryEntry[] = [
  { item: 3, rating: 4.5 },
  { item: 7, rating: 1 },
  { item: 20, rating: 5 },
  { item: 21 },
];

for (const [name, options] of [
  ['all alike', plain],
  ['weighted by rating', { ...plain, ratingWeight: 0.8 }],
  ['likes alone', { ...plain, ratingWeight: 0.8, positiveThreshold: 4 }],
] as const) {
  test(`${name}: the objective of ials has a zero gradient and a minimum`, () => {
    const data = ialsModel(options);
    const { factors, bias } = foldIn(data, history, 'solve');
    assert.is(bias, 0);
    const at = objective(data, history, [...factors]);
    for (const k of factors.keys()) {
      const moved = (by: number): number =>
        objective(
          data,
          history,
          [...factors].map((x, n) => (n === k ? x + by : x)),
        );
      const slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
      assert.ok(Math.abs(slope) < 1e-5 * at, `slope ${slope} of factor ${k} at ${at}`);
      assert.ok(moved(0.05) > at && moved(-0.05) > at);
    }
  });
}

test('a history without positives is a user without factors', () => {
  const { factors, items } = foldIn(ialsModel({ ...plain, positiveThreshold: 4 }), [{ item: 7, rating: 1 }], 'solve');
  assert.ok(factors.every((x) => x === 0));
  assert.equal(items, Uint32Array.of(6));
});

test('scores are not clipped to the range of ratings', () => {
  const data = ialsModel(plain);
  const range = { min: 10, max: 20 };
  const far = { ...data, parameters: { ...data.parameters, range } };
  assert.equal(
    recommend(far, { history: [{ item: 3 }], k: 5 }).scores,
    recommend(data, { history: [{ item: 3 }], k: 5 }).scores,
  );
  assert.ok(recommend(far, { users: [10], k: 5 }).scores.every((score) => score < range.min));
  assert.ok(predictPairs(far, Uint32Array.of(0, 1), Uint32Array.of(2, 3)).every((score) => score < range.min));
});

test('a history of implicit data takes any rating, which makes no difference', () => {
  const data = { ...ialsModel({ ...plain, ratingWeight: 2 }), implicit: true };
  const of = (rating?: number) => foldIn(data, [{ item: 3, ...(rating !== undefined && { rating }) }], 'solve').factors;
  assert.equal(of(9), of());
});

test.run();
