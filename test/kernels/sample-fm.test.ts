import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SamplerConfig } from '../../src/native/binding.js';
import { plainOrdinalGibbs } from '../oracle/ordinal-gibbs.js';
import { logLikelihood } from '../oracle/sample-categories.js';
import { oracleErrors, oracleScores, startOracle, sweepOracle } from '../oracle/sample-fm.js';
import { assertClose } from '../support/assert-close.js';
import {
  newSampler,
  ordinalConfig,
  readSample,
  readSums,
  runSweeps,
  type SamplerShape,
  samplerConfig,
} from '../support/sampler-problems.js';
import { atEachLevel, newFlag } from '../support/train-problems.js';

const tiny: SamplerShape = { users: 9, items: 11, ratings: 50, dim: 3 };
const tolerance = { relative: 2e-4, absolute: 2e-4 };

/** The sampler's first sweeps against its twin's, at each level. */
async function compare(config: SamplerConfig, sweeps = 3): Promise<void> {
  const twin = startOracle(config);
  const expected = Array.from({ length: sweeps }, (_, sweep) => {
    sweepOracle(twin, sweep);
    const { values, means, precisions, globalBias, precision, categories } = twin;
    const loss =
      categories === undefined
        ? oracleErrors(twin).reduce((sum, e) => sum + e * e, 0) / config.values.length
        : -logLikelihood(categories, categories.cutpoints, oracleScores(twin)) / config.values.length;
    return structuredClone({
      values: values.flat(),
      means: means.flat(),
      precisions: precisions.flat(),
      cutpoints: categories?.cutpoints ?? [],
      globalBias,
      precision,
      loss,
    });
  });
  await atEachLevel(async (level) => {
    const sampler = newSampler(config);
    for (const [sweep, sample] of expected.entries()) {
      const { status, trainLoss } = await sampler.runSweep(sweep, false, newFlag());
      assert.is(status, 'ok');
      const actual = readSample(sampler, config);
      for (const name of ['cutpoints', 'precisions', 'means', 'values', 'globalBias', 'precision'] as const) {
        assertClose(actual[name], sample[name], tolerance, `${level}, sweep ${sweep}, ${name}`);
      }
      assertClose(trainLoss, sample.loss, tolerance, `${level}, sweep ${sweep}, loss`);
    }
    sampler.dispose();
  });
}

test('ids alone: the draws of the twin', async () => {
  await compare(samplerConfig(tiny));
});

test('features of items, of both sides, and moments: the draws of the twin', async () => {
  await compare(samplerConfig({ ...tiny, fields: 'items' }));
  await compare(samplerConfig({ ...tiny, fields: 'both' }));
  await compare(samplerConfig({ ...tiny, levels: 1 }));
  await compare(samplerConfig({ ...tiny, fields: 'both', levels: 2 }));
});

test('odd widths and sizes: the draws of the twin', async () => {
  for (const dim of [1, 16, 17, 33]) await compare(samplerConfig({ ...tiny, dim, ratings: 30, fields: 'both' }), 1);
  await compare(samplerConfig({ ...tiny, dim: 129, ratings: 12, users: 3, items: 5 }), 1);
  await compare(samplerConfig({ users: 1, items: 8, ratings: 7, dim: 2, fields: 'both', levels: 2 }));
  await compare(samplerConfig({ users: 8, items: 1, ratings: 7, dim: 2, fields: 'both', levels: 2 }));
  await compare(samplerConfig({ users: 1, items: 1, ratings: 1, dim: 2 }));
  await compare(samplerConfig({ users: 33, items: 31, ratings: 129, dim: 2 }), 1);
});

test('ordinal ratings: the draws of the twin', async () => {
  await compare(ordinalConfig(tiny, 2));
  await compare(ordinalConfig(tiny, 3));
  await compare(ordinalConfig({ ...tiny, fields: 'both', levels: 2 }, 5));
  // Categories of few ratings each, far scores, and cutpoints that lie side by side.
  await compare(ordinalConfig({ users: 33, items: 31, ratings: 129, dim: 2 }, 12, { initStd: 2 }), 2);
  await compare(ordinalConfig({ users: 1, items: 3, ratings: 2, dim: 1 }, 2));
});

test('equal bits for any number of threads, and at every level with fused multiply-add', async () => {
  const shape: SamplerShape = { users: 700, items: 900, ratings: 9000, dim: 5, fields: 'both', levels: 2, valid: 600 };
  const bits = async (threads: number, seed = 7, categories = 0) => {
    const options = { threads, seed };
    const config = categories === 0 ? samplerConfig(shape, options) : ordinalConfig(shape, categories, options);
    const sampler = newSampler(config);
    const sweeps = await runSweeps(sampler, 3, 1);
    const losses = sweeps.map(({ trainLoss, validLoss, validRmse }) => ({ trainLoss, validLoss, validRmse }));
    const state = { losses, sample: readSample(sampler, config), sums: readSums(sampler, config) };
    sampler.dispose();
    return state;
  };
  const one = await bits(1);
  for (const threads of [2, 3, 8]) assert.equal(await bits(threads), one, `${threads} threads`);
  assert.not.equal(await bits(2, 8), one);
  const ordinal = await bits(1, 7, 6);
  for (const threads of [2, 3]) assert.equal(await bits(threads, 7, 6), ordinal, `ordinal, ${threads} threads`);
  await atEachLevel(async (level) => {
    if (level === 'base') return;
    assert.equal(await bits(2), one, level);
    assert.equal(await bits(2, 7, 6), ordinal, `ordinal, ${level}`);
  });
});

