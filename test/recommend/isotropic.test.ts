import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { isotropicVectors } from '../../src/recommend/isotropic.js';
import { similarItems } from '../../src/recommend/similar.js';
import type { FactorModelData } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

/** Eigenvectors of a symmetric matrix, the largest eigenvalue first: Jacobi's rotations. */
function eigenvectors(matrix: number[][]): number[][] {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v: number[][] = a.map((_, i) => a.map((__, k) => (i === k ? 1 : 0)));
  for (let sweep = 0; sweep < 100; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
        for (let k = 0; k < n; k++) [v[k][p], v[k][q]] = [c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]];
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, k) => a[k][k] - a[i][i]);
  return order.map((i) => v.map((row) => row[i]));
}

function expected(data: FactorModelData): number[][] {
  const { dim, itemFactors } = data.parameters;
  const rows = Array.from({ length: data.items.size }, (_, i) => [...itemFactors.subarray(i * dim, (i + 1) * dim)]);
  const counts = [...data.seen.itemCounts()].map((n, i) => (rows[i].some((x) => x !== 0) ? n : 0));
  const total = counts.reduce((sum, n) => sum + n, 0);
  const mean = Array.from({ length: dim }, (_, k) =>
    rows.reduce((sum, row, i) => sum + (counts[i] / total) * row[k], 0),
  );
  const centred = rows.map((row) => row.map((x, k) => x - mean[k]));
  const products = mean.map((_, i) =>
    mean.map((__, k) => centred.reduce((sum, row, item) => sum + counts[item] * row[i] * row[k], 0)),
  );
  const removed = eigenvectors(products).slice(0, Math.min(2, dim - 1));
  return centred.map((row, i) => {
    if (rows[i].every((x) => x === 0)) return rows[i];
    return removed.reduce((left, u) => {
      const along = left.reduce((sum, x, k) => sum + x * u[k], 0);
      return left.map((x, k) => x - along * u[k]);
    }, row);
  });
}

for (const [numItems, dim] of [
  [2, 1],
  [31, 2],
  [33, 3],
  [129, 16],
]) {
  test(`the mean and the strongest components are taken out: ${numItems} items, ${dim} factors`, () => {
    const data = tinyModel({ numItems, dim });
    const random = new Random(7);
    const { itemFactors } = data.parameters;
    // Components of different strength, and an item that was never trained.
    for (let at = 0; at < itemFactors.length; at++) itemFactors[at] = (1 + random.float() * 4) / (1 + (at % dim) ** 2);
    if (numItems > 2) itemFactors.fill(0, dim, 2 * dim);
    const found = isotropicVectors(data, itemFactors, dim);
    for (const [item, row] of expected(data).entries()) {
      for (const [k, x] of row.entries()) {
        assert.ok(Math.abs(found[item * dim + k] - x) < 2e-4, `item ${item}: ${found[item * dim + k]} for ${x}`);
      }
    }
    assert.is(isotropicVectors(data, itemFactors, dim), found, 'computed once');
  });
}

test('items are compared without what they share', () => {
  const data = tinyModel({ numItems: 31, dim: 6 });
  const { dim, itemFactors } = data.parameters;
  const rows = expected(data);
  const cosine = (a: number[], b: number[]): number => {
    const dot = (x: number[], y: number[]): number => x.reduce((sum, value, k) => sum + value * y[k], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const best = rows.map((row, item) => ({ item, score: cosine(rows[0], row) })).filter(({ item }) => item !== 0);
  best.sort((a, b) => b.score - a.score);
  const found = similarItems(data, { items: [1], k: 5, metric: 'isotropic' });
  assert.equal(
    [...found.itemIndices],
    best.slice(0, 5).map(({ item }) => item),
  );
  assert.is(itemFactors.length, 31 * dim);
});

test.run();
