// The ways of fitting item-item weights against their slow twins.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { WeightsMethod } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import {
  easeWeights,
  easeWeightsNear,
  keepStrongest,
  type Matrix,
  type SimilarityTerms,
  similarities,
  slimObjective,
  slimWeights,
} from '../oracle/item-weights.js';
import { atEachLevel } from '../support/train-problems.js';
import {
  denseOf,
  denseWeights,
  distance,
  fitWeights,
  greatest,
  randomInteractions,
  weightsConfig,
} from '../support/weight-problems.js';

/** Users and items; by users where they are fewer, and with more than one pivot block (192) both ways. */
const SIZES = [
  [1, 1],
  [3, 1],
  [31, 33],
  [33, 31],
  [129, 33],
  [33, 129],
  [230, 260],
  [260, 230],
] as const;

function neighborsMethod(data: ReturnType<typeof randomInteractions>, asymmetry: number, shrink: number) {
  const squares = new Float64Array(data.numItems);
  for (const [n, item] of data.items.entries()) squares[item] += data.values[n] ** 2;
  return {
    method: 'neighbors',
    sourceNorms: Float32Array.from(squares, (s) => s ** asymmetry),
    targetNorms: Float32Array.from(squares, (s) => s ** (1 - asymmetry)),
    shrink,
    tanimoto: false,
  } as const;
}

const easeMethod = { method: 'ease', neighborhood: 0, minCorrelation: 0, memoryLimit: 1e9 } as const;

test('similarities are those of their twin', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of SIZES) {
      for (const rated of [false, true]) {
        const data = randomInteractions(numUsers, numItems, 3, rated);
        const cosine = neighborsMethod(data, 0.5, 0);
        const methods: (WeightsMethod & SimilarityTerms)[] = [
          cosine,
          { ...neighborsMethod(data, 0.3, 0), shrink: 2.5 },
          { ...neighborsMethod(data, 1, 0), targetNorms: neighborsMethod(data, 1, 0).sourceNorms, tanimoto: true },
        ];
        for (const method of methods) {
          const fitted = denseWeights(await fitWeights(weightsConfig(data, method)));
          const error = distance(fitted, similarities(denseOf(data), numItems, method));
          assert.ok(error < 1e-6, `${level}, ${numUsers} x ${numItems}: ${error}`);
        }
      }
    }
  }));

test('ease is the closed form to 1e-6, by items and by users', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of SIZES) {
      for (const [rated, regularization] of [
        [false, 2],
        [true, 50],
        [true, 0.01],
      ] as const) {
        const data = randomInteractions(numUsers, numItems, 5, rated);
        const fitted = denseWeights(await fitWeights(weightsConfig(data, { ...easeMethod, regularization })));
        const expected = once(`ease ${numUsers} ${numItems} ${regularization}`, () =>
          easeWeights(denseOf(data), numItems, regularization),
        );
        const error = distance(fitted, expected) / Math.max(1, greatest(expected));
        assert.ok(error < 1e-6, `${level}, ${numUsers} x ${numItems}, ${regularization}: ${error}`);
      }
    }
  }));

test('ease among neighbourhoods is ridge regression on the most correlated items', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of SIZES) {
      for (const [rated, regularization, neighborhood, minCorrelation] of [
        [false, 2, 1, 0],
        [false, 2, 31, 0.05],
        [true, 50, 33, 0],
        [true, 0.5, 129, 0.1],
      ] as const) {
        const data = randomInteractions(numUsers, numItems, 5, rated);
        const terms = { regularization, neighborhood, minCorrelation };
        const fitted = denseWeights(await fitWeights(weightsConfig(data, { ...easeMethod, ...terms })));
        const expected = once(`near ${numUsers} ${numItems} ${JSON.stringify(terms)}`, () =>
          easeWeightsNear(denseOf(data), numItems, terms),
        );
        const error = distance(fitted, expected) / Math.max(1, greatest(expected));
        assert.ok(error < 1e-6, `${level}, ${numUsers} x ${numItems}, ${JSON.stringify(terms)}: ${error}`);
      }
    }
  }));

