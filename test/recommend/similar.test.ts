import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { similarItems, similarPairs } from '../../src/recommend/similar.js';
import type { FactorModelData, Metric } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

function similarity(
  { parameters: { dim, itemFactors } }: FactorModelData,
  metric: Metric,
  a: number,
  b: number,
): number {
  const dot = (x: number, y: number): number => {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += (itemFactors[x * dim + k] as number) * (itemFactors[y * dim + k] as number);
    return sum;
  };
  return metric === 'dot' ? dot(a, b) : dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

for (const metric of ['cosine', 'dot'] as Metric[]) {
  for (const numItems of [1, 2, 31, 33, 129]) {
    const data = tinyModel({ numItems, dim: 5 });
    test(`similarItems: ${metric}, ${numItems} items`, () => {
      const result = similarItems(data, { items: [1], k: 4, metric });
      const sorted = Array.from({ length: numItems - 1 }, (_, n) => n + 1).sort(
        (a, b) => similarity(data, metric, 0, b) - similarity(data, metric, 0, a),
      );
      assert.equal([...result.itemIndices], sorted.slice(0, 4));
    });

    test(`similarPairs: ${metric}, ${numItems} items`, () => {
      const pairs: { a: number; b: number; score: number }[] = [];
      for (let a = 0; a < numItems; a++)
        for (let b = a + 1; b < numItems; b++) pairs.push({ a, b, score: similarity(data, metric, a, b) });
      pairs.sort((x, y) => y.score - x.score);
      for (const k of [1, 7, 100_000]) {
        const result = similarPairs(data, { k, metric });
        assert.is(result.length, Math.min(k, pairs.length));
        assert.equal(
          [...result.itemIndices].map((a, n) => [a, result.otherIndices[n]]).slice(0, 7),
          pairs.slice(0, Math.min(k, 7)).map(({ a, b }) => [a, b]),
        );
      }
    });
  }
}

test('more items than a chunk: every pair is found from its smaller item', () => {
  const data = tinyModel({ numItems: 2500, dim: 3, seed: 9 });
  const factors = data.parameters.itemFactors;
  factors.set(factors.subarray(30, 33), 2400 * 3); // item 2400 points where item 10 does
  const [best] = similarPairs(data, { k: 1 }).rows();
  assert.ok((best?.score ?? 0) > 0.999999);
  const all = similarPairs(data, { k: 50 });
  assert.ok([...all.itemIndices].some((a, n) => a === 10 && all.otherIndices[n] === 2400));
  assert.ok([...all.itemIndices].every((a, n) => a < (all.otherIndices[n] as number)));
});

test('items that were never trained are in no pair', () => {
  const data = tinyModel({ numItems: 4, dim: 2 });
  data.parameters.itemFactors.fill(0, 2, 4);
  const result = similarPairs(data, { k: 100, metric: 'dot' });
  assert.is(result.length, 3);
  assert.ok(![...result.itemIndices, ...result.otherIndices].includes(1));
});

test('titles, several queries, rows of one', () => {
  const data = tinyModel();
  const result = similarItems(data, { titles: ['Film 3 (1992)', 'Film 9 (1998)'], k: 3 });
  assert.equal([...result.queryIds], [3, 3, 3, 9, 9, 9]);
  assert.is(result.rows(9).length, 3);
  assert.is(result.toTable().numRows, 6);
});

test('a model without vectors says so', () => {
  assert.throws(() => similarItems(tinyModel({ dim: 0 }), { items: [1] }), /`model` to be one with item vectors/);
  assert.throws(() => similarPairs(tinyModel({ dim: 0 })), /item vectors/);
});

test.run();
