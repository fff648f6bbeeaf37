import type { RatingCategories } from '../types.js';

/** Up to here a series is exact and short; beyond, a continued fraction. */
const SERIES_END = 3;
const FRACTION_TERMS = 60;

const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

/** (1 - Phi(x)) / phi(x) for x > 0, Laplace's continued fraction. */
function millsRatio(x: number): number {
  let below = x;
  for (let n = FRACTION_TERMS; n > 0; n--) below = x + n / below;
  return 1 / below;
}

/** Phi(x), the standard normal distribution; relative error below 1e-12 down to where it underflows. */
export function normalCdf(x: number): number {
  if (x < -SERIES_END) return density(x) * millsRatio(-x);
  if (x > SERIES_END) return 1 - normalCdf(-x);
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + density(x) * sum;
}

/** P(low < N(0, 1) < high), from the tail in which both lie. */
const between = (low: number, high: number): number =>
  low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);

/** The bounds of category c. */
const boundsOf = ({ cutpoints }: RatingCategories, c: number): [number, number] => [
  c === 0 ? Number.NEGATIVE_INFINITY : (cutpoints[c - 1] as number),
  cutpoints[c] ?? Number.POSITIVE_INFINITY,
];

/** The probability of each rating at a score: that a normal number around it lies between the rating's cutpoints. */
export function ratingProbabilities(categories: RatingCategories, score: number): number[] {
  return categories.values.map((_, c) => {
    const [low, high] = boundsOf(categories, c);
    return between(low - score, high - score);
  });
}

/** The mean rating at a score. */
export function meanRating({ values, cutpoints }: RatingCategories, score: number): number {
  let mean = values[0] as number;
  for (const [k, cutpoint] of cutpoints.entries()) {
    mean += ((values[k + 1] as number) - (values[k] as number)) * normalCdf(score - cutpoint);
  }
  return mean;
}

/** The category nearest to a rating; of two as near the lower. */
function categoryOf({ values }: RatingCategories, rating: number): number {
  let nearest = 0;
  for (const [c, value] of values.entries()) {
    if (Math.abs(value - rating) < Math.abs((values[nearest] as number) - rating)) nearest = c;
  }
  return nearest;
}

/**
 * -2 log P of a rating at a score, with half of its slope and curvature: beside squared errors of variance 1, which it
 * takes the place of, these are a residual and a weight.
 */
export function ordinalLoss(
  categories: RatingCategories,
  score: number,
  rating: number,
): { loss: number; residual: number; weight: number } {
  const [low, high] = boundsOf(categories, categoryOf(categories, rating)).map((bound) => bound - score) as [
    number,
    number,
  ];
  const mirrored = high <= 0;
  const [near, far] = mirrored ? [-high, -low] : [low, high];
  // Ratios to the density at the nearer bound: far in a tail the probability itself underflows.
  const isTail = near > 0;
  const fall = isTail ? Math.exp(0.5 * (near - far) * (near + far)) : 1;
  const part = isTail ? tailRatio(near) - (fall === 0 ? 0 : fall * tailRatio(far)) : between(near, far);
  const atNear = isTail ? 1 / part : density(near) / part;
  const atFar = isTail ? fall / part : density(far) / part;
  const logP = Math.log(part) + (isTail ? -0.5 * near * near - 0.5 * Math.log(2 * Math.PI) : 0);
  const slope = atNear - atFar;
  const times = (bound: number, at: number): number => (at === 0 ? 0 : bound * at);
  const weight = slope * slope + times(far, atFar) - times(near, atNear);
  return { loss: -2 * logP, residual: mirrored ? -slope : slope, weight };
}

const tailRatio = (x: number): number => (x > SERIES_END ? millsRatio(x) : normalCdf(-x) / density(x));
