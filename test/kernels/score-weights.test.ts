// Ranking by item-item weights against a full sort.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ScoreWeightsCall } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { type Matrix, scoresOf } from '../oracle/item-weights.js';
import { noise } from '../support/tiny-model.js';
import { atEachLevel, newFlag } from '../support/train-problems.js';
import { randomInteractions } from '../support/weight-problems.js';

interface Problem {
  call: Omit<ScoreWeightsCall, 'indices' | 'scores' | 'threads' | 'ranks' | 'targetOffsets' | 'targetItems'>;
  w: Matrix;
}

/** Weights in quarters, so that many scores are equal; a third of them are missing. */
function problem(
  numUsers: number,
  numItems: number,
  k: number,
  options: { exclude?: boolean; candidates?: boolean } = {},
) {
  const random = noise(numUsers + 7 * numItems);
  const w = Array.from({ length: numItems }, (_, h) =>
    Array.from({ length: numItems }, (_, i) => (h === i ? 0 : Math.max(-2, Math.round(6 * random())) / 4)),
  );
  const rows = w.map((row) => row.flatMap((weight, i) => (weight === 0 ? [] : [[i, weight]])));
  const weightOffsets = new Uint32Array(numItems + 1);
  for (const [h, row] of rows.entries()) weightOffsets[h + 1] = weightOffsets[h] + row.length;
  const history = randomInteractions(numUsers, numItems, 3, true);
  const call = {
    historyOffsets: history.offsets,
    historyItems: history.items,
    historyValues: history.values,
    weightOffsets,
    weightItems: Uint32Array.from(rows.flat(), ([i]) => i),
    weights: Float32Array.from(rows.flat(), ([, weight]) => weight),
    numUsers,
    numItems,
    k,
    excludeOffsets: options.exclude ? history.offsets : undefined,
    excludeItems: options.exclude ? history.items : undefined,
    candidates: options.candidates ? Uint8Array.from({ length: numItems }, (_, i) => (i % 5 === 1 ? 0 : 1)) : undefined,
  };
  return { call, w };
}

const filled = (call: Problem['call'], threads: number): ScoreWeightsCall => ({
  ...call,
  indices: new Uint32Array(call.numUsers * call.k),
  scores: new Float32Array(call.numUsers * call.k),
  ranks: undefined,
  targetOffsets: undefined,
  targetItems: undefined,
  threads,
});

function check({ call, w }: Problem, { indices, scores }: ScoreWeightsCall, what: string): void {
  const { k } = call;
  for (let user = 0; user < call.numUsers; user++) {
    const begin = call.historyOffsets[user];
    const items = [...call.historyItems.subarray(begin, call.historyOffsets[user + 1])];
    const all = scoresOf(
      items.map((item, n) => ({ item, value: call.historyValues[begin + n] })),
      w,
    );
    const allowed = [...all.keys()].filter(
      (i) => call.candidates?.[i] !== 0 && (call.excludeOffsets === undefined || !items.includes(i)),
    );
    const best = allowed.sort((a, b) => all[b] - all[a] || a - b).slice(0, k);
    const missing = k - best.length;
    assert.equal(
      [...indices.subarray(user * k, (user + 1) * k)],
      [...best, ...new Array(missing).fill(0xffffffff)],
      `${what}, user ${user}`,
    );
    assert.equal(
      [...scores.subarray(user * k, (user + 1) * k)],
      [...best.map((i) => all[i]), ...new Array(missing).fill(Number.NEGATIVE_INFINITY)],
      `${what}, scores of user ${user}`,
    );
  }
}

test('the k best of all sums, bit for bit, on every level and any number of threads', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of [
      [0, 3],
      [1, 1],
      [5, 31],
      [33, 33],
      [9, 129],
    ] as const) {
      for (const k of [1, 7, numItems]) {
        for (const exclude of [false, true]) {
          for (const candidates of [false, true]) {
            const made = problem(numUsers, numItems, k, { exclude, candidates });
            for (const threads of [1, 2, 3, 8]) {
              const call = filled(made.call, threads);
              native().scoreWeights(call);
              const what = `${level}, ${numUsers} x ${numItems}, k ${k}, ${threads} threads`;
              check(made, call, what);
              const long = filled(made.call, threads);
              assert.is(await native().startScoreWeights(long, newFlag()), 'ok');
              assert.equal([long.indices, long.scores], [call.indices, call.scores], what);
            }
          }
        }
      }
    }
  }));

test('the rank of the first target is its place in the list of all items', () =>
  atEachLevel(async (level) => {
    for (const [numUsers, numItems] of [
      [1, 1],
      [5, 31],
      [33, 33],
      [9, 129],
    ] as const) {
      for (const extras of [{}, { exclude: true, candidates: true }]) {
        const lists = filled(problem(numUsers, numItems, numItems, extras).call, 1);
        native().scoreWeights(lists);
        const rows = Array.from({ length: numUsers }, (_, u) => [
          ...lists.indices.subarray(u * numItems, (u + 1) * numItems),
        ]);
        const targets = rows.map((row, u) => row.filter((item, n) => item < numItems && (n * 7 + u) % 5 === 3));
        const targetOffsets = new Uint32Array(numUsers + 1);
        for (const [u, list] of targets.entries()) targetOffsets[u + 1] = targetOffsets[u] + list.length;
        const expected = rows.map((row, u) => row.findIndex((item) => targets[u].includes(item)) + 1);
        const asked = filled(problem(numUsers, numItems, 0, extras).call, 2);
        const targetItems = Uint32Array.from(targets.flat());
        const ranks = new Uint32Array(numUsers).fill(7);
        assert.is(
          await native().startScoreWeights({ ...asked, ranks, targetOffsets, targetItems }, newFlag()),
          'ok',
          `${level}, ${numUsers} x ${numItems}`,
        );
        assert.equal([...ranks], expected, `${level}, ${numUsers} x ${numItems}`);
      }
    }
  }));

test('a raised flag stops a search', async () => {
  const call = filled(problem(100, 33, 3).call, 2);
  assert.is(await native().startScoreWeights(call, Int32Array.of(1)), 'cancelled');
});

test('what would read out of bounds is refused', () => {
  const { call } = problem(5, 31, 2, { exclude: true });
  const wrong =
    (changed: object): (() => unknown) =>
    () =>
      native().scoreWeights({ ...filled(call, 1), ...changed });
  assert.throws(wrong({ historyItems: call.historyItems.map(() => 31) }), /out of range/);
  assert.throws(wrong({ excludeItems: call.historyItems.map(() => 31) }), /out of range/);
  assert.throws(wrong({ historyOffsets: call.historyOffsets.slice().reverse() }), /not offsets/);
  assert.throws(wrong({ weightOffsets: call.weightOffsets.map((x) => 2 * x) }), /not offsets/);
  assert.throws(wrong({ weights: new Float32Array(1) }), /elements/);
  assert.throws(wrong({ indices: new Uint32Array(1) }), /elements/);
});

test.run();
