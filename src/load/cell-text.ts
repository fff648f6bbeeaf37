import { isUtf8 } from 'node:buffer';

/**
 * A field as `RecordParser` gives it (one character a byte) in the file's encoding; undefined when it is not valid
 * UTF-8.
 */
export function cellText(cell: string, encoding: 'utf-8' | 'latin-1'): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII reads the same in both encodings
  if (encoding === 'latin-1' || /^[\x00-\x7f]*$/.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
