import type { Vector } from 'apache-arrow';
import { float64Vector, textVector } from './arrow-columns.js';
import { parseNumber } from './number-text.js';
import type { TextTable } from './text-table.js';

/**
 * Adds the columns of `table` that play no role to `vectors`, under their own names (`_2`, `_3`… behind one that is
 * taken): Float64 when every field that is not empty is a finite number without leading zeros, else Utf8; empty fields
 * are null.
 */
export function addFurtherColumns(
  vectors: Record<string, Vector>,
  table: TextTable,
  consumed: ReadonlySet<number>,
): void {
  for (const [column, values] of table.columns.entries()) {
    if (consumed.has(column)) continue;
    const own = table.names[column] as string;
    let name = own;
    for (let i = 2; Object.hasOwn(vectors, name); i++) name = `${own}_${i}`;
    const numbers = values.map((value) => (value === null || /^\s*[+-]?0\d/.test(value) ? null : parseNumber(value)));
    const numeric = values.every((value, i) => value === null || Number.isFinite(numbers[i] ?? Number.NaN));
    const some = values.some((value) => value !== null);
    vectors[name] = numeric && some ? float64Vector(numbers) : textVector(values);
  }
}
