import type { ColumnRef, ReadOptions } from './options.js';
import type { StreamedColumn } from './stream-columns.js';

/** Options of `readRatings`. */
export interface ReadRatingsOptions extends ReadOptions {
  /**
   * Columns by name or 0-based position; those not given are found by their usual names. `false` leaves the rating (the
   * data is then implicit) or the time out.
   */
  columns?: { user?: ColumnRef; item?: ColumnRef; rating?: ColumnRef | false; time?: ColumnRef | false };
}

/** One finished column of the ratings table. */
export interface RatingColumn {
  name: 'userId' | 'itemId' | 'rating' | 'time';
  length: number;
  data: StreamedColumn;
}

/** What stands for "no integer of this kind" in an id column while it is read. */
export const MARKS: { int32: { value: number; sql: string }; int64: { value: bigint; sql: string } } = {
  int32: { value: -2147483648, sql: 'CAST(-2147483648 AS INTEGER)' },
  int64: { value: -9223372036854775808n, sql: "CAST('-9223372036854775808' AS BIGINT)" },
};

/** Whether every value is a real one: ids without marks and not empty, numbers finite. */
export function allValid(data: StreamedColumn): boolean {
  if (data instanceof Int32Array) return !data.includes(MARKS.int32.value);
  if (data instanceof BigInt64Array) return !data.includes(MARKS.int64.value);
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
    return true;
  }
  const { offsets } = data;
  for (let i = 1; i < offsets.length; i++) if (offsets[i] === offsets[i - 1]) return false;
  return true;
}
