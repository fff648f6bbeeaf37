/**
 * What ordinal ratings add to the slow twin of native/kernels/sample_fm: likelihoods from differences of the normal
 * distribution, their derivatives by finite differences, everything in float64 over all ratings.
 */
import { inverse } from './item-weights.js';
import { gamma, normal, normalCdf, normalQuantile, uniform } from './normal-draws.js';
import { OracleSequence } from './train-rng.js';

export interface OracleCategories {
  count: number;
  /** (ratings) */
  ofRatings: ArrayLike<number>;
  /** (count - 1) */
  cutpoints: number[];
}

/** Cutpoints that explain the share of each category alone. */
export function startCategories(ofRatings: ArrayLike<number>, count: number): OracleCategories {
  const all = Array.from(ofRatings);
  const below = (k: number): number => all.filter((c) => c < k).length / all.length;
  return { count, ofRatings, cutpoints: Array.from({ length: count - 1 }, (_, k) => normalQuantile(below(k + 1))) };
}

const boundsOf = (cutpoints: readonly number[], c: number): [number, number] => [
  c === 0 ? -Infinity : cutpoints[c - 1],
  c === cutpoints.length ? Infinity : cutpoints[c],
];

/** P(low < N(0, 1) < high), small ones from the lower tail. */
const between = (low: number, high: number): number =>
  low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);

export function logLikelihood(
  { ofRatings }: OracleCategories,
  cutpoints: readonly number[],
  scores: readonly number[],
): number {
  return scores.reduce((sum, score, t) => {
    const [low, high] = boundsOf(cutpoints, ofRatings[t]);
    return sum + Math.log(between(low - score, high - score));
  }, 0);
}

const STEP = 1e-4;

/** Slope, and minus the second derivatives, by central differences. */
function derivatives(of: (x: readonly number[]) => number, x: readonly number[]) {
  const moved = (k: number, by: number, from: readonly number[] = x) => from.map((y, i) => (i === k ? y + by : y));
  const slope = x.map((_, k) => (of(moved(k, STEP)) - of(moved(k, -STEP))) / (2 * STEP));
  const curvature = x.map((_, k) =>
    x.map((_, l) => {
      const at = (a: number, b: number): number => of(moved(l, b * STEP, moved(k, a * STEP)));
      return -(at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * STEP * STEP);
    }),
  );
  return { slope, curvature };
}

const ascends = (x: readonly number[]): boolean => x.every((y, k) => k === 0 || y > x[k - 1]);

/** The cutpoints of greatest likelihood, by Newton's method. */
function findMode(of: (x: readonly number[]) => number, start: readonly number[]) {
  let x = [...start];
  for (;;) {
    const { slope, curvature } = derivatives(of, x);
    const step = inverse(curvature).map((row) => row.reduce((sum, y, k) => sum + y * slope[k], 0));
    if (step.reduce((sum, y, k) => sum + y * slope[k], 0) < 1e-9) return { mode: x, curvature };
    const better = [1, 0.5, 0.1, 0.01, 1e-3]
      .map((share) => x.map((y, k) => y + share * step[k]))
      .find((next) => ascends(next) && of(next) > of(x));
    // What is left is the error of the differences.
    if (better === undefined) return { mode: x, curvature };
    x = better;
  }
}

/** A = L D L' with ones on the diagonal of L. */
function factor(a: readonly (readonly number[])[]) {
  const l = a.map((_, i) => a.map((_, j) => Number(i === j)));
  const d = a.map(() => 0);
  for (const j of a.keys()) {
    const sum = (i: number): number => d.slice(0, j).reduce((total, y, k) => total + y * l[i][k] * l[j][k], 0);
    d[j] = a[j][j] - sum(j);
    for (let i = j + 1; i < a.length; i++) l[i][j] = (a[i][j] - sum(i)) / d[j];
  }
  return { l, d };
}

const FREEDOM = 10;

/** One step of Metropolis and Hastings with proposals of Student's t around the mode. */
export function drawCutpoints(s: OracleCategories, scores: readonly number[], seed: number, sweep: number): void {
  const sequence = new OracleSequence(seed, (1n << 62n) + BigInt(2 * sweep));
  const size = s.count - 1;
  const of = (x: readonly number[]): number => logLikelihood(s, x, scores);
  const { mode, curvature } = findMode(of, s.cutpoints);
  const { l, d } = factor(curvature);
  const scale = Math.sqrt(FREEDOM / 2 / gamma(FREEDOM / 2, new OracleSequence(sequence.at(size + 1))));
  const away = mode.map(() => 0);
  for (let k = size - 1; k >= 0; k--) {
    const rest = away.reduce((sum, y, i) => (i > k ? sum + l[i][k] * y : sum), 0);
    away[k] = (scale * normal(sequence, k)) / Math.sqrt(d[k]) - rest;
  }
  const trial = mode.map((y, k) => y + away[k]);
  if (!ascends(trial)) return;
  const logDensity = (x: readonly number[]): number => {
    const square = x.reduce(
      (sum, y, i) => sum + x.reduce((total, z, j) => total + (y - mode[i]) * curvature[i][j] * (z - mode[j]), 0),
      0,
    );
    return -0.5 * (FREEDOM + size) * Math.log(1 + square / FREEDOM);
  };
  const ratio = of(trial) - of(s.cutpoints) + logDensity(s.cutpoints) - logDensity(trial);
  if (Math.log(uniform(sequence, size)) < ratio) s.cutpoints = trial;
}

/** A normal number between two bounds, as native/math/normal.h defines it. */
export function drawBetween(low: number, high: number, sequence: OracleSequence): number {
  if (high <= 0) return -drawBetween(-high, -low, sequence);
  if (low <= 3) {
    const u = uniform(sequence, 0);
    if (low < 0) return normalQuantile(normalCdf(low) + u * between(low, high));
    return -normalQuantile(normalCdf(-high) + u * between(low, high));
  }
  for (let n = 0; ; n += 2) {
    const x = Math.sqrt(low ** 2 - 2 * Math.log(1 - uniform(sequence, n) * (1 - Math.exp((low ** 2 - high ** 2) / 2))));
    if (uniform(sequence, n + 1) * x <= low) return Math.min(x, high);
  }
}

/** The normal numbers behind the ratings. */
export function drawLatents(s: OracleCategories, scores: readonly number[], seed: number, sweep: number): number[] {
  const sequence = new OracleSequence(seed, (1n << 62n) + BigInt(2 * sweep + 1));
  return scores.map((score, t) => {
    const [low, high] = boundsOf(s.cutpoints, s.ofRatings[t]);
    return score + drawBetween(low - score, high - score, new OracleSequence(sequence.at(t)));
  });
}
