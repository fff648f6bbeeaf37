import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { naiveRanking, naiveScore, type Ranked, type TopkProblem } from '../oracle/topk.js';
import {
  assertSameAsSingle,
  assertSameBits,
  type Extras,
  eachLevel,
  nativeTopk,
  realProblem,
  type Sizes,
  singleQuery,
  type TopkRows,
  wholeProblem,
} from '../support/topk-problems.js';

const NONE = 0xffffffff;

const rankings = new WeakMap<TopkProblem, Ranked[][]>();

/** The oracle's answers to a problem, computed once for all levels and threads. */
function oracle(problem: TopkProblem): Ranked[][] {
  const known = rankings.get(problem);
  if (known !== undefined) return known;
  const answers = Array.from({ length: problem.numQueries }, (_, q) => naiveRanking(problem, q));
  rankings.set(problem, answers);
  return answers;
}

/** Exactly the oracle's items and scores, and the filling behind them. */
function assertExact(rows: TopkRows, problem: TopkProblem, what: string): void {
  const { k } = problem;
  for (let q = 0; q < problem.numQueries; q++) {
    const expected = oracle(problem)[q].slice(0, k);
    const items = Array.from({ length: k }, (_, n) => expected[n]?.item ?? NONE);
    const scores = Array.from({ length: k }, (_, n) => Math.fround(expected[n]?.score ?? Number.NEGATIVE_INFINITY) + 0);
    assert.equal([...rows.indices.subarray(q * k, (q + 1) * k)], items, `${what}, query ${q}: items`);
    assert.equal([...rows.scores.subarray(q * k, (q + 1) * k)], scores, `${what}, query ${q}: scores`);
  }
}

/** The oracle's scores within `tolerance`, best first, and nothing better left out. */
function assertBest(rows: TopkRows, problem: TopkProblem, tolerance: number, what: string): void {
  const { k } = problem;
  for (let q = 0; q < problem.numQueries; q++) {
    const expected = oracle(problem)[q];
    const count = Math.min(k, expected.length);
    const allowed = new Set(expected.map(({ item }) => item));
    for (let n = 0; n < k; n++) {
      const [item, score] = [rows.indices[q * k + n], rows.scores[q * k + n]];
      assert.is(item === NONE, n >= count, `${what}, query ${q}, rank ${n}: filled`);
      if (n >= count) continue;
      assert.ok(allowed.delete(item), `${what}, query ${q}: item ${item} is allowed and comes once`);
      assert.ok(Math.abs(score - naiveScore(problem, q, item)) <= tolerance, `${what}, query ${q}: score of ${item}`);
      assert.ok(Math.abs(score - expected[n].score) <= tolerance, `${what}, query ${q}: rank ${n}`);
      if (n === 0) continue;
      const before = rows.scores[q * k + n - 1];
      assert.ok(before > score || (before === score && rows.indices[q * k + n - 1] < item), `${what}: order`);
    }
  }
}

const allExtras: Extras[] = [
  {},
  { biases: true },
  { exclude: true },
  { candidates: true },
  { biases: true, exclude: true, candidates: true },
];

test('whole numbers: exactly the oracle, with all ties, at odd sizes', () => {
  for (const numItems of [1, 31, 33, 129]) {
    for (const numQueries of [1, 5, 6, 33]) {
      for (const dim of [0, 1, 3, 16, 31, 33, 129]) {
        for (const [n, extras] of allExtras.entries()) {
          const k = [1, 3, 10, 140, 17][(n + dim) % 5];
          const problem = wholeProblem({ numQueries, numItems, dim, k }, extras, dim + n);
          const what = `${numQueries} x ${numItems} x ${dim}, k ${k}, ${Object.keys(extras)}`;
          eachLevel((level) => assertExact(nativeTopk(problem), problem, `${level}: ${what}`));
        }
      }
    }
  }
});

test('whole numbers: exactly the oracle for any number of threads', () => {
  for (const [numQueries, numItems] of [
    [1, 30_000],
    [3, 30_000],
    [7, 9000],
    [129, 1500],
    [700, 331],
  ]) {
    for (const extras of allExtras) {
      const problem = wholeProblem({ numQueries, numItems, dim: 17, k: 12 }, extras);
      const what = `${numQueries} x ${numItems}, ${Object.keys(extras)}`;
      eachLevel((level) => {
        const alone = nativeTopk(problem);
        assertExact(alone, problem, `${level}: ${what}`);
        for (const threads of [2, 3, 8]) assertSameBits(nativeTopk(problem, threads), alone, `${what}, ${threads}`);
      });
    }
  }
});

