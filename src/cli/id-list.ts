import { readFile } from 'node:fs/promises';
import { DataError, type Id } from '../index.js';

const HEADING = /^"?(?:(?:item|movie)[ _]?id|item|id)"?$/i;

/** Ids from a text file: the first field of each line, blank lines and a heading like `itemId` left out. */
export async function readIdList(file: string): Promise<Id[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'no such file' : cause.message;
    throw new DataError(`${file}: ${why}`, { file, cause });
  });
  const ids = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => (line.split(/[,;\t]/, 1)[0] ?? '').trim().replace(/^"(.*)"$/, '$1'))
    .filter((id) => id !== '');
  if (ids[0] !== undefined && HEADING.test(ids[0])) ids.shift();
  if (ids.length === 0) throw new DataError(`${file}: it has no item ids, one a line`, { file });
  return ids;
}
