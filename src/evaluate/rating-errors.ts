import { setImmediate } from 'node:timers/promises';
import type { TestSet } from './test-set.js';

/** Rows of one call. */
const ROWS = 2 ** 18;

/** Predicted ratings of pairs of indices; UNKNOWN (0xffffffff) for a user or item that the model does not have. */
export type PredictIndices = (users: Uint32Array, items: Uint32Array, times?: Float64Array) => Float32Array;

/** Errors of predicted ratings by test user. */
export interface RatingErrors {
  /** (users) user index of the model, UNKNOWN where it has none. */
  users: Uint32Array;
  /** (users) test rows. */
  rows: Uint32Array;
  /** (users) sum of (r - p)^2 over the rows. */
  squaredErrors: Float64Array;
  /** (users) sum of |r - p|. */
  absoluteErrors: Float64Array;
}

/** Errors of all test rows with predictions clipped to the range, summed in order in float64. */
export async function ratingErrors(
  { rowUsers, rowItems, rowOffsets, ratings, times }: TestSet,
  predict: PredictIndices,
  range: { min: number; max: number },
  signal?: AbortSignal,
): Promise<RatingErrors> {
  const errors = new Float64Array(ratings.length);
  for (let begin = 0; begin < ratings.length; begin += ROWS) {
    signal?.throwIfAborted();
    const end = begin + ROWS;
    const predicted = predict(
      rowUsers.subarray(begin, end),
      rowItems.subarray(begin, end),
      times?.subarray(begin, end),
    );
    for (let i = 0; i < predicted.length; i++) {
      const clipped = Math.min(Math.max(predicted[i] as number, range.min), range.max);
      errors[begin + i] = (ratings[begin + i] as number) - clipped;
    }
    await setImmediate();
  }
  const users = rowOffsets.length - 1;
  const squaredErrors = new Float64Array(users);
  const absoluteErrors = new Float64Array(users);
  for (let user = 0; user < users; user++) {
    for (let row = rowOffsets[user] as number; row < (rowOffsets[user + 1] as number); row++) {
      const error = errors[row] as number;
      squaredErrors[user] = (squaredErrors[user] as number) + error * error;
      absoluteErrors[user] = (absoluteErrors[user] as number) + Math.abs(error);
    }
  }
  return {
    users: Uint32Array.from({ length: users }, (_, user) => rowUsers[rowOffsets[user] as number] as number),
    rows: Uint32Array.from(
      { length: users },
      (_, user) => (rowOffsets[user + 1] as number) - (rowOffsets[user] as number),
    ),
    squaredErrors,
    absoluteErrors,
  };
}