test('real numbers: the best, the same bits for any number of threads and batch size', () => {
  for (const cosine of [false, true]) {
    for (const [numQueries, numItems, dim, k] of [
      [2, 12_000, 31, 10],
      [9, 5000, 64, 100],
      [131, 1029, 120, 10],
      [40, 900, 33, 900],
    ]) {
      for (const extras of [{}, { biases: true, exclude: true, candidates: true }]) {
        const problem = realProblem({ numQueries, numItems, dim, k, cosine }, extras);
        const what = `${numQueries} x ${numItems} x ${dim}, k ${k}, cosine ${cosine}, ${Object.keys(extras)}`;
        const byLevel = new Map<string, TopkRows>();
        eachLevel((level) => {
          const alone = nativeTopk(problem);
          byLevel.set(level, alone);
          assertBest(alone, problem, 1e-5 * dim, `${level}: ${what}`);
          for (const threads of [2, 3]) assertSameBits(nativeTopk(problem, threads), alone, `${what}, ${threads}`);
          for (const q of [0, 1, numQueries - 1]) {
            const row = {
              indices: alone.indices.slice(q * k, q * k + k),
              scores: alone.scores.slice(q * k, q * k + k),
            };
            assertSameBits(nativeTopk(singleQuery(problem, q)), row, `${level}: ${what}: query ${q} by itself`);
          }
        });
        const [avx2, avx512] = [byLevel.get('avx2'), byLevel.get('avx512')];
        if (avx2 && avx512) assertSameBits(avx2, avx512, `${what}: avx2 and avx512`);
      }
    }
  }
});

const crowded: Sizes = { numQueries: 8, numItems: 2500, dim: 61, k: 20 };

test('scores that differ in their last digits only', () => {
  const problem = realProblem(crowded);
  for (let n = crowded.dim; n < problem.items.length; n++) {
    const first = problem.items[n % crowded.dim];
    problem.items[n] = first * (1 + ((n * 7919) % 5) * 2 ** -23);
  }
  assertSameAsSingle(problem, 'nearly equal rows');
  assertSameAsSingle({ ...problem, cosine: true }, 'nearly equal rows, cosine');
});

test('equal rows: the lowest items, also behind the screen', () => {
  const problem = realProblem({ ...crowded, numItems: 5000 });
  for (let n = 0; n < problem.items.length; n++) problem.items[n] = problem.items[n % crowded.dim];
  eachLevel((level) => {
    const { indices } = nativeTopk(problem);
    for (let n = 0; n < indices.length; n++) assert.is(indices[n], n % crowded.k, level);
  });
  assertSameAsSingle(problem, 'equal rows');
});

test('scores that rise with every item', () => {
  const problem = wholeProblem({ numQueries: 9, numItems: 6000, dim: 2, k: 50 });
  problem.queries.fill(1);
  for (let i = 0; i < problem.items.length; i++) problem.items[i] = i;
  eachLevel((level) => assertExact(nativeTopk(problem), problem, level));
});

test('k as large as the catalogue and larger', () => {
  for (const k of [2999, 3000, 3500]) {
    const problem = wholeProblem({ numQueries: 9, numItems: 3000, dim: 5, k }, { exclude: true });
    eachLevel((level) => {
      assertExact(nativeTopk(problem), problem, level);
      assertSameBits(nativeTopk(problem, 3), nativeTopk(problem), level);
    });
  }
});

test('no items, no queries, no candidates', () => {
  const none = wholeProblem({ numQueries: 3, numItems: 0, dim: 4, k: 2 });
  assert.equal([...nativeTopk(none).indices], Array(6).fill(NONE));
  assert.equal([...nativeTopk(none).scores], Array(6).fill(Number.NEGATIVE_INFINITY));
  assert.is(nativeTopk(wholeProblem({ numQueries: 0, numItems: 9, dim: 4, k: 2 })).indices.length, 0);
  const problem = { ...wholeProblem({ numQueries: 7, numItems: 9, dim: 4, k: 2 }), candidates: new Uint8Array(9) };
  assert.equal([...nativeTopk(problem).indices], Array(14).fill(NONE));
});

