import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlsTrainerConfig, NativeAlsEpoch } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { type AlsFactors, type AlsProblem, type AlsSolver, objective, runEpoch } from '../oracle/solve-als.js';
import { assertClose } from '../support/assert-close.js';
import { likesConfig, randomLikes } from '../support/like-problems.js';
import { atEachLevel } from '../support/train-problems.js';

interface Case {
  problem: AlsProblem;
  config: AlsTrainerConfig;
}

/** Random positives; the last item has none, nor has the last user beside others. */
function caseOf(numUsers: number, numItems: number, dim: number, options: Partial<AlsTrainerConfig> = {}): Case {
  const lists = randomLikes(numUsers, numItems, 11);
  if (numUsers > 1) lists[numUsers - 1] = [];
  const { weights } = options;
  let at = 0;
  const dense = lists.map((list) => {
    const row = new Array<number>(numItems).fill(0);
    for (const item of list) row[item] = weights?.[at++] ?? 1;
    return row;
  });
  const config: AlsTrainerConfig = {
    ...likesConfig(lists, numItems),
    weights: undefined,
    validUsers: new Uint32Array(0),
    validItems: new Uint32Array(0),
    validWeights: undefined,
    dim,
    solver: 'blocks',
    blockSize: 16,
    cgSteps: 3,
    unobservedWeight: 0.2,
    regularization: 0.05,
    regularizationPower: 0.5,
    initStd: 0.3,
    seed: 5,
    ...options,
  };
  return { problem: { ...config, numUsers, weights: dense }, config };
}

const randomWeights = (size: number): Float32Array => Float32Array.from({ length: size }, (_, n) => 0.5 + (n % 7) / 2);

function read(trainer: { read(target: object): void }, { problem, config }: Case) {
  const target = {
    userFactors: new Float32Array(problem.numUsers * config.dim),
    itemFactors: new Float32Array(problem.numItems * config.dim),
  };
  trainer.read(target);
  return target;
}

const rowsOf = (flat: Float32Array, dim: number): number[][] =>
  Array.from({ length: flat.length / dim }, (_, r) => [...flat.subarray(r * dim, (r + 1) * dim)]);

async function train(given: Case, epochs: number) {
  const trainer = new (native().AlsTrainer)(given.config);
  const start = read(trainer, given);
  const reports: NativeAlsEpoch[] = [];
  for (let e = 0; e < epochs; e++) reports.push(await trainer.runEpoch(new Int32Array(1)));
  const end = read(trainer, given);
  trainer.dispose();
  return { start, end, reports };
}

const factorsOf = (
  { userFactors, itemFactors }: { userFactors: Float32Array; itemFactors: Float32Array },
  dim: number,
) => ({
  users: rowsOf(userFactors, dim),
  items: rowsOf(itemFactors, dim),
});

async function compare(given: Case, solver: AlsSolver): Promise<void> {
  const { problem, config } = given;
  const { start } = await train(given, 0);
  const twin: AlsFactors = factorsOf(start, config.dim);
  const losses = [0, 1].map(() => {
    runEpoch(problem, twin, solver);
    return objective(problem, twin) / Math.max(1, config.items.length);
  });
  await atEachLevel(async (level) => {
    const { end, reports } = await train(given, losses.length);
    for (const [e, loss] of losses.entries()) {
      assert.is(reports[e]?.status, 'ok');
      assertClose(reports[e]?.trainLoss ?? Number.NaN, loss, { relative: 2e-5, absolute: 1e-6 }, `${level} loss`);
    }
    const tolerance = { relative: 1e-4, absolute: 1e-4 };
    assertClose(end.userFactors, twin.users.flat(), tolerance, `${level} users`);
    assertClose(end.itemFactors, twin.items.flat(), tolerance, `${level} items`);
  });
}

const sizes = [
  [1, 1, 1],
  [2, 31, 33],
  [40, 33, 16],
  [33, 129, 31],
  [129, 40, 65],
  [40, 33, 129],
] as const;

