import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Table } from 'apache-arrow';
import type { Command } from 'commander';
import { readItems, readRatings, readUsers } from '../index.js';
import { type Layout, layoutsAmong } from '../load/movielens.js';
import { openZip } from '../load/zip.js';
import { columns, oneOf } from './arguments.js';
import { statOrUndefined } from './files.js';
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
export interface Input {
  ratings: Table;
  items: Table | undefined;
  users: Table | undefined;
}

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
  const common = { signal: io.signal, onProgress: progress.update };
  try {
    const layout = await bundledLayout(source, format);
    const ratings = await readRatings(source, { ...common, format, columns: roles, delimiter, encoding });
    const itemSource = extra.items ?? (layout && source);
    const userSource = extra.users ?? (layout?.users && source);
    const formatOf = (file: string): { format?: typeof format } => (file === source ? { format } : {});
    return {
      ratings,
      items: itemSource === undefined ? undefined : await readItems(itemSource, { ...common, ...formatOf(itemSource) }),
      users: userSource === undefined ? undefined : await readUsers(userSource, { ...common, ...formatOf(userSource) }),
    };
  } finally {
    progress.stop();
  }
}

/** The MovieLens layout of a folder or zip; undefined for anything else, which readRatings judges. */
async function bundledLayout(source: string, format: string | undefined): Promise<Layout | undefined> {
  const found = await statOrUndefined(source);
  let names: string[] = [];
  if (found?.isDirectory()) {
    names = await readdir(source);
  } else if (found?.isFile() && source.toLowerCase().endsWith('.zip')) {
    const zip = await openZip(source, source);
    names = zip.names.map((name) => path.posix.basename(name));
    zip.close();
  }
  const layouts = layoutsAmong(names);
  const layout = layouts.find((candidate) => candidate.format === format) ?? layouts[0];
  if (layout === undefined) return undefined;
  // A folder may lack a file of its layout: ratings alone are enough.
  const { users, ...rest } = layout;
  if (!names.includes(layout.items.name)) return undefined;
  return users !== undefined && names.includes(users.name) ? layout : rest;
}