test('validation is the error of the mean score over the kept samples', async () => {
  const config = samplerConfig({ ...tiny, levels: 1, valid: 20 });
  const sampler = newSampler(config);
  const twin = startOracle(config);
  const sums = new Float64Array(20);
  const { fields } = twin;
  for (let sweep = 0; sweep < 4; sweep++) {
    const keep = sweep >= 2;
    const { validLoss } = await sampler.runSweep(sweep, keep, newFlag());
    sweepOracle(twin, sweep);
    const errors = Array.from(config.validValues, (value, n) => {
      const active = [config.validQueries[n], fields[1].begin + config.validItems[n]];
      let score = twin.globalBias + active.reduce((sum, j) => sum + twin.values[twin.dim][j], 0);
      for (const row of twin.values.slice(0, twin.dim)) score += row[active[0]] * row[active[1]];
      sums[n] = keep && sweep > 2 ? sums[n] + score : score;
      return sums[n] / Math.max(1, sweep - 1) - value;
    });
    const expected = errors.reduce((sum, e) => sum + e * e, 0) / 20;
    assertClose(validLoss, expected, tolerance, `sweep ${sweep}`);
  }
});

class Mean {
  #count = 0;
  #sum = 0;
  #squares = 0;
  add(x: number): void {
    this.#count++;
    this.#sum += x;
    this.#squares += x * x;
  }
  get mean(): number {
    return this.#sum / this.#count;
  }
  get deviation(): number {
    return Math.sqrt(this.#squares / this.#count - this.mean ** 2);
  }
}

/** Solves a x = b by elimination. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let i = 0; i < rows.length; i++) {
    for (let k = i + 1; k < rows.length; k++) {
      const share = rows[k][i] / rows[i][i];
      for (let j = i; j <= rows.length; j++) rows[k][j] -= share * rows[i][j];
    }
  }
  const x = b.map(() => 0);
  for (let i = rows.length - 1; i >= 0; i--) {
    let sum = rows[i][rows.length];
    for (let j = i + 1; j < rows.length; j++) sum -= rows[i][j] * x[j];
    x[i] = sum / rows[i][i];
  }
  return x;
}

test('weights alone are draws of Bayesian ridge regression: mean and variance of its closed form', async () => {
  const config = samplerConfig({ users: 4, items: 5, ratings: 12, dim: 0 }, { seed: 3 });
  const { ratings, fields, numFeatures } = startOracle(config);
  const sampler = newSampler(config);
  const features = Array.from({ length: numFeatures }, (_, j) => j).filter((j) =>
    ratings.some(({ active }) => active.has(j)),
  );
  const unknowns = [-1, ...features]; // -1: the global bias
  const x = ratings.map(({ active }) => unknowns.map((j) => (j < 0 ? 1 : (active.get(j) ?? 0))));
  const sweeps = 12_000;
  const drawn = { sum: 0, squares: 0 };
  const closed = { sum: 0, squares: 0, variance: 0 };
  for (let sweep = 0; sweep < sweeps; sweep++) {
    await sampler.runSweep(sweep, false, newFlag());
    if (sweep < 500) continue;
    const s = readSample(sampler, config);
    const score = s.globalBias + s.values[0] + s.values[fields[1].begin];
    drawn.sum += score;
    drawn.squares += score * score;
    // Given the hyperparameters: (precision X'X + D) w = precision X'r + D m.
    const prior = unknowns.map((j) => {
      const g = fields.findIndex(({ begin, end }) => j >= begin && j < end);
      return g < 0 ? { precision: 0, mean: 0 } : { precision: s.precisions[g], mean: s.means[g] };
    });
    const matrix = unknowns.map((_, i) =>
      unknowns.map((_, j) =>
        x.reduce((sum, row) => sum + s.precision * row[i] * row[j], i === j ? prior[i].precision : 0),
      ),
    );
    const right = unknowns.map((_, i) =>
      ratings.reduce((sum, { value }, t) => sum + s.precision * x[t][i] * value, prior[i].precision * prior[i].mean),
    );
    const wanted = unknowns.map((j) => (j < 0 || j === 0 || j === fields[1].begin ? 1 : 0));
    const mean = solve(matrix, right).reduce((sum, w, i) => sum + w * wanted[i], 0);
    closed.sum += mean;
    closed.squares += mean * mean;
    closed.variance += solve(matrix, wanted).reduce((sum, w, i) => sum + w * wanted[i], 0);
  }
  sampler.dispose();
  const n = sweeps - 500;
  const [mean, expected] = [drawn.sum / n, closed.sum / n];
  const variance = drawn.squares / n - mean ** 2;
  const expectedVariance = closed.variance / n + closed.squares / n - expected ** 2;
  assert.ok(expectedVariance > 0.05, `variance ${expectedVariance}`);
  assert.ok(Math.abs(mean - expected) < 0.1 * Math.sqrt(expectedVariance), `mean ${mean}, closed form ${expected}`);
  assert.ok(Math.abs(variance / expectedVariance - 1) < 0.1, `variance ${variance}, closed form ${expectedVariance}`);
});

test('ordinal weights have the posterior of plain Gibbs sampling with uniform cutpoints', async () => {
  const ordered = ordinalConfig({ users: 5, items: 8, ratings: 30, dim: 0 }, 3, { seed: 5 });
  // Categories that users and items explain in part alone: else scores have no scale, and neither chain settles.
  const config = { ...ordered, categories: ordered.categories.map((c, t) => (t % 2 === 0 ? c : (7 * t) % 3)) };
  const { ratings, fields, numFeatures } = startOracle(config);
  /** Distances: all scores and cutpoints together may move far, with heavy tails, and nothing depends on it. */
  const summary = () => ({ score: new Mean(), distance: new Mean(), difference: new Mean() });
  const scoreOf = (values: ArrayLike<number>, t: number): number =>
    [...ratings[t].active].reduce((sum, [j, x]) => sum + x * values[j], 0);
  const add = (to: ReturnType<typeof summary>, values: ArrayLike<number>, cutpoints: ArrayLike<number>): void => {
    to.score.add(scoreOf(values, 0) - cutpoints[0]);
    to.distance.add(cutpoints[1] - cutpoints[0]);
    to.difference.add(scoreOf(values, 1) - scoreOf(values, ratings.length - 1));
  };
  const sweeps = 25_000;
  const native = summary();
  const sampler = newSampler(config);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    await sampler.runSweep(sweep, false, newFlag());
    const { values, cutpoints } = readSample(sampler, config);
    add(native, values, cutpoints);
  }
  sampler.dispose();
  const plain = summary();
  for (const { values, cutpoints } of plainOrdinalGibbs(config, ratings, fields, numFeatures, 4 * sweeps)) {
    add(plain, values, cutpoints);
  }
  for (const name of ['score', 'distance', 'difference'] as const) {
    const [found, expected] = [native[name], plain[name]];
    assert.ok(
      Math.abs(found.mean - expected.mean) < 0.05 * expected.deviation,
      `${name}: mean ${found.mean}, expected ${expected.mean}, deviation ${expected.deviation}`,
    );
    assert.ok(
      Math.abs(found.deviation / expected.deviation - 1) < 0.05,
      `${name}: deviation ${found.deviation}, expected ${expected.deviation}`,
    );
  }
});

