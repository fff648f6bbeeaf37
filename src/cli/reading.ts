import path from 'node:path';
import type { Command } from 'commander';
import { type RatingTables, readTables } from '../index.js';
import { columns, oneOf } from './arguments.js';
import { readProgress } from './progress.js';
import type { Io } from './run.js';

const FORMATS = ['auto', 'csv', 'parquet', 'ml-latest', 'ml-1m', 'ml-100k'] as const;
const ENCODINGS = ['utf-8', 'latin-1', 'utf-16'] as const;

/** How the ratings are read, as flags give it. */
export interface ReadingFlags {
  format?: (typeof FORMATS)[number];
  columns?: ReturnType<ReturnType<typeof columns>>;
  delimiter?: string;
  encoding?: (typeof ENCODINGS)[number];
}

/** The flags of every command that reads ratings. */
export function addReadingFlags(command: Command): Command {
  return command
    .option('--format <name>', `layout of RATINGS: ${FORMATS.join(', ')}`, oneOf('--format', FORMATS))
    .option('--columns <roles>', 'user=NAME,item=NAME,rating=NAME,time=NAME', columns('--columns'))
    .option('--delimiter <text>', 'text between two fields (\\t for a tab)')
    .option('--encoding <name>', `encoding of RATINGS: ${ENCODINGS.join(', ')}`, oneOf('--encoding', ENCODINGS));
}

/** Ratings and what there is about their items and users. */
export type Input = RatingTables;

/**
 * Reads ratings from a file, or from a MovieLens folder or zip, which brings its items and users along; `items` and
 * `users` name files of their own.
 */
export async function readInput(
  source: string,
  flags: ReadingFlags,
  extra: { items?: string | undefined; users?: string | undefined },
  io: Io,
): Promise<Input> {
  const { format, columns: roles, delimiter, encoding } = flags;
  const progress = readProgress(path.basename(source));
  try {
    return await readTables(source, {
      format,
      columns: roles,
      delimiter,
      encoding,
      items: extra.items,
      users: extra.users,
      signal: io.signal,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
}
