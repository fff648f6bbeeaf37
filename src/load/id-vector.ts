import { makeVector, type Vector } from 'apache-arrow';
import { textVector } from './arrow-columns.js';
import { type IdKind, idKindOf, trimId, widerIdKind } from './id-kind.js';
import type { TextTable } from './text-table.js';

/**
 * The ids of a text table as Int32, Int64 or Utf8, by the same rule as those of the ratings.
 *
 * @throws DataError for the first empty id
 */
export async function idVector(table: TextTable, column: number): Promise<Vector> {
  const texts = (table.columns[column] ?? []).map((text) => trimId(text ?? ''));
  const empty = texts.indexOf('');
  if (empty !== -1) throw await table.fault(column, empty, 'is no id');
  let kind: IdKind = 'int32';
  for (const text of texts) kind = widerIdKind(kind, idKindOf(text));
  if (kind === 'int32') return makeVector(Int32Array.from(texts, Number));
  return kind === 'int64' ? makeVector(BigInt64Array.from(texts, BigInt)) : textVector(texts);
}
