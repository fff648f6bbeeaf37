import { Table, type Vector } from 'apache-arrow';
import { columnVector } from './arrow-columns.js';
import { readCsvRatings } from './csv-ratings.js';
import { checkReadOptions } from './options.js';
import { readParquetRatings } from './parquet-ratings.js';
import type { ReadRatingsOptions } from './ratings-columns.js';
import { withSource } from './source.js';

/**
 * Reads ratings from a CSV, TSV, `::`, `|` or Parquet file (text also as .gz), or from the folder or .zip of a
 * MovieLens data set (`ml-latest*`, `ml-20m`, `ml-25m`, `ml-32m`, `ml-1m`, `ml-10m`, `ml-100k`).
 *
 * Columns of the table, in file order, one chunk each, without nulls:
 * - `userId`, `itemId`: Int32 when every id is an integer that fits, else Int64, else Utf8. Only the usual way to write
 *   an integer counts: `007` and `7.0` make a Utf8 column. In text files over 256 MiB that is looked at in 64 places
 *   spread over the file; smaller ones are checked as a whole. Spaces around an id are dropped.
 * - `rating`: Float32; absent when the file has no such column (implicit data).
 * - `time`: Float64, seconds since 1970-01-01 UTC, from numbers (taken as they are) or ISO 8601 dates; absent when the
 *   file has none.
 *
 * Nothing is skipped or repaired: the first row with too few or too many fields, an empty id, a rating or time that is
 * empty or no finite number, a bad quote or a byte that is not in the encoding ends the read. Empty lines are no rows;
 * empty fields behind the last column (a delimiter that ends the line) do not count. Rows that name the same user and
 * item twice are kept; `Dataset.fromTable` decides about them.
 *
 * `table.getChild('rating').toArray()` is the memory itself, not a copy.
 *
 * @param path - file, folder or zip
 * @throws DataError with `file`, `line`, `column` and `value` where there are such, MissingPackageError without
 *   `@duckdb/node-api` (or `yauzl` for a .zip), TypeError or RangeError for a wrong option
 */
export async function readRatings(path: string, options: ReadRatingsOptions = {}): Promise<Table> {
  const checked = checkReadOptions('readRatings', options, ['user', 'item', 'rating', 'time'], ['rating', 'time']);
  return await withSource(path, 'ratings', checked, async (source) => {
    const columns = source.parquet ? await readParquetRatings(source, checked) : await readCsvRatings(source, checked);
    const vectors: Record<string, Vector> = {};
    for (const { name, data } of columns) vectors[name] = columnVector(data);
    return new Table(vectors);
  });
}
