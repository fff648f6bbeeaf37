import { DataError } from '../errors.js';
import type { Dataset } from './dataset.js';
import type { Interactions } from './interactions.js';

/** Ratings of at least `threshold`; all interactions of an implicit dataset. DataError where there are none. */
export function positivesOf(data: Dataset, threshold: number): Interactions {
  const { interactions } = data;
  if (data.implicit) return interactions;
  const positives = interactions.select(Uint8Array.from(interactions.values, (value) => (value >= threshold ? 1 : 0)));
  if (positives.size === 0) {
    const { min, max } = data.ratingRange;
    throw new DataError(
      `No rating reaches \`positiveThreshold\` ${threshold}: they lie between ${min} and ${max}. Lower it.`,
      { column: 'rating' },
    );
  }
  return positives;
}
