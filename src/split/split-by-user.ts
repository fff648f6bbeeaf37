import type { Dataset } from '../dataset/dataset.js';
import { Random } from '../dataset/random.js';
import { expectInt, expectKnownKeys } from '../options.js';
import { collectParts, drawParts, expectFractions, type Fractions, type Parts, partSizes } from './parts.js';

/**
 * Splits the interactions of each user at random by the fractions, so that every user stands in the first part.
 *
 * A user's rows are shared out by largest remainder, ties to the earlier part: with .9 / .1 the second part gets its first
 * row from users with 6 rows. A user too small for the first part to get a row stays in it as a whole.
 * @param options.fractions share of each part, above 0, sum 1; the keys name the parts, in order.
 * @param options.seed default 42.
 */
export function splitByUser<F extends Fractions>(data: Dataset, options: { fractions: F; seed?: number }): Parts<F> {
  expectKnownKeys('splitByUser', options, ['fractions', 'seed']);
  const { names, shares } = expectFractions(options.fractions);
  const random = new Random(expectInt('seed', options.seed ?? 42));
  const { offsets, size, numUsers } = data.interactions;
  const labels = new Uint8Array(size);
  for (let user = 0; user < numUsers; user++) {
    const begin = offsets[user] as number;
    const end = offsets[user + 1] as number;
    const sizes = partSizes(end - begin, shares);
    if (sizes[0] !== 0) drawParts(labels, begin, end, sizes, random);
  }
  return collectParts(data, labels, names);
}
