import process from 'node:process';

/** A column of a printed table. */
export interface Column {
  head: string;
  align?: 'left' | 'right';
  /** May be cut when the line is too long: 'first' goes down to a few words before the others, widest first. */
  flexible?: boolean | 'first';
}

const GAP = 2;
/** What is left of a column that is cut; of one that is cut first. */
const LEAST = 10;
const LEAST_FIRST = 18;
const DEFAULT_WIDTH = 80;
const MAX_WIDTH = 120;

/** Columns of the terminal; 80 where there is none. */
export function lineWidth(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.isTTY ? Math.min(MAX_WIDTH, Math.max(40, stream.columns ?? DEFAULT_WIDTH)) : DEFAULT_WIDTH;
}

/** Text from data without control characters, so that a title cannot steer the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');

/** Characters as printed: combining marks take no column, East Asian wide ones two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function fit(text: string, width: number, align: 'left' | 'right'): string {
  let shown = text;
  if (displayWidth(text) > width) {
    const characters = [...text];
    while (displayWidth(characters.join('')) > width - 1) characters.pop();
    shown = `${characters.join('').trimEnd()}…`;
  }
  const pad = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return align === 'right' ? pad + shown : shown + pad;
}

/** Rows as aligned lines no wider than `width`, heads first; ends with a newline. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const cells = rows.map((row) => columns.map((_, i) => plain(row[i] ?? '')));
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.head), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  );
  shrink(columns, widths, (width ?? lineWidth()) - GAP * (columns.length - 1));
  const line = (row: readonly string[]): string =>
    columns
      .map((column, i) => fit(row[i] ?? '', widths[i] as number, column.align ?? 'left'))
      .join(' '.repeat(GAP))
      .trimEnd();
  return `${[line(columns.map((column) => column.head)), ...cells.map(line)].join('\n')}\n`;
}

/** Narrows flexible columns, a character at a time, until all fit into `limit` or are as narrow as they get. */
function shrink(columns: readonly Column[], widths: number[], limit: number): void {
  const rank = (i: number): number => {
    const width = widths[i] as number;
    const { flexible } = columns[i] as Column;
    if (flexible === 'first' && width > LEAST_FIRST) return Number.MAX_SAFE_INTEGER;
    return flexible && width > LEAST ? width : 0;
  };
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - limit; excess > 0; excess--) {
    const next = [...widths.keys()].reduce((best, i) => (rank(i) > rank(best) ? i : best), 0);
    if (rank(next) === 0) return;
    widths[next] = (widths[next] as number) - 1;
  }
}

/** A paragraph in lines no wider than `width`; ends with a newline. */
export function wrap(text: string, width: number = lineWidth()): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (displayWidth(line) + 1 + displayWidth(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return `${lines.join('\n')}\n`;
}

/** 1234567 → 1,234,567 */
export const count = (value: number): string => value.toLocaleString('en-US');

/** 3 → "3 users", 1 → "1 user" */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

/** A measure to four places; a dash where there is none. */
export const measure = (value: number | undefined): string =>
  value === undefined ? '-' : Math.abs(value) >= 1000 ? value.toPrecision(6) : value.toFixed(4);

/** Seconds with three places below ten, else one. */
export const duration = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;

/** What stands above a part of the output; bold on a terminal that wants colours. */
export function heading(text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const colours = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const lines = text.split('\n').map(plain);
  return lines.map((line) => (colours && line !== '' ? `\u001b[1m${line}\u001b[22m` : line)).join('\n');
}

/** One line of JSON. Ids beyond 2^53 become strings, as JSON numbers cannot hold them. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'bigint') return part;
    return Number.isSafeInteger(Number(part)) ? Number(part) : part.toString();
  });
}
