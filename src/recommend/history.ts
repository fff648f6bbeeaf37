import { expectNumber, rangeError, typeError } from '../options.js';
import type { HistoryEntry, ModelData, Range } from '../types.js';

/** An item of a history. */
export interface Rated {
  /** Index. */
  item: number;
  /** In rating units; undefined counts as liked. */
  rating: number | undefined;
}

/** The items of several histories: (histories + 1), (items) ascending in each, each once. */
export interface ItemLists {
  offsets: Uint32Array;
  items: Uint32Array;
}

/** Lists behind one another. */
export function listItems(lists: readonly Uint32Array[]): ItemLists {
  const offsets = new Uint32Array(lists.length + 1);
  for (const [u, list] of lists.entries()) offsets[u + 1] = (offsets[u] as number) + list.length;
  const items = new Uint32Array(offsets[lists.length] as number);
  for (const [u, list] of lists.entries()) items.set(list, offsets[u]);
  return { offsets, items };
}

/** What messages call the history of a user: one alone is the option `history`. */
export const nameOf = (histories: readonly unknown[], user: number): string =>
  histories.length === 1 ? 'history' : `histories[${user}]`;

/**
 * Checks a history and finds its items, ascending; of an item named twice the last entry counts.
 * @param range where ratings lie.
 * @param name of the history in messages
 */
export function readHistory(
  data: ModelData,
  history: readonly HistoryEntry[],
  range: Partial<Range>,
  name = 'history',
): Rated[] {
  if (!Array.isArray(history)) throw typeError(name, 'an array of { item, rating? }', history);
  if (history.length === 0) throw rangeError(name, 'a list with at least one item', history);
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = range;
  // Of many histories the words for messages would cost more than all the rest.
  const isRating = (rating: unknown): boolean => typeof rating === 'number' && rating >= min && rating <= max;
  const ratings = new Map<number, number | undefined>();
  for (const [n, entry] of history.entries()) {
    if (typeof entry !== 'object' || entry === null)
      throw typeError(`${name}[${n}]`, 'an object { item, rating? }', entry);
    const item = data.items.expectIndex(entry.item, 'item');
    const rating = entry.rating;
    if (rating !== undefined && !isRating(rating)) expectNumber(`${name}[${n}].rating`, rating, range);
    ratings.set(item, rating);
  }
  return [...ratings].map(([item, rating]) => ({ item, rating })).sort((a, b) => a.item - b.item);
}
