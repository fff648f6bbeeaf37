import type { ExplainOptions, Explanation, Model, RankedRow } from '../index.js';
import { itemTable, recordTable } from './text.js';

/** Items of a history that are named beside a recommendation. */
const NAMED = 3;

/** A recommended item with what carried it. */
export interface ExplainedRow extends RankedRow {
  because: ReturnType<Explanation['rows']>;
}

/** Adds to each item what carried it for the user. */
export function explainItems(
  model: Model,
  items: readonly RankedRow[],
  user: Pick<ExplainOptions, 'user' | 'history' | 'titles'>,
): ExplainedRow[] {
  return items.map((row) => ({ ...row, because: model.explain({ ...user, item: row.itemId, k: NAMED }).rows() }));
}

/** The items as a table; in place of genres what carried them, where that is known. */
export function explainedTable(items: readonly (RankedRow | ExplainedRow)[]): string {
  if (!items.some((row) => 'because' in row)) return itemTable(items);
  return recordTable(
    items.map((row) => ({
      rank: row.rank,
      itemId: row.itemId,
      title: row.title,
      score: row.score,
      because: ('because' in row ? row.because : [])
        .map(({ title, itemId, share }) => `${title ?? itemId} ${Math.round(100 * share)}%`)
        .join(', '),
    })),
  );
}
