import { sqlText } from './duckdb.js';
import type { Sniffed } from './sniff.js';

/** What is taken off both ends of an id. */
export const TRIM_SET = ' \t';

/** DuckDB reads the file in pieces of this size; several are in memory at once, and its default of twice as much is no faster. */
const BUFFER_BYTES = 16 * 2 ** 20;

/**
 * DuckDB's `read_csv(…)` for a sniffed file and its end marker. Columns are called c0, c1, … whatever the header says;
 * those not in `types` are VARCHAR.
 *
 * @param strict - false lets lines end with `\r\n` and `\n` in one file (and takes some bad quotes for good)
 */
export function readCsvSql(
  fileLiterals: readonly string[],
  sniffed: Sniffed,
  types: ReadonlyMap<number, string>,
  strict: boolean,
): string {
  const { dialect, encoding, columnCount, skip } = sniffed;
  const columns = Array.from(
    { length: columnCount },
    (_, column) => `'c${column}': '${types.get(column) ?? 'VARCHAR'}'`,
  );
  const delimiter = Buffer.from(dialect.delimiter, 'latin1').toString(encoding === 'latin-1' ? 'latin1' : 'utf8');
  const quote = sqlText(dialect.quoted ? '"' : '');
  return `read_csv([${fileLiterals.join(', ')}], auto_detect = false, hive_partitioning = false, compression = 'none', header = false,
    buffer_size = ${BUFFER_BYTES}, skip = ${skip}, delim = ${sqlText(delimiter)}, quote = ${quote}, escape = ${quote}, comment = '', nullstr = '',
    encoding = ${sqlText(encoding)}, strict_mode = ${strict}, columns = {${columns.join(', ')}})`;
}
