import type { Dataset } from '../dataset/dataset.js';
import { expectKnownKeys, expectNumber, typeError } from '../options.js';
import { expectTimes } from './expect-times.js';
import { collectParts, expectFractions, type Fractions, type Parts, partSizes } from './parts.js';

/**
 * Splits interactions by time, over all users: earlier rows in earlier parts. DataError when there are no times.
 *
 * With `fractions` rows of equal time stay together: they belong to the part in which the first of them falls, so no
 * time stands in two parts, and sizes may differ from the fractions by such ties.
 * @param options.fractions share of each part, above 0, sum 1; the keys name the parts, earliest first.
 */
export function splitByTime<F extends Fractions>(data: Dataset, options: { fractions: F }): Parts<F>;
/** @param options.before unix seconds: rows before it are train, rows at or after it test. */
export function splitByTime(data: Dataset, options: { before: number }): { train: Dataset; test: Dataset };
export function splitByTime(data: Dataset, options: { fractions?: Fractions; before?: number }): Parts<Fractions> {
  expectKnownKeys('splitByTime', options, ['fractions', 'before']);
  if ((options.fractions === undefined) === (options.before === undefined)) {
    throw typeError('options', 'one of `fractions` and `before`', options);
  }
  if (options.before !== undefined) {
    const before = expectNumber('before', options.before);
    const times = expectTimes(data, 'splitByTime');
    return collectParts(data, labelByBounds(times, [before]), ['train', 'test']);
  }
  const { names, shares } = expectFractions(options.fractions);
  const times = expectTimes(data, 'splitByTime');
  return collectParts(data, labelByBounds(times, boundsOf(times, shares)), names);
}

/** (parts - 1) where each part but the first begins: the first time beyond the part before. */
function boundsOf(times: Float64Array, shares: readonly number[]): number[] {
  const sorted = times.slice().sort();
  let end = 0;
  let target = 0;
  return partSizes(sorted.length, shares)
    .slice(0, -1)
    .map((size) => {
      target += size;
      end = Math.max(end, target);
      while (end > 0 && end < sorted.length && sorted[end] === sorted[end - 1]) end++;
      return sorted[end] ?? Number.POSITIVE_INFINITY;
    });
}

/** (size) the number of bounds that are at or before each time. */
function labelByBounds(times: Float64Array, bounds: readonly number[]): Uint8Array {
  const labels = new Uint8Array(times.length);
  for (let i = 0; i < labels.length; i++) {
    const time = times[i] as number;
    let part = 0;
    while (part < bounds.length && time >= (bounds[part] as number)) part++;
    labels[i] = part;
  }
  return labels;
}