for (const block of [16, 32, 48, 0]) {
  test(`blocks of ${block === 0 ? 'all' : block} columns: the twin's losses and factors, with and without weights`, async () => {
    for (const [users, items, dim] of sizes) {
      const solver: AlsSolver = { kind: 'blocks', size: block === 0 ? dim : block };
      const plain = caseOf(users, items, dim, { blockSize: block });
      await compare(plain, solver);
      if (dim > 65) continue; // the twin takes seconds
      const weights = randomWeights(plain.config.items.length);
      await compare(caseOf(users, items, dim, { blockSize: block, weights }), solver);
    }
  });
}

test("conjugate gradients: the twin's losses and factors, with and without weights", async () => {
  for (const [users, items, dim] of sizes) {
    const plain = caseOf(users, items, dim, { solver: 'cg', initStd: 0.05 });
    await compare(plain, { kind: 'cg', steps: 3 });
    if (dim > 65) continue; // the twin takes seconds
    const weights = randomWeights(plain.config.items.length);
    await compare(caseOf(users, items, dim, { solver: 'cg', initStd: 0.05, weights }), { kind: 'cg', steps: 3 });
  }
});

test('rows with more pairs than are fitted together, and in more than one chunk', async () => {
  const lists = Array.from({ length: 3 }, (_, u) =>
    Array.from({ length: 2500 }, (_, i) => i).filter((i) => u === 1 || i % 3 === u),
  );
  const offsets = Uint32Array.from([0, 834, 3334, 4167]);
  assert.is(offsets[3], lists.flat().length);
  for (const weights of [undefined, randomWeights(4167)]) {
    let at = 0;
    const dense = lists.map((list) => {
      const row = new Array<number>(2500).fill(0);
      for (const i of list) row[i] = weights?.[at++] ?? 1;
      return row;
    });
    for (const [dim, blockSize] of [
      [20, 16],
      [20, 0],
      [40, 32],
    ] as const) {
      const given = caseOf(3, 2500, dim, { regularization: 0.5 });
      const config = { ...given.config, offsets, items: Uint32Array.from(lists.flat()), weights, blockSize };
      const solver: AlsSolver = { kind: 'blocks', size: blockSize === 0 ? dim : blockSize };
      await compare({ problem: { ...given.problem, weights: dense }, config }, solver);
    }
  }
});

test('the gradient of the objective by the rows fitted last is zero, by finite differences', async () => {
  const given = caseOf(25, 21, 7, { blockSize: 0 });
  const { end } = await train(given, 1);
  const factors = factorsOf(end, 7);
  const step = 1e-3;
  for (let i = 0; i < 20; i++) {
    for (let k = 0; k < 7; k++) {
      const moved = (by: number): number => {
        const items = factors.items.map((row, r) => (r === i ? row.map((x, c) => (c === k ? x + by : x)) : row));
        return objective(given.problem, { users: factors.users, items });
      };
      const slope = (moved(step) - moved(-step)) / (2 * step);
      assert.ok(Math.abs(slope) < 1e-3, `item ${i}, factor ${k}: ${slope}`);
      assert.ok(moved(0.05) > moved(0) && moved(-0.05) > moved(0));
    }
  }
});

test('the objective never rises, and users and items without positives stay zero', async () => {
  for (const options of [{ blockSize: 16 }, { blockSize: 32 }, { blockSize: 0 }, { solver: 'cg' }] as const) {
    const { end, reports } = await train(caseOf(60, 50, 40, { ...options, initStd: 0.02 }), 8);
    for (const [e, { trainLoss }] of reports.entries())
      assert.ok(e === 0 || trainLoss <= (reports[e - 1]?.trainLoss as number) * (1 + 1e-6), `epoch ${e}`);
    assert.ok(end.userFactors.subarray(59 * 40).every((x) => x === 0));
    assert.ok(end.itemFactors.subarray(49 * 40).every((x) => x === 0));
    assert.ok(end.itemFactors.subarray(0, 40).some((x) => x !== 0));
  }
});

