import { setImmediate } from 'node:timers/promises';
import type { TestSet } from './test-set.js';

/** Rows of one call. */
const ROWS = 2 ** 18;

/** Predicted ratings of pairs of indices; UNKNOWN (0xffffffff) for a user or item that the model does not have. */
export type PredictIndices = (users: Uint32Array, items: Uint32Array, times?: Float64Array) => Float32Array;

/** rmse = sqrt(mean (r - p)^2) and mae = mean |r - p| over all test rows, summed in order in float64. NaN without rows. */
export async function ratingErrors(
  { rowUsers, rowItems, ratings, times }: Pick<TestSet, 'rowUsers' | 'rowItems' | 'ratings' | 'times'>,
  predict: PredictIndices,
  range: { min: number; max: number },
  signal?: AbortSignal,
): Promise<{ rmse: number; mae: number }> {
  let squares = 0;
  let absolutes = 0;
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
      const error = (ratings[begin + i] as number) - clipped;
      squares += error * error;
      absolutes += Math.abs(error);
    }
    await setImmediate();
  }
  return { rmse: Math.sqrt(squares / ratings.length), mae: absolutes / ratings.length };
}