test('zero rows: cosine 0, and ties by index', () => {
  for (const numQueries of [2, 12]) {
    for (const cosine of [false, true]) {
      for (const biases of [false, true]) {
        const problem = wholeProblem({ numQueries, numItems: 700, dim: 9, k: 25, cosine }, { biases });
        problem.queries.fill(0, 9, 18);
        problem.items.fill(0, 90, 1800);
        eachLevel((level) => assertBest(nativeTopk(problem), problem, 1e-5, `${level}, cosine ${cosine}`));
        assertSameAsSingle(problem, `zero rows, cosine ${cosine}, biases ${biases}`);
      }
    }
  }
});

test('NaN is never selected; infinities rank as numbers', () => {
  for (const numQueries of [3, 20]) {
    const problem = wholeProblem({ numQueries, numItems: 600, dim: 7, k: 40 }, { biases: true, exclude: true });
    const biases = problem.itemBiases as Float32Array;
    problem.queries[7] = Number.NaN; // all of query 1
    problem.items[0] = Number.NaN; // item 0
    problem.items[7 * 100 + 3] = Number.POSITIVE_INFINITY; // item 100: infinite, or NaN with a zero in the query
    for (let i = 300; i < 340; i++) biases[i] = Number.NEGATIVE_INFINITY;
    biases[400] = Number.POSITIVE_INFINITY;
    biases[401] = Number.NaN;
    eachLevel((level) => {
      assertExact(nativeTopk(problem), problem, level);
      const small = { ...problem, k: 600 };
      assertExact(nativeTopk(small), small, `${level}, everything`);
    });
  }
  const cosine = realProblem({ numQueries: 20, numItems: 600, dim: 7, k: 600, cosine: true });
  cosine.items[5] = Number.NaN;
  cosine.queries[8] = Number.POSITIVE_INFINITY;
  eachLevel((level) => assertBest(nativeTopk(cosine), cosine, 1e-5, level));
});

test('rows near the ends of float32', () => {
  for (const cosine of [false, true]) {
    const problem = realProblem({ numQueries: 10, numItems: 500, dim: 8, k: 60, cosine });
    for (let k = 0; k < 8; k++) {
      problem.items[8 * 3 + k] *= 1e22;
      problem.items[8 * 200 + k] *= 1e-22;
      problem.queries[8 * 4 + k] *= 1e-21;
      problem.queries[8 * 5 + k] *= 1e14;
    }
    const scale = cosine ? 1 : 1e36;
    eachLevel((level) => assertBest(nativeTopk(problem), problem, 1e-5 * scale, `${level}, cosine ${cosine}`));
    assertSameAsSingle(problem, `cosine ${cosine}`);
  }
});

test('rows too short for float32 to square', () => {
  const problem = realProblem({ numQueries: 9, numItems: 900, dim: 30, k: 20 });
  for (let n = 0; n < problem.queries.length; n++) problem.queries[n] *= 1e-24;
  assertSameAsSingle(problem, 'queries');
  for (let n = 0; n < problem.queries.length; n++) problem.queries[n] *= 1e24;
  for (let n = 0; n < problem.items.length; n++) problem.items[n] *= 1e-24;
  assertSameAsSingle(problem, 'items');
  for (let n = 0; n < problem.queries.length; n++) problem.queries[n] *= 1e-18;
  assertSameAsSingle(problem, 'both, their products denormal');
});

test('arrays of the wrong size are refused, not overrun', () => {
  const problem = wholeProblem({ numQueries: 2, numItems: 5, dim: 3, k: 2 }, { biases: true, candidates: true });
  assert.throws(() => nativeTopk({ ...problem, items: new Float32Array(14) }), /`items` has 14 elements, expected 15/);
  assert.throws(() => nativeTopk({ ...problem, queries: new Float32Array(7) }), /`queries`/);
  assert.throws(() => nativeTopk({ ...problem, itemBiases: new Float32Array(4) }), /`itemBiases`/);
  assert.throws(() => nativeTopk({ ...problem, candidates: new Uint8Array(6) }), /`candidates`/);
  assert.throws(() => nativeTopk({ ...problem, items: new Float64Array(15) as never }), /wrong element type/);
  assert.throws(() => nativeTopk({ ...problem, exclude: [[1]] }), /`excludeOffsets`/);
});

test.run();
