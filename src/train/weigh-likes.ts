import type { Interactions } from '../dataset/interactions.js';

/** How similarities weight likes; see weighLikes. */
export type Weighting = 'none' | 'tfIdf' | 'bm25';

/** BM25 as text search has it: how soon a value saturates, and how much long lists are held against an item. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;

/**
 * Values of likes for similarities of items. Items are documents, users are words: with n items that are liked at all and
 * a user's c likes,
 *
 *   none    v
 *   tfIdf   sqrt(v) log(n / c)
 *   bm25    v (K + 1) / (v + K (1 - B + B length / mean length)) log(1 + (n - c + 1/2) / (c + 1/2)), length the item's sum of values
 *
 * @param values (likes) v, by user
 * @returns (likes)
 */
export function weighLikes(likes: Interactions, values: Float32Array, weighting: Weighting): Float32Array {
  if (weighting === 'none') return values;
  const lengths = new Float64Array(likes.numItems);
  for (const [n, item] of likes.items.entries()) lengths[item] = (lengths[item] as number) + (values[n] as number);
  const liked = lengths.reduce((count, length) => count + (length > 0 ? 1 : 0), 0);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / liked;
  const counts = likes.userCounts();
  const rarity = Float64Array.from(counts, (c) =>
    weighting === 'tfIdf' ? Math.log(liked / c) : Math.log1p((liked - c + 0.5) / (c + 0.5)),
  );
  return values.map((value, n) => {
    const rare = rarity[likes.users[n] as number] as number;
    if (weighting === 'tfIdf') return Math.sqrt(value) * rare;
    const length = (lengths[likes.items[n] as number] as number) / mean;
    return (value * (SATURATION + 1) * rare) / (value + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length));
  });
}
