import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { servingFactors } from '../../src/recommend/combine-fields.js';
import { predictPairs } from '../../src/recommend/predict.js';
import { UNKNOWN } from '../../src/recommend/unknown.js';
import type { FactorModelData, FieldParameters } from '../../src/types.js';
import { assertClose } from '../support/assert-close.js';
import { noise, rawScore, tinyModel } from '../support/tiny-model.js';

function field(
  name: string,
  side: 'user' | 'item',
  rows: number,
  labels: number,
  dim: number,
  seed: number,
): FieldParameters {
  const random = noise(seed);
  const lists = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: labels }, (_, l) => l).filter((l) => (row * 7 + l * 5 + seed) % 3 === 0),
  );
  const offsets = new Uint32Array(rows + 1);
  for (const [row, list] of lists.entries()) offsets[row + 1] = (offsets[row] as number) + list.length;
  return {
    name,
    side,
    labels: Array.from({ length: labels }, (_, l) => `${l}`),
    offsets,
    indices: Uint32Array.from(lists.flat()),
    factors: Float32Array.from({ length: labels * dim }, random),
    biases: Float32Array.from({ length: labels }, random),
  };
}

/** Rendle 2010, eq. 1, over all pairs of active features. */
function factorizationMachine({ parameters: p }: FactorModelData, user: number, item: number): number {
  const active = [
    { x: 1, w: p.userBiases[user] as number, v: p.userFactors.subarray(user * p.dim, (user + 1) * p.dim) },
    { x: 1, w: p.itemBiases[item] as number, v: p.itemFactors.subarray(item * p.dim, (item + 1) * p.dim) },
  ];
  for (const f of p.fields) {
    const row = f.side === 'user' ? user : item;
    const labels = f.indices.subarray(f.offsets[row], f.offsets[row + 1]);
    for (const l of labels) {
      active.push({
        x: 1 / Math.sqrt(labels.length),
        w: f.biases[l] as number,
        v: f.factors.subarray(l * p.dim, (l + 1) * p.dim),
      });
    }
  }
  let score = p.globalBias;
  for (const [n, a] of active.entries()) {
    score += a.w * a.x;
    for (const b of active.slice(n + 1)) {
      for (let k = 0; k < p.dim; k++) score += a.x * b.x * (a.v[k] as number) * (b.v[k] as number);
    }
  }
  return score;
}

for (const dim of [1, 8, 33]) {
  test(`folded fields score as the factorisation machine does: dim ${dim}`, () => {
    const fields = [
      field('age', 'user', 5, 4, dim, 1),
      field('genres', 'item', 33, 6, dim, 2),
      field('year', 'item', 33, 3, dim, 5),
    ];
    const data = tinyModel({ dim, fields });
    const serving = servingFactors(data);
    const folded = { ...data, parameters: { ...data.parameters, ...serving, fields: [] } };
    for (let user = 0; user < 5; user++) {
      for (let item = 0; item < 33; item++) {
        const expected = factorizationMachine(data, user, item);
        assert.ok(Math.abs(rawScore(folded, user, item) - expected) < 1e-4 * Math.max(1, Math.abs(expected)));
      }
    }
    assert.is(servingFactors(data), serving, 'computed once');
  });
}

test('without fields the very same arrays serve', () => {
  const data = tinyModel();
  assert.is(servingFactors(data).itemFactors, data.parameters.itemFactors);
});

test('predictions: link, clipping, unknown users and items', () => {
  const sigmoid = tinyModel({ link: 'sigmoid' });
  const p = sigmoid.parameters;
  const expected = (x: number): number => 0.5 + 4.5 / (1 + Math.exp(-x));
  const [both, noUser, noItem, neither] = predictPairs(
    sigmoid,
    Uint32Array.of(2, UNKNOWN, 2, UNKNOWN),
    Uint32Array.of(4, 4, UNKNOWN, UNKNOWN),
  ) as unknown as [number, number, number, number];
  assert.ok(Math.abs(both - expected(rawScore(sigmoid, 2, 4))) < 1e-5);
  assert.ok(Math.abs(noUser - expected(p.globalBias + (p.itemBiases[4] as number))) < 1e-5);
  assert.ok(Math.abs(noItem - expected(p.globalBias + (p.userBiases[2] as number))) < 1e-5);
  assert.ok(Math.abs(neither - expected(p.globalBias)) < 1e-5);
  const identity = tinyModel();
  const all = predictPairs(
    identity,
    new Uint32Array(33).fill(1),
    Uint32Array.from({ length: 33 }, (_, i) => i),
  );
  for (const [item, value] of all.entries())
    assert.ok(Math.abs(value - Math.min(5, Math.max(0.5, rawScore(identity, 1, item)))) < 1e-5);
  assert.throws(
    () => predictPairs(identity, Uint32Array.of(99), Uint32Array.of(0)),
    /indices of known users and items/,
  );
});

test('implicit term: p_u + |N(u)|^-1/2 sum of y over what the user has seen', () => {
  const data = tinyModel({ implicitTerm: true, numItems: 34 });
  const { dim, implicitFactors, userFactors } = data.parameters;
  const expected = userFactors.map((p, at) => {
    const rated = data.seen.itemsOf(Math.floor(at / dim));
    const y = Array.from(rated, (item) => (implicitFactors as Float32Array)[item * dim + (at % dim)]);
    return p + y.reduce((sum, x) => sum + x, 0) / Math.sqrt(rated.length);
  });
  const serving = servingFactors(data);
  assertClose(serving.userFactors, expected, { relative: 1e-6, absolute: 1e-6 }, 'users');
  assert.is(serving.itemFactors, data.parameters.itemFactors);
  const alone = predictPairs(data, Uint32Array.of(2), Uint32Array.of(5));
  const plain = { ...data, parameters: { ...data.parameters, userFactors: expected, implicitFactors: undefined } };
  const rating = Math.min(5, Math.max(0.5, rawScore(plain as FactorModelData, 2, 5)));
  assertClose(alone, [rating], { relative: 1e-6, absolute: 0 }, 'a rating');
});

test.run();