test('the same bits for any number of threads, and on all levels that fuse', async () => {
  for (const options of [{ blockSize: 16 }, { blockSize: 32 }, { blockSize: 0 }, { solver: 'cg' }] as const) {
    const one = await train(caseOf(150, 129, 70, options), 2);
    const same = (other: typeof one): boolean =>
      Buffer.from(other.end.userFactors.buffer).equals(Buffer.from(one.end.userFactors.buffer)) &&
      Buffer.from(other.end.itemFactors.buffer).equals(Buffer.from(one.end.itemFactors.buffer)) &&
      other.reports.every(({ trainLoss }, e) => trainLoss === one.reports[e]?.trainLoss);
    for (const threads of [2, 3, 8]) {
      assert.ok(same(await train(caseOf(150, 129, 70, { ...options, threads }), 2)), `${threads} threads`);
    }
    await atEachLevel(async (level) => {
      if (level !== 'base') assert.ok(same(await train(caseOf(150, 129, 70, options), 2)), level);
    });
  }
});

test('the validation loss: errors of the pairs, and the term of all pairs for each positive', async () => {
  const valid = { validUsers: Uint32Array.of(0, 3, 3, 7), validItems: Uint32Array.of(2, 0, 5, 1) };
  for (const validWeights of [undefined, Float32Array.of(1, 2, 0.5, 3)]) {
    const given = caseOf(20, 15, 9, { ...valid, validWeights });
    const { end, reports } = await train(given, 1);
    const { users, items } = factorsOf(end, 9);
    const score = (u: number, i: number): number => users[u].reduce((sum, x, k) => sum + x * items[i][k], 0);
    const errors = [...valid.validUsers].map(
      (u, n) => (validWeights?.[n] ?? 1) * (score(u, valid.validItems[n]) - 1) ** 2,
    );
    let squares = 0;
    for (const u of users.keys()) for (const i of items.keys()) squares += score(u, i) ** 2;
    const expected = errors.reduce((a, b) => a + b, 0) / 4 + (0.2 * squares) / given.config.items.length;
    assertClose(reports[0]?.validLoss ?? Number.NaN, expected, { relative: 1e-5, absolute: 0 }, 'valid loss');
  }
});

test('factors beyond floats are reported as diverged; a raised flag stops an epoch', async () => {
  const { reports } = await train(caseOf(20, 20, 8, { initStd: 1e30 }), 1);
  assert.is(reports[0]?.status, 'diverged');
  const trainer = new (native().AlsTrainer)(caseOf(20, 20, 8).config);
  assert.is((await trainer.runEpoch(Int32Array.of(1))).status, 'cancelled');
  assert.is((await trainer.runEpoch(Int32Array.of(0))).status, 'ok');
  trainer.dispose();
});

test('misuse is refused', () => {
  const { AlsTrainer } = native();
  const given = caseOf(20, 20, 8);
  const { config } = given;
  assert.throws(() => new AlsTrainer({ ...config, numItems: 3 }), /index out of range/);
  assert.throws(() => new AlsTrainer({ ...config, dim: 2 ** 21 }), /too large/);
  assert.throws(() => new AlsTrainer({ ...config, weights: new Float32Array(2) }), /`weights` has 2 elements/);
  assert.throws(
    () => new AlsTrainer({ ...config, validUsers: Uint32Array.of(20), validItems: Uint32Array.of(0) }),
    /range/,
  );
  assert.throws(() => new AlsTrainer({ ...config, solver: 'other' as never }), /unknown `solver` 'other'/);
  const trainer = new AlsTrainer(config);
  assert.throws(
    () => trainer.read({ userFactors: new Float32Array(3), itemFactors: new Float32Array(3) }),
    /has 3 elements/,
  );
  assert.throws(() => trainer.runEpoch(new Int32Array(0)), /`cancel` is empty/);
  trainer.dispose();
  assert.throws(() => trainer.runEpoch(new Int32Array(1)), /disposed/);
});

test.run();
