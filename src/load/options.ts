import {
  expectBoolean,
  expectFunction,
  expectKnownKeys,
  expectOneOf,
  expectSignal,
  expectString,
  rangeError,
  typeError,
} from '../options.js';

/** How a file is laid out; `auto` looks at names and bytes. */
export type Format = 'auto' | 'csv' | 'parquet' | 'ml-latest' | 'ml-1m' | 'ml-100k';

/**
 * Text encodings of delimited files. `latin-1` is ISO 8859-1; `utf-16` takes its byte order from the BOM (default
 * little).
 */
export type Encoding = 'utf-8' | 'latin-1' | 'utf-16';

/** A column by its name, or by its 0-based position (the only way in a file without a header). */
export type ColumnRef = string | number;

/** What a long read has done so far; `total` is undefined where it cannot be known, and an estimate for rows. */
export interface LoadProgress {
  phase: 'download' | 'unpack' | 'read';
  unit: 'bytes' | 'rows';
  done: number;
  total: number | undefined;
}

/** Options shared by `readRatings`, `readItems` and `readUsers`. */
export interface ReadOptions {
  /** Layout of the file, folder or zip. Default `auto`. */
  format?: Format;
  /** Text between two fields, 1-4 bytes; default: found in the file among tab `::` `|` `;` `,` and space. */
  delimiter?: string;
  /**
   * False: a `"` is an ordinary character, as in many TSV files. Default: true, but for `::` and the MovieLens layouts
   * that use none.
   */
  quotes?: boolean;
  /** Encoding of a text file; default: the BOM's, else the layout's, else UTF-8. */
  encoding?: Encoding;
  /** Whether the first line names the columns; default: it does when none of its fields is a number. */
  header?: boolean;
  /** Stops the read; the promise rejects with the signal's reason and temporary files are removed. */
  signal?: AbortSignal;
  /** Called a few times a second. */
  onProgress?: (progress: LoadProgress) => void;
}

const FORMATS = ['auto', 'csv', 'parquet', 'ml-latest', 'ml-1m', 'ml-100k'] as const;
const ENCODINGS = ['utf-8', 'latin-1', 'utf-16'] as const;
const KEYS = ['format', 'columns', 'delimiter', 'quotes', 'encoding', 'header', 'signal', 'onProgress'];

/**
 * Checks the options of `what` (`readRatings`…) and returns a copy in which an escaped tab (`\t` as two characters, as
 * a shell passes it) is a tab.
 *
 * @param roles - the keys that `columns` may have
 * @param dropRoles - the roles that may be `false`: the column is left out
 * @throws TypeError or RangeError naming the option
 */
export function checkReadOptions<O extends ReadOptions>(
  what: string,
  options: O,
  roles: readonly string[],
  dropRoles: readonly string[] = [],
): O {
  expectKnownKeys(what, options, KEYS);
  const checked = { ...options };
  if (options.format !== undefined) expectOneOf('format', options.format, FORMATS);
  if (options.encoding !== undefined) expectOneOf('encoding', options.encoding, ENCODINGS);
  if (options.header !== undefined) expectBoolean('header', options.header);
  if (options.quotes !== undefined) expectBoolean('quotes', options.quotes);
  if (options.onProgress !== undefined) expectFunction('onProgress', options.onProgress);
  expectSignal(options.signal);
  if (options.delimiter !== undefined) {
    const given = expectString('delimiter', options.delimiter);
    checked.delimiter = given === '\\t' ? '\t' : given;
    const bytes = Buffer.byteLength(checked.delimiter);
    if (bytes < 1 || bytes > 4 || /[\r\n"\0]/.test(checked.delimiter)) {
      throw rangeError('delimiter', '1-4 bytes without a quote or a line end', given);
    }
  }
  const { columns } = options as { columns?: Record<string, unknown> };
  if (columns !== undefined) {
    expectKnownKeys(`${what} \`columns\``, columns, roles);
    for (const [role, ref] of Object.entries(columns)) {
      if (ref === undefined || (ref === false && dropRoles.includes(role))) continue;
      const expected = `a column name or a 0-based position${dropRoles.includes(role) ? ', or false' : ''}`;
      if (typeof ref !== 'string' && typeof ref !== 'number') throw typeError(`columns.${role}`, expected, ref);
      if (typeof ref === 'number' && !(Number.isSafeInteger(ref) && ref >= 0)) {
        throw rangeError(`columns.${role}`, expected, ref);
      }
    }
  }
  return checked;
}
