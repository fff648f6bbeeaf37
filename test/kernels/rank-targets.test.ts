// The rank of the first target against a full sort, and against full lists of the native top-k.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { RankTargetsCall } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { naiveRanking, type TopkProblem } from '../oracle/topk.js';
import { callOf, eachLevel, nativeTopk, realProblem, type Sizes, wholeProblem } from '../support/topk-problems.js';
import { newFlag } from '../support/train-problems.js';

/** Some allowed items of each query: none for every fifth, up to eleven for others. */
function drawTargets(problem: TopkProblem, seed: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: problem.numQueries }, (_, q) => {
    const allowed = Array.from({ length: problem.numItems }, (_, item) => item).filter(
      (item) => problem.candidates?.[item] !== 0 && !problem.exclude?.[q]?.includes(item),
    );
    const wanted = q % 5 === 4 || allowed.length === 0 ? 0 : 1 + random.below(11);
    return Array.from({ length: wanted }, () => allowed[random.below(allowed.length)]);
  });
}

function rankCall(problem: TopkProblem, targets: readonly number[][], threads: number): RankTargetsCall {
  const targetOffsets = new Uint32Array(targets.length + 1);
  for (const [q, list] of targets.entries()) targetOffsets[q + 1] = targetOffsets[q] + list.length;
  return {
    ...callOf({ ...problem, k: 0 }, threads),
    ranks: new Uint32Array(problem.numQueries).fill(7),
    targetOffsets,
    targetItems: Uint32Array.from(targets.flat()),
  };
}

/** At each level, whose scores may differ in the last digits, and for several numbers of threads. */
async function check(
  problem: TopkProblem,
  targets: readonly number[][],
  expectedRanks: (problem: TopkProblem, targets: readonly number[][]) => number[],
  what: string,
) {
  const runs: Promise<void>[] = [];
  eachLevel((level) => {
    const expected = expectedRanks(problem, targets);
    for (const threads of [1, 2, 3]) {
      const call = rankCall(problem, targets, threads);
      const run = async (): Promise<void> => {
        assert.is(await native().startRanks(call, newFlag()), 'ok');
        assert.equal([...call.ranks], expected, `${what}, ${level}, ${threads} threads`);
      };
      runs.push(run());
    }
  });
  await Promise.all(runs);
}

const rankIn = (list: readonly number[], targets: readonly number[]): number =>
  list.findIndex((item) => targets.includes(item)) + 1;

/** By lists of all items, which hold the scores as native code defines them. */
function ranksByLists(problem: TopkProblem, targets: readonly number[][]): number[] {
  const { indices } = nativeTopk({ ...problem, k: problem.numItems });
  return targets.map((list, q) =>
    rankIn([...indices.subarray(q * problem.numItems, (q + 1) * problem.numItems)], list),
  );
}

/** By the oracle. */
const ranksBySorting = (problem: TopkProblem, targets: readonly number[][]): number[] =>
  targets.map((list, q) =>
    rankIn(
      naiveRanking(problem, q).map(({ item }) => item),
      list,
    ),
  );

const sizes: readonly Omit<Sizes, 'k'>[] = [
  { numQueries: 0, numItems: 31, dim: 4 },
  { numQueries: 1, numItems: 1, dim: 1 },
  { numQueries: 5, numItems: 129, dim: 3 },
  { numQueries: 6, numItems: 33, dim: 17 },
  { numQueries: 31, numItems: 129, dim: 16 },
  { numQueries: 129, numItems: 500, dim: 33 },
  { numQueries: 33, numItems: 97, dim: 0 },
];

test('whole numbers with many ties agree with a full sort', async () => {
  for (const [n, size] of sizes.entries()) {
    for (const extras of [{}, { biases: true, exclude: true }, { exclude: true, candidates: true }]) {
      const problem = wholeProblem({ ...size, k: 1 }, extras, n + 1);
      const targets = drawTargets(problem, n + 11);
      await check(problem, targets, ranksBySorting, JSON.stringify({ ...size, ...extras }));
    }
  }
});

test('real numbers, dot products and cosines, agree with lists of all items', async () => {
  for (const cosine of [false, true]) {
    const extras = { biases: true, exclude: true, candidates: true };
    const problem = realProblem({ numQueries: 129, numItems: 1001, dim: 33, k: 1, cosine }, extras, 3);
    const targets = drawTargets(problem, 5);
    await check(problem, targets, ranksByLists, `cosine ${cosine}`);
  }
});

test('equal rows and rows within the last digits of each other are told apart', async () => {
  const problem = realProblem({ numQueries: 40, numItems: 300, dim: 24, k: 1 }, {}, 9);
  for (let item = 1; item < 300; item++) {
    problem.items.set(problem.items.subarray(0, 24), item * 24);
    problem.items[item * 24 + (item % 24)] *= 1 + (item % 3) * 2 ** -23;
  }
  const targets = drawTargets(problem, 6);
  await check(problem, targets, ranksByLists, 'near ties');
});

test('numbers that leave the bounds of float32, and NaN', async () => {
  for (const wild of [Number.NaN, Number.POSITIVE_INFINITY, 1e30, -3e38]) {
    for (const cosine of [false, true]) {
      const problem = realProblem({ numQueries: 33, numItems: 129, dim: 5, k: 1, cosine }, { biases: true }, 2);
      problem.items[7 * 5 + 2] = wild;
      problem.items[100 * 5] = -wild;
      problem.queries[3 * 5 + 1] = wild;
      if (problem.itemBiases) problem.itemBiases[50] = wild;
      const targets = drawTargets(problem, 8);
      targets[0] = [7];
      targets[1] = [50, 100];
      targets[2] = [50];
      await check(problem, targets, ranksByLists, `${wild}, cosine ${cosine}`);
    }
  }
});

test('a raised flag stops it, and what would read out of bounds is refused', async () => {
  const problem = wholeProblem({ numQueries: 40, numItems: 300, dim: 8, k: 1 }, { exclude: true });
  const call = rankCall(problem, drawTargets(problem, 1), 2);
  assert.is(await native().startRanks(call, Int32Array.of(1)), 'cancelled');
  const wrong = (changed: object) => () => native().startRanks({ ...call, ...changed }, newFlag());
  assert.throws(wrong({ targetItems: call.targetItems.map(() => 300) }), /`targetItems`.*out of range/);
  assert.throws(wrong({ excludeItems: call.excludeItems?.map(() => 300) }), /`excludeItems`.*out of range/);
  assert.throws(wrong({ targetOffsets: call.targetOffsets.map((x) => x + 1) }), /exceeds its items/);
  assert.throws(wrong({ ranks: new Uint32Array(1) }), /elements/);
});

test.run();
