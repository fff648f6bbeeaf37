import { expectNumber, rangeError, typeError } from '../options.js';
import type { HistoryEntry, ModelData, Range } from '../types.js';

/** An item of a history. */
export interface Rated {
  /** Index. */
  item: number;
  /** In rating units; undefined counts as liked. */
  rating: number | undefined;
}

/**
 * Checks a history and finds its items, ascending; of an item named twice the last entry counts.
 * @param range where ratings lie.
 */
export function readHistory(data: ModelData, history: readonly HistoryEntry[], range: Partial<Range>): Rated[] {
  if (!Array.isArray(history)) throw typeError('history', 'an array of { item, rating? }', history);
  if (history.length === 0) throw rangeError('history', 'a list with at least one item', history);
  const ratings = new Map<number, number | undefined>();
  for (const [n, entry] of history.entries()) {
    if (typeof entry !== 'object' || entry === null)
      throw typeError(`history[${n}]`, 'an object { item, rating? }', entry);
    const item = data.items.expectIndex(entry.item, 'item');
    const rating = entry.rating;
    ratings.set(item, rating === undefined ? undefined : expectNumber(`history[${n}].rating`, rating, range));
  }
  return [...ratings].map(([item, rating]) => ({ item, rating })).sort((a, b) => a.item - b.item);
}
