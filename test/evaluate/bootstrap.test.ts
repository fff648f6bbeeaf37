import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import {
  bootstrapIntervals,
  type Figure,
  figureOf,
  percentileInterval,
  readIntervalOptions,
  resampleFigures,
} from '../../src/evaluate/bootstrap.js';
import { assertNear } from './fixtures.js';

const OPTIONS = { resamples: 400, seed: 7 };

/** Roughly normal, mean 0 and deviation 1. */
function normals(size: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: size }, () => {
    let sum = -6;
    for (let n = 0; n < 12; n++) sum += random.float();
    return sum;
  });
}

/** The same draws, each sample written out as a list of users. */
function slowSamples(users: number, { resamples, seed }: typeof OPTIONS, statistic: (drawn: number[]) => number) {
  const random = new Random(seed);
  return Array.from({ length: resamples }, () =>
    statistic(Array.from({ length: users }, () => Math.floor(random.float() * users))),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);

test('means, ratios and roots agree with samples written out', async () => {
  const users = 33;
  const totals = normals(users, 1).map(Math.abs);
  const sizes = Float64Array.from({ length: users }, (_, n) => 1 + (n % 4));
  const gaps = totals.map((value, n) => (n % 5 === 2 ? Number.NaN : value));
  const figures: Figure[] = [{ totals }, { totals, sizes, root: true }, { totals: gaps }];
  const found = await resampleFigures(figures, users, OPTIONS);
  const at = (values: ArrayLike<number>, drawn: number[]): number[] => drawn.map((n) => values[n] as number);
  const expected = [
    slowSamples(users, OPTIONS, (drawn) => sum(at(totals, drawn)) / users),
    slowSamples(users, OPTIONS, (drawn) => Math.sqrt(sum(at(totals, drawn)) / sum(at(sizes, drawn)))),
    slowSamples(users, OPTIONS, (drawn) => {
      const counted = at(gaps, drawn).filter((value) => !Number.isNaN(value));
      return sum(counted) / counted.length;
    }),
  ];
  for (const [f, samples] of expected.entries()) {
    samples.forEach((value, n) => void assertNear(found[f]?.[n], value, `figure ${f}, sample ${n}`));
  }
  assertNear(figureOf(figures[1] as Figure), Math.sqrt(sum([...totals]) / sum([...sizes])), 'root of a ratio');
});

test('percentiles of 0 to 40 by hand', () => {
  // 2.5 % of the way from 0 to 40 is 1, 97.5 % is 39.
  const { low, high } = percentileInterval(Float64Array.from({ length: 41 }, (_, n) => 40 - n));
  assertNear(low, 1, 'low');
  assertNear(high, 39, 'high');
  // Between the first two of three: 0 + .05 * (10 - 0).
  assertNear(percentileInterval(Float64Array.of(10, 0, 30)).low, 0.5, 'between two');
});

test('the interval of a mean is near that of the normal approximation', async () => {
  const totals = normals(500, 3);
  const mean = sum([...totals]) / 500;
  const deviation = Math.sqrt(sum([...totals].map((x) => (x - mean) ** 2)) / 499);
  const half = (1.96 * deviation) / Math.sqrt(500);
  const { m } = await bootstrapIntervals({ m: { totals } }, { resamples: 4000, seed: 1 });
  for (const [bound, expected] of [
    [m?.low, mean - half],
    [m?.high, mean + half],
  ] as const) {
    assert.ok(Math.abs((bound as number) - expected) < 0.1 * half, `${bound} is not near ${expected}`);
  }
});

test('the seed decides, equal values leave no room, and one user tells nothing', async () => {
  const figures = { m: { totals: normals(31, 5) }, same: { totals: new Float64Array(31).fill(0.25) } };
  const first = await bootstrapIntervals(figures, OPTIONS);
  assert.equal(await bootstrapIntervals(figures, OPTIONS), first);
  assert.not.equal((await bootstrapIntervals(figures, { ...OPTIONS, seed: 8 })).m, first.m);
  assert.equal(first.same, { low: 0.25, high: 0.25 });
  for (const users of [0, 1]) {
    const { m } = await bootstrapIntervals({ m: { totals: new Float64Array(users) } }, OPTIONS);
    assert.ok(Number.isNaN(m?.low) && Number.isNaN(m?.high));
  }
});

test('options are checked, and a signal stops it', async () => {
  assert.equal(readIntervalOptions({}), { resamples: 1000, seed: 42 });
  assert.throws(() => readIntervalOptions({ resamples: 9 }), /`resamples`.*>= 100/);
  assert.throws(() => readIntervalOptions({ samples: 1000 } as object), /`samples`/);
  const signal = AbortSignal.abort(new Error('enough'));
  try {
    await bootstrapIntervals({ m: { totals: normals(31, 5) } }, OPTIONS, signal);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test.run();
