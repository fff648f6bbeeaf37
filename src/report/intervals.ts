import type { Dataset } from '../dataset/dataset.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import type { Model } from '../model.js';
import { UNKNOWN } from '../recommend/unknown.js';

/** Of the normal distribution: 95 % lie within so many standard deviations of the mean. */
const Z95 = 1.959964;

/** Bounds of a 95 % confidence interval; NaN where there are fewer than two values. */
export interface Interval {
  low: number;
  high: number;
}

/** Of a mean of independent values, by the normal approximation. */
export function meanInterval(values: ArrayLike<number>): Interval {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] as number;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((values[i] as number) - mean) ** 2;
  const half = Z95 * Math.sqrt(squares / (n - 1) / n);
  return { low: mean - half, high: mean + half };
}

/**
 * Of sum(totals) / sum(sizes), where each group has a total over so many rows: groups are independent, rows within one
 * are not. The linearised variance of a ratio estimator (Cochran, Sampling Techniques, 1977, eq. 6.13).
 */
export function ratioInterval(totals: ArrayLike<number>, sizes: ArrayLike<number>): Interval {
  const groups = totals.length;
  let [total, rows] = [0, 0];
  for (let i = 0; i < groups; i++) {
    total += totals[i] as number;
    rows += sizes[i] as number;
  }
  const ratio = total / rows;
  let squares = 0;
  for (let i = 0; i < groups; i++) squares += ((totals[i] as number) - ratio * (sizes[i] as number)) ** 2;
  const half = (Z95 * Math.sqrt((squares * groups) / (groups - 1))) / rows;
  return { low: ratio - half, high: ratio + half };
}

/** Of the errors of predicted ratings, with users as groups; predictions are clipped as `evaluate` does. */
export function ratingIntervals(model: Model, test: Dataset): { rmse: Interval; mae: Interval } {
  const { offsets, users, items, values } = test.interactions;
  const userMap = indexMap(test.users, model.users);
  const itemMap = indexMap(test.items, model.items);
  const predicted = model.predictIndices(
    users.map((user) => userMap[user] as number),
    items.map((item) => itemMap[item] as number),
  );
  const { min, max } = model.seen.valueRange();
  const squares: number[] = [];
  const absolutes: number[] = [];
  const sizes: number[] = [];
  for (let user = 0; user < test.numUsers; user++) {
    const [begin, end] = [offsets[user] as number, offsets[user + 1] as number];
    if (begin === end) continue;
    let [square, absolute] = [0, 0];
    for (let row = begin; row < end; row++) {
      const error = (values[row] as number) - Math.min(Math.max(predicted[row] as number, min), max);
      square += error * error;
      absolute += Math.abs(error);
    }
    squares.push(square);
    absolutes.push(absolute);
    sizes.push(end - begin);
  }
  const mse = ratioInterval(squares, sizes);
  return {
    rmse: { low: Math.sqrt(Math.max(0, mse.low)), high: Math.sqrt(mse.high) },
    mae: ratioInterval(absolutes, sizes),
  };
}

/** (from.size) the index in `to` of each id, UNKNOWN where it lacks one. */
const indexMap = (from: Vocabulary, to: Vocabulary): Uint32Array =>
  Uint32Array.from({ length: from.size }, (_, index) => {
    const known = to.index(from.id(index));
    return known < 0 ? UNKNOWN : known;
  });