test('a neighbourhood of all items gives what the inverse gives', async () => {
  for (const [numUsers, numItems] of SIZES) {
    const data = randomInteractions(numUsers, numItems, 8, true);
    const method = { ...easeMethod, regularization: 4 };
    const dense = denseWeights(await fitWeights(weightsConfig(data, method)));
    const near = denseWeights(await fitWeights(weightsConfig(data, { ...method, neighborhood: numItems })));
    assert.ok(distance(near, dense) < 1e-6, `${numUsers} x ${numItems}: ${distance(near, dense)}`);
  }
});

test('products of items beyond the memory limit are refused', async () => {
  const data = randomInteractions(60, 40, 1);
  const method = { ...easeMethod, regularization: 1, neighborhood: 5, memoryLimit: 1000 };
  const fitter = new (native().ItemWeights)(weightsConfig(data, method));
  try {
    await fitter.fit(new Int32Array(1));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /Not enough memory for the products/);
  }
});

test('slim is the minimum that plain coordinate descent finds', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of SIZES.slice(0, 6)) {
      for (const [rated, l1, regularization] of [
        [false, 0, 0.5],
        [false, 1, 2],
        [true, 4, 10],
      ] as const) {
        const data = randomInteractions(numUsers, numItems, 7, rated);
        const method = { method: 'slim', l1, regularization, tolerance: 1e-9, epochs: 10_000 } as const;
        const fitted = denseWeights(await fitWeights(weightsConfig(data, method)));
        const expected = once(`slim ${numUsers} ${numItems} ${l1}`, () =>
          slimWeights(denseOf(data), numItems, l1, regularization),
        );
        const error = distance(fitted, expected);
        assert.ok(error < 1e-5, `${level}, ${numUsers} x ${numItems}, l1 ${l1}: ${error}`);
      }
    }
  }));

test('a weight of slim moved up or down makes the objective no smaller', async () => {
  const data = randomInteractions(60, 33, 2);
  const x = denseOf(data);
  const [l1, l2] = [1, 3];
  const method = { method: 'slim', l1, regularization: l2, tolerance: 1e-9, epochs: 10_000 } as const;
  const w = denseWeights(await fitWeights(weightsConfig(data, method)));
  for (const target of [0, 7, 20]) {
    const column = w.map((row) => row[target]);
    const least = slimObjective(x, target, column, l1, l2);
    for (const [i, weight] of column.entries()) {
      if (i === target) continue;
      for (const moved of [weight + 0.01, weight - 0.01].filter((value) => value >= 0)) {
        const other = column.with(i, moved);
        assert.ok(slimObjective(x, target, other, l1, l2) > least - 1e-9, `target ${target}, weight ${i}`);
      }
    }
  }
});

/** What a twin says, found once for all levels. */
const known = new Map<string, Matrix>();
function once(key: string, find: () => Matrix): Matrix {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}

/** Every method with settings that give many weights. */
const methodsOf = (data: ReturnType<typeof randomInteractions>): WeightsMethod[] => [
  neighborsMethod(data, 0.5, 1),
  { ...easeMethod, regularization: 3 },
  { ...easeMethod, regularization: 3, neighborhood: 20 },
  { method: 'slim', l1: 0.5, regularization: 1, tolerance: 1e-5, epochs: 100 },
];

test('a target keeps its strongest weights, equal ones by the lower item of the history', async () => {
  for (const rated of [false, true]) {
    const data = randomInteractions(100, 65, 4, rated);
    for (const method of methodsOf(data)) {
      const all = denseWeights(await fitWeights(weightsConfig(data, method)));
      for (const neighbors of [1, 2, 31, 64, 65, 1000]) {
        const fitted = denseWeights(await fitWeights(weightsConfig(data, method, { neighbors })));
        assert.equal(fitted, keepStrongest(all, neighbors), `${method.method}, ${neighbors}`);
      }
    }
  }
});

