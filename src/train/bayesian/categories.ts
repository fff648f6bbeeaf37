import type { Interactions } from '../../dataset/interactions.js';
import { DataError } from '../../errors.js';

/** More distinct ratings are no steps of a scale; native/kernels/sample_fm.h has room for as many. */
export const MOST_CATEGORIES = 64;

/** Ratings as steps of a scale. */
export interface Categories {
  /** Distinct ratings, ascending. */
  values: Float64Array;
  /** (ratings) which of them each is. */
  indices: Uint8Array;
}

/** DataError where the ratings have one value alone, or too many to be steps of a scale. */
export function categoriesOf({ values }: Interactions): Categories {
  const distinct = Float64Array.from(new Set(values)).sort();
  const count = distinct.length;
  if (count < 2 || count > MOST_CATEGORIES) {
    throw new DataError(
      `An ordinal \`link\` takes 2 to ${MOST_CATEGORIES} distinct ratings, these are ${count}. Round them, or use link 'identity'`,
      { column: 'rating' },
    );
  }
  const places = new Map(Array.from(distinct, (value, place) => [value, place]));
  return { values: distinct, indices: Uint8Array.from(values, (value) => places.get(value) as number) };
}
