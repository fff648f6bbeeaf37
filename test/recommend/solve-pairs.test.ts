import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { foldIn } from '../../src/recommend/fold-in.js';
import { drawPairs } from '../../src/recommend/solve-pairs.js';
import type { FactorModelData, HistoryEntry } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

const options = { objective: 'bpr', regularization: 0.02, positiveThreshold: 4, negativePower: 0 };
const model = (given: object = {}): FactorModelData => tinyModel({ options: { ...options, ...given } });
const history: HistoryEntry[] = [
  { item: 3, rating: 4.5 },
  { item: 7, rating: 1 },
  { item: 20, rating: 5 },
  { item: 21 },
];
const liked = [2, 19, 20];

/** What fold-in minimises, written out. */
function objective(data: FactorModelData, row: readonly number[]): number {
  const { dim, itemFactors, itemBiases } = data.parameters;
  const score = (i: number): number => row.reduce((sum, x, k) => sum + x * itemFactors[i * dim + k], itemBiases[i]);
  const pairs = drawPairs(data, liked);
  const losses = pairs.map(({ item, other }) => Math.log1p(Math.exp(score(other) - score(item))));
  const mean = losses.reduce((sum, x) => sum + x, 0) / pairs.length;
  return liked.length * (mean + (options.regularization / 2) * row.reduce((sum, x) => sum + x * x, 0));
}

test('the objective of bpr has a zero gradient and a minimum at the row of a history', () => {
  const data = model();
  const { factors, bias, items } = foldIn(data, history, 'solve');
  assert.is(bias, 0);
  assert.equal([...items], [2, 6, 19, 20]);
  const at = objective(data, [...factors]);
  for (const k of factors.keys()) {
    const moved = (by: number): number =>
      objective(
        data,
        [...factors].map((x, n) => (n === k ? x + by : x)),
      );
    assert.ok(Math.abs(moved(1e-3) - moved(-1e-3)) / 2e-3 < 1e-4, `slope by factor ${k}`);
    assert.ok(moved(0.1) > at && moved(-0.1) > at, `factor ${k}`);
  }
});

test('negatives: no item of the history, as often as training draws them, and the same each time', () => {
  const data = model();
  const pairs = drawPairs(data, liked);
  assert.equal(drawPairs(data, liked), pairs);
  assert.ok(pairs.every(({ item, other }) => liked.includes(item) && !liked.includes(other)));
  for (const item of liked)
    assert.ok(Math.abs(pairs.filter((p) => p.item === item).length / pairs.length - 1 / 3) < 0.03);
  const counts = new Array<number>(33).fill(0);
  for (const { other } of pairs) counts[other]++;
  assert.ok(counts.every((count, item) => liked.includes(item) || Math.abs(count / pairs.length - 1 / 30) < 0.025));
  // The tiny model's items of 0 modulo 3 have two interactions, like those of 1; the others have one.
  const popular = drawPairs(model({ negativePower: 1 }), liked);
  const share = popular.filter(({ other }) => other % 3 === 2).length / popular.length;
  assert.ok(Math.abs(share - 9 / 51) < 0.06, `${share}`);
});

test('without a like, and where all is liked, the row is zero: biases rank', () => {
  const data = model();
  assert.ok(foldIn(data, [{ item: 3, rating: 1 }], 'solve').factors.every((x) => x === 0));
  const all = Array.from({ length: 33 }, (_, n) => ({ item: n + 1 }));
  assert.ok(foldIn(data, all, 'solve').factors.every((x) => x === 0));
});

test.run();
