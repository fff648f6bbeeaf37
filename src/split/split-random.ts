import type { Dataset } from '../dataset/dataset.js';
import { Random } from '../dataset/random.js';
import { expectInt, expectKnownKeys } from '../options.js';
import { collectParts, drawParts, expectFractions, type Fractions, type Parts, partSizes } from './parts.js';

/**
 * Splits interactions at random: each part has its share of all rows, to the row (largest remainder).
 * @param options.fractions share of each part, above 0, sum 1; the keys name the parts.
 * @param options.seed default 42. The same data and seed give the same parts, whatever the order of the rows read.
 */
export function splitRandom<F extends Fractions>(data: Dataset, options: { fractions: F; seed?: number }): Parts<F> {
  expectKnownKeys('splitRandom', options, ['fractions', 'seed']);
  const { names, shares } = expectFractions(options.fractions);
  const random = new Random(expectInt('seed', options.seed ?? 42));
  const size = data.numInteractions;
  const labels = new Uint8Array(size);
  drawParts(labels, 0, size, partSizes(size, shares), random);
  return collectParts(data, labels, names);
}