test('a sweep that is cancelled says so, and a sampler that is gone too', async () => {
  const config = samplerConfig(tiny);
  const sampler = newSampler(config);
  const flag = newFlag();
  flag[0] = 1;
  assert.is((await sampler.runSweep(0, true, flag)).status, 'cancelled');
  sampler.dispose();
  assert.throws(() => sampler.runSweep(1, true, newFlag()), /disposed/);
});

test('arrays that would be read out of bounds are refused', () => {
  const config = samplerConfig({ ...tiny, fields: 'both', levels: 2 });
  const wrong: Partial<SamplerConfig>[] = [
    { items: config.items.map(() => 11) },
    { queryRows: config.queryRows.map(() => 1e6) },
    { userFeatures: config.userFeatures.map(() => 7) },
    { itemFeatureOffsets: config.itemFeatureOffsets.slice(1) },
    { levelParents: config.levelParents.map(() => 0) },
    { levelOffsets: config.levelOffsets.map(() => 0) },
    { levelSizes: new Uint32Array(5) },
    { validQueries: Uint32Array.of(1e6), validItems: Uint32Array.of(0), validValues: Float32Array.of(1) },
    { range: 17 },
    { categoryValues: Float64Array.of(1, 2) },
    { categories: config.items.map(() => 0) as unknown as Uint8Array, categoryValues: Float64Array.of(1, 2) },
    { categories: new Uint8Array(config.items.length), categoryValues: Float64Array.of(1, 2) },
    { categories: new Uint8Array(config.items.length), categoryValues: Float64Array.of(1) },
    {
      categories: Uint8Array.from(config.items, (_, n) => n % 3),
      categoryValues: Float64Array.of(1, 2),
    },
  ];
  for (const change of wrong)
    assert.throws(() => newSampler({ ...config, ...change }), /native:/, JSON.stringify(Object.keys(change)));
});

test.run();
