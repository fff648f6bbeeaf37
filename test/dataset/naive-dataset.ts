import type { Id } from '../../src/dataset/vocabulary.js';
import type { Row } from './fixtures.js';

export interface NaiveOptions {
  minUserRatings?: number;
  minItemRatings?: number;
  positiveThreshold?: number;
  duplicates?: 'last' | 'mean';
}

const ascending = (a: Id, b: Id): number => (a < b ? -1 : a > b ? 1 : 0);

/** What Dataset.fromTable means, one row object at a time. */
export function naiveRows(input: readonly Row[], options: NaiveOptions = {}): Row[] {
  let rows = input.map((row) => ({ ...row }));
  const { positiveThreshold: threshold } = options;
  if (threshold !== undefined) {
    rows = rows.filter((row) => row.rating >= threshold).map((row) => ({ ...row, rating: 1 }));
  }
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify([String(row.user), String(row.item)]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  rows = Array.from(groups.values(), (group) => {
    const time = Math.max(...group.map((row) => row.time));
    const last = group.filter((row) => row.time === time).at(-1) as Row;
    if (options.duplicates !== 'mean') return last;
    return { ...last, rating: Math.fround(group.reduce((sum, row) => sum + row.rating, 0) / group.length) };
  });
  for (let before = -1; before !== rows.length; ) {
    before = rows.length;
    const all = rows;
    rows = rows.filter(
      (row) =>
        all.filter((other) => other.user === row.user).length >= (options.minUserRatings ?? 0) &&
        all.filter((other) => other.item === row.item).length >= (options.minItemRatings ?? 0),
    );
  }
  return rows.sort((a, b) => ascending(a.user, b.user) || ascending(a.item, b.item));
}

/** Distinct ids, ascending. */
export const naiveIds = (ids: readonly Id[]): Id[] => Array.from(new Set(ids)).sort(ascending);