test('any number of threads gives the same bits', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of [
      [150, 400],
      [500, 210],
    ] as const) {
      const data = randomInteractions(numUsers, numItems, 9, true);
      for (const method of methodsOf(data)) {
        const one = await fitWeights(weightsConfig(data, method, { neighbors: 50 }));
        for (const threads of [2, 3, 8]) {
          const many = await fitWeights(weightsConfig(data, method, { neighbors: 50, threads }));
          assert.equal(many, one, `${level}, ${method.method}, ${threads} threads`);
        }
      }
    }
  }));

test('levels that fuse multiply-add give the same bits; similarities and slim on every level', async () => {
  const { available } = native().simdLevels();
  const data = randomInteractions(230, 200, 6, true);
  for (const method of methodsOf(data)) {
    const found: { level: string; weights: Matrix }[] = [];
    for (const level of available) {
      if (level === 'base' && method.method === 'ease') continue;
      native().setSimdLevel(level);
      found.push({ level, weights: denseWeights(await fitWeights(weightsConfig(data, method))) });
    }
    native().setSimdLevel('auto');
    for (const { level, weights } of found) assert.equal(weights, found[0]?.weights, `${method.method} on ${level}`);
  }
});

test('items without likes have no weights, and data without any has none at all', async () => {
  const data = randomInteractions(2, 40, 1);
  const none = new Set(Array.from({ length: 40 }, (_, item) => item).filter((item) => !data.items.includes(item)));
  assert.ok(none.size > 0);
  for (const method of methodsOf(data)) {
    const w = denseWeights(await fitWeights(weightsConfig(data, method)));
    for (const [h, row] of w.entries()) {
      assert.ok(
        row.every((weight, i) => weight === 0 || (!none.has(h) && !none.has(i))),
        method.method,
      );
    }
  }
  const empty = randomInteractions(1, 5, 1).select(new Uint8Array(randomInteractions(1, 5, 1).size));
  for (const method of methodsOf(empty)) {
    assert.is((await fitWeights(weightsConfig(empty, method))).weights.length, 0, method.method);
  }
});

test('a cancelled fit says so, and wrong arguments are refused', async () => {
  const data = randomInteractions(60, 40, 1);
  for (const method of methodsOf(data)) {
    const fitter = new (native().ItemWeights)(weightsConfig(data, method));
    assert.is((await fitter.fit(Int32Array.of(1))).status, 'cancelled', method.method);
    assert.throws(() => fitter.fit(new Int32Array(1)), /fitted already/);
    fitter.dispose();
    assert.throws(() => fitter.fit(new Int32Array(1)), /disposed/);
  }
  const [, method] = methodsOf(data);
  const config = weightsConfig(data, method as WeightsMethod);
  const wrong =
    (changed: object): (() => unknown) =>
    () =>
      new (native().ItemWeights)({ ...config, ...changed });
  assert.throws(wrong({ items: config.items.map(() => 40) }), /out of range/);
  assert.throws(wrong({ users: config.users.map(() => 60) }), /out of range/);
  assert.throws(wrong({ itemOffsets: config.itemOffsets.slice().reverse() }), /not offsets/);
  assert.throws(wrong({ itemValues: new Float32Array(1) }), /elements/);
  assert.throws(wrong({ method: 'magic' }), /unknown `method`/);
});

test('ease says when its matrix cannot be inverted', async () => {
  const data = randomInteractions(60, 40, 1);
  const infinite = new Float32Array(data.size).fill(Number.POSITIVE_INFINITY);
  const config = weightsConfig(data, { ...easeMethod, regularization: 1 });
  const fitter = new (native().ItemWeights)({ ...config, values: infinite, itemValues: infinite });
  assert.is((await fitter.fit(new Int32Array(1))).status, 'diverged');
});

test.run();
