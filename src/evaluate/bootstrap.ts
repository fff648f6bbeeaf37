import { setImmediate } from 'node:timers/promises';
import { Random } from '../dataset/random.js';
import { expectInt, expectKnownKeys } from '../options.js';

/** How intervals are found. */
export interface IntervalOptions {
  /** Samples of users drawn. Default 1000. */
  resamples?: number;
  /** Default 42. */
  seed?: number;
}

/** Bounds of a 95 % confidence interval; NaN where fewer than two users count. */
export interface Interval {
  low: number;
  high: number;
}

/** A figure that is a ratio of sums over users: its value is sum(totals) / sum(sizes), or its root. */
export interface Figure {
  /** (users) NaN for a user who does not count. */
  totals: ArrayLike<number>;
  /** (users) default: 1 each, so that the figure is a mean. */
  sizes?: ArrayLike<number>;
  /** Whether the root is taken. */
  root?: boolean;
}

const LEVEL = 0.95;
/** Additions after which the event loop gets its turn. */
const TURN = 2 ** 22;

export function readIntervalOptions(value: IntervalOptions): Required<IntervalOptions> {
  expectKnownKeys('intervals', value, ['resamples', 'seed']);
  return {
    resamples: expectInt('resamples', value.resamples ?? 1000, { min: 100, max: 1_000_000 }),
    seed: expectInt('seed', value.seed ?? 42, { min: 0 }),
  };
}

/**
 * The figures of `resamples` samples of users, each as large as the whole and drawn with replacement (Efron and
 * Tibshirani, 1993, chapter 13): one array a figure, all over the same samples. Users are drawn with what they have, so
 * that the ratings of one user need not be independent.
 * @param users how many there are.
 */
export async function resampleFigures(
  figures: readonly Figure[],
  users: number,
  { resamples, seed }: Required<IntervalOptions>,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const random = new Random(seed);
  const results = figures.map(() => new Float64Array(resamples));
  const columns = figures.map((figure) => splitFigure(figure, users));
  const counts = new Float64Array(users);
  const turn = Math.max(1, Math.floor(TURN / (users * (figures.length + 1) + 1)));
  for (let sample = 0; sample < resamples; sample++) {
    if (sample % turn === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    counts.fill(0);
    for (let draw = 0; draw < users; draw++) {
      // Without a rejection, as users are far fewer than the generator's 2^32 values.
      const user = Math.floor(random.float() * users);
      counts[user] = (counts[user] as number) + 1;
    }
    for (const [f, { totals, sizes, root }] of columns.entries()) {
      const ratio = dot(counts, totals) / (sizes === undefined ? users : dot(counts, sizes));
      (results[f] as Float64Array)[sample] = root ? Math.sqrt(ratio) : ratio;
    }
  }
  return results;
}

/** The value of a figure over all users. */
export function figureOf(figure: Figure): number {
  const { totals, sizes, root } = splitFigure(figure, figure.totals.length);
  const ratio = sum(totals) / (sizes === undefined ? totals.length : sum(sizes));
  return root ? Math.sqrt(ratio) : ratio;
}

/** The percentile interval of resampled figures: linear between order statistics. */
export function percentileInterval(samples: Float64Array): Interval {
  const sorted = samples.filter((value) => !Number.isNaN(value)).sort();
  const at = (share: number): number => {
    if (sorted.length < 2) return Number.NaN;
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] as number;
    return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] as number) - below);
  };
  return { low: at((1 - LEVEL) / 2), high: at((1 + LEVEL) / 2) };
}

/** Intervals of named figures, all over the same samples. */
export async function bootstrapIntervals(
  figures: Readonly<Record<string, Figure>>,
  options: Required<IntervalOptions>,
  signal?: AbortSignal,
): Promise<Record<string, Interval>> {
  const names = Object.keys(figures);
  const users = Object.values(figures)[0]?.totals.length ?? 0;
  if (users < 2) return Object.fromEntries(names.map((name) => [name, { low: Number.NaN, high: Number.NaN }]));
  const samples = await resampleFigures(Object.values(figures), users, options, signal);
  return Object.fromEntries(names.map((name, f) => [name, percentileInterval(samples[f] as Float64Array)]));
}

/** The figure with users who do not count as zeros. */
function splitFigure({ totals, sizes, root }: Figure, users: number): Figure & { totals: Float64Array } {
  const column = Float64Array.from(totals);
  if (column.length !== users) throw new RangeError(`Expected ${users} users, received ${column.length}`);
  if (!column.some(Number.isNaN)) return { totals: column, sizes: sizes && Float64Array.from(sizes), root };
  const counted = column.map((value, user) => (Number.isNaN(value) ? 0 : ((sizes?.[user] as number) ?? 1)));
  return { totals: column.map((value) => (Number.isNaN(value) ? 0 : value)), sizes: counted, root };
}

function dot(a: Float64Array, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}
