import type { StreamedColumn } from './column-sink.js';
import type { ColumnRef, ReadOptions } from './options.js';

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
