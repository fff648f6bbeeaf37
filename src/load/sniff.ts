import { type FileHandle, open } from 'node:fs/promises';
import { DataError } from '../errors.js';
import { cellText } from './cell-text.js';
import { parseNumber } from './number-text.js';
import type { ReadOptions } from './options.js';
import { type Dialect, RecordParser, type TextRecord } from './record-parser.js';
import type { Source } from './source.js';

/** What the head of a delimited file, and for a large one some windows of the rest, tell about it. */
export interface Sniffed {
  dialect: Dialect;
  /** How the first lines end. */
  lineEnd: '\n' | '\r\n' | '\r';
  encoding: 'utf-8' | 'latin-1';
  /** Names of the columns from the header; undefined without one. */
  names: string[] | undefined;
  columnCount: number;
  /** Records (empty lines included) before the first one with data. */
  skip: number;
  /** Sampled data records that have `columnCount` fields. */
  sample: string[][];
  /** Records with data, estimated from the sample's bytes a record. */
  expectedRows: number;
}

const HEAD_BYTES = 128 * 1024;
/** What the delimiter is judged by. */
const DELIMITER_BYTES = 32 * 1024;
const WINDOWS = 63;
const WINDOW_BYTES = 4 * 1024;
/** In order of preference where two fit equally well. */
const DELIMITERS = ['\t', '::', '|', ';', ',', ' '] as const;

/**
 * Finds delimiter, header, column count and line ends of a text file; the layout and the options win over what is
 * found.
 *
 * @throws DataError when no delimiter fits, or the file holds no data
 */
export async function sniff(source: Source, options: ReadOptions): Promise<Sniffed> {
  const { layout, label } = source;
  const handle = await open(source.file, 'r');
  try {
    const head = stripBom(await readWindow(handle, 0, HEAD_BYTES));
    const whole = source.size <= HEAD_BYTES;
    const newline = !head.includes('\n') && head.includes('\r') ? '\r' : '\n';
    const dialectOf = (delimiter: string): Dialect => ({
      delimiter: Buffer.from(delimiter, source.encoding === 'latin-1' ? 'latin1' : 'utf8').toString('latin1'),
      quoted: options.quotes ?? layout?.quoted ?? delimiter !== '::',
      newline,
    });
    const given = options.delimiter ?? layout?.delimiter;
    const dialect = given === undefined ? findDialect(DELIMITERS.map(dialectOf), head, whole) : dialectOf(given);
    const first = dialect === undefined ? undefined : parse(dialect, head, whole);
    if (dialect === undefined || first === undefined || first.records.length === 0) {
      const blank = head.trim() === '';
      throw new DataError(
        `${label}: ${blank ? 'the file holds nothing but empty lines' : 'no delimiter separates its columns; set the option `delimiter`'}`,
        { file: label },
      );
    }
    const encoding = await settleEncoding(handle, source);
    const { records, blank } = first;
    const top = records[0] as TextRecord;
    const header = options.header ?? layout?.header ?? !top.cells.some((cell) => !Number.isNaN(parseNumber(cell)));
    const names = header ? top.cells.map((cell) => (cellText(cell, encoding) ?? cell).trim()) : undefined;
    if (top.problem !== undefined)
      throw new DataError(`${label}, line ${top.line}: ${top.problem}`, { file: label, line: top.line });
    const columnCount = top.cells.length;
    const rows = records.slice(header ? 1 : 0);
    if (rows.length === 0 && whole) {
      throw new DataError(`${label}: the file has a header but no rows`, { file: label, line: top.line });
    }
    if (!whole) rows.push(...(await windows(handle, source.size, dialect)));
    const sample = rows
      .filter((row) => row.problem === undefined && row.cells.length === columnCount)
      .map((row) => row.cells);
    return {
      dialect,
      lineEnd: newline === '\n' && head.includes('\r\n') ? '\r\n' : newline,
      encoding,
      names,
      columnCount,
      skip: blank + (header ? 1 : 0),
      sample,
      expectedRows: estimateRows(rows, source.size, dialect, whole),
    };
  } finally {
    await handle.close();
  }
}

/** The dialect whose records agree best on their number of fields; more fields, then the earlier one, break a tie. */
function findDialect(dialects: readonly Dialect[], head: string, whole: boolean): Dialect | undefined {
  const text = head.slice(0, DELIMITER_BYTES);
  const complete = whole && text.length === head.length;
  let best: { dialect: Dialect; share: number; fields: number } | undefined;
  for (const dialect of dialects) {
    if (!text.includes(dialect.delimiter)) continue;
    const { records } = parse(dialect, text, complete);
    const fields = records[0]?.cells.length ?? 0;
    if (fields < 2) continue;
    const agree = records.filter((record) => record.problem === undefined && record.cells.length === fields).length;
    const share = agree / records.length;
    if (best === undefined || share > best.share || (share === best.share && fields > best.fields)) {
      best = { dialect, share, fields };
    }
  }
  return best?.dialect;
}

function parse(dialect: Dialect, text: string, whole: boolean): { records: TextRecord[]; blank: number } {
  const parser = new RecordParser(dialect);
  const records = parser.push(text);
  if (whole) records.push(...parser.finish());
  return { records, blank: parser.leadingBlankLines };
}

/** Records from evenly spaced places of the file; in each the first and last line, cut off, are left out. */
async function windows(handle: FileHandle, size: number, dialect: Dialect): Promise<TextRecord[]> {
  const start = (i: number): number =>
    HEAD_BYTES + Math.max(0, Math.floor(((size - HEAD_BYTES - WINDOW_BYTES) * i) / WINDOWS));
  const places = Array.from({ length: WINDOWS }, (_, i) => start(i + 1));
  const texts = await Promise.all(places.map((place) => readWindow(handle, place, WINDOW_BYTES)));
  return texts.flatMap((text, i) => {
    const cut = text.indexOf(dialect.newline);
    return cut === -1 ? [] : parse(dialect, text.slice(cut + 1), i === WINDOWS - 1).records;
  });
}

function estimateRows(rows: readonly TextRecord[], size: number, dialect: Dialect, whole: boolean): number {
  if (whole) return rows.length;
  let bytes = 0;
  for (const { cells } of rows) {
    bytes += 1 + (cells.length - 1) * dialect.delimiter.length;
    for (const cell of cells) bytes += cell.length;
  }
  // Windows lie evenly while the head is one place: a few per cent of reserve, whose pages are not touched if not
  // needed.
  return Math.ceil((size * rows.length * 1.03) / Math.max(1, bytes));
}

async function readWindow(handle: FileHandle, start: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
  return buffer.toString('latin1', 0, bytesRead);
}

const stripBom = (text: string): string => (text.startsWith('\xef\xbb\xbf') ? text.slice(3) : text);

/** Files of a layout in either encoding are small enough to look at as a whole. */
const LARGEST_CHECKED = 32 * 2 ** 20;

async function settleEncoding(handle: FileHandle, source: Source): Promise<'utf-8' | 'latin-1'> {
  if (source.encoding !== 'utf-8 or latin-1') return source.encoding;
  const text = await readWindow(handle, 0, Math.min(source.size, LARGEST_CHECKED));
  return source.size > LARGEST_CHECKED || cellText(text, 'utf-8') !== undefined ? 'utf-8' : 'latin-1';
}
