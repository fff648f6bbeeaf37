/** How the fields of a delimited text are written. Strings are binary: one character a byte, as `latin1` decodes. */
export interface Dialect {
  delimiter: string;
  /** Whether a field that begins with `"` is quoted, with `""` inside for one `"`. */
  quoted: boolean;
  /** `\n` covers `\r\n` too. */
  newline: '\n' | '\r';
}

/** One record of a delimited text. */
export interface TextRecord {
  /** Fields, unquoted, as binary strings. */
  cells: string[];
  /** 1-based line on which it begins. */
  line: number;
  /** What is wrong with its form, in words; the cells then hold what was read before that. */
  problem?: string;
}

/** DuckDB's limit too. */
const MAX_RECORD = 2_000_000;

/**
 * Splits delimited text, pushed in pieces of any size, into records with their line numbers: the exact reader that
 * looks at the head of a file and finds where one is wrong. Empty lines are skipped, as DuckDB does.
 */
export class RecordParser {
  readonly #dialect: Dialect;
  #rest = '';
  #line = 1;
  #blank = 0;
  #records = 0;
  #crlf = false;
  #lf = false;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Some lines end with `\r\n`, others with `\n`. */
  get mixedLineEnds(): boolean {
    return this.#crlf && this.#lf;
  }

  /** Empty lines before the first record. */
  get leadingBlankLines(): number {
    return this.#blank;
  }

  /** The records completed by `text`. */
  push(text: string): TextRecord[] {
    return this.#take(this.#rest + text, false);
  }

  /** The last record, when the text does not end with a line end. */
  finish(): TextRecord[] {
    return this.#take(this.#rest, true);
  }

  #take(text: string, last: boolean): TextRecord[] {
    const { delimiter, quoted, newline } = this.#dialect;
    const records: TextRecord[] = [];
    let at = 0;
    while (at < text.length) {
      let end = text.indexOf(newline, at);
      let split: Split | undefined;
      // A quoted field may hold line ends: the record goes on at least to the line with the next quote.
      for (;;) {
        if (end === -1 && !last) break;
        const line = text.slice(at, end === -1 ? text.length : end);
        const body = newline === '\n' && line.endsWith('\r') ? line.slice(0, -1) : line;
        split = quoted && body.includes('"') ? splitQuoted(body, delimiter) : splitPlain(body, delimiter);
        if (!split.open || end === -1) break;
        const quote = text.indexOf('"', end);
        end = quote === -1 ? -1 : text.indexOf(newline, quote);
        if (end === -1) split = undefined;
      }
      if (split === undefined && !last && text.length - at <= MAX_RECORD) break;
      if (split === undefined || split.open) {
        // The rest of the text is one record, or has no end within bounds.
        const open = text.length - at <= MAX_RECORD || text.slice(at, at + MAX_RECORD).includes('"');
        split = { cells: [], open: true, problem: open ? UNCLOSED : TOO_LONG };
        end = -1;
      }
      const stop = end === -1 ? text.length : end;
      if (stop - at > MAX_RECORD) split = { ...split, problem: split.problem ?? TOO_LONG };
      this.#emit(records, split, text, at, end);
      at = end === -1 ? text.length : end + 1;
    }
    this.#rest = text.slice(at);
    return records;
  }

  #emit(records: TextRecord[], split: Split, text: string, at: number, end: number): void {
    const { newline } = this.#dialect;
    const { cells, problem } = split;
    if (problem === undefined && cells.length === 1 && cells[0] === '') {
      if (this.#records === 0) this.#blank += 1;
    } else {
      this.#records += 1;
      records.push(problem === undefined ? { cells, line: this.#line } : { cells, line: this.#line, problem });
    }
    if (end === -1) return;
    if (text[end - 1] === '\r' && end > at) this.#crlf = true;
    else this.#lf = true;
    for (let i = text.indexOf(newline, at); i !== -1 && i <= end; i = text.indexOf(newline, i + 1)) this.#line += 1;
  }
}

const AS_CHARACTERS = '; where a `"` is an ordinary character, set `quotes: false`';
const UNCLOSED = `a quoted field is never closed${AS_CHARACTERS}`;
const BEHIND_QUOTE = `a closing quote is followed by more text${AS_CHARACTERS}`;
const TOO_LONG = `the line is longer than ${MAX_RECORD} bytes`;

interface Split {
  cells: string[];
  /** The text ends inside a quoted field. */
  open: boolean;
  problem?: string;
}

function splitPlain(line: string, delimiter: string): Split {
  const cells = line.split(delimiter);
  if (line.includes('\r')) return { cells, open: false, problem: 'a carriage return stands inside the line' };
  return { cells, open: false };
}

function splitQuoted(line: string, delimiter: string): Split {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] !== '"') {
      const cut = line.indexOf(delimiter, at);
      cells.push(line.slice(at, cut === -1 ? line.length : cut));
      if (cut === -1) return { cells, open: false };
      at = cut + delimiter.length;
      continue;
    }
    let close = line.indexOf('"', at + 1);
    while (close !== -1 && line[close + 1] === '"') close = line.indexOf('"', close + 2);
    if (close === -1) return { cells, open: true };
    cells.push(line.slice(at + 1, close).replaceAll('""', '"'));
    if (close + 1 === line.length) return { cells, open: false };
    if (!line.startsWith(delimiter, close + 1)) {
      return { cells, open: false, problem: BEHIND_QUOTE };
    }
    at = close + 1 + delimiter.length;
  }
}
