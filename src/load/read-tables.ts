import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Table } from 'apache-arrow';
import { type Layout, layoutsAmong } from './movielens.js';
import type { ReadRatingsOptions } from './ratings-columns.js';
import { readItems } from './read-items.js';
import { readRatings } from './read-ratings.js';
import { readUsers } from './read-users.js';
import { openZip } from './zip.js';

/** Options of `readTables`: those of `readRatings`, and files of their own for items and users. */
export interface ReadTablesOptions extends ReadRatingsOptions {
  /** File, folder or zip with the items; default: the MovieLens folder or zip of the ratings. */
  items?: string;
  /** File, folder or zip with the users; default as for items. */
  users?: string;
}

/** Ratings and what there is about their items and users. */
export interface RatingTables {
  ratings: Table;
  items: Table | undefined;
  users: Table | undefined;
}

/**
 * Reads ratings from a file, or from a MovieLens folder or zip, which brings its items and users along.
 *
 * @param source - file, folder or zip
 * @throws as readRatings, readItems and readUsers
 */
export async function readTables(source: string, options: ReadTablesOptions = {}): Promise<RatingTables> {
  const { items, users, ...reading } = options;
  const ratings = await readRatings(source, reading);
  const layout = await bundledLayout(source, options.format);
  const common = { signal: options.signal, onProgress: options.onProgress };
  const itemSource = items ?? (layout?.items ? source : undefined);
  const userSource = users ?? (layout?.users ? source : undefined);
  // `format` says what the ratings' source is; other files speak for themselves.
  const formatOf = (file: string): { format?: ReadTablesOptions['format'] } =>
    file === source ? { format: options.format } : {};
  return {
    ratings,
    items: itemSource === undefined ? undefined : await readItems(itemSource, { ...common, ...formatOf(itemSource) }),
    users: userSource === undefined ? undefined : await readUsers(userSource, { ...common, ...formatOf(userSource) }),
  };
}

/** Which tables the MovieLens layout of a folder or zip brings; undefined for anything else. */
async function bundledLayout(
  source: string,
  format: string | undefined,
): Promise<{ items: boolean; users: boolean } | undefined> {
  const names = await namesIn(source);
  const layouts = layoutsAmong(names);
  const layout: Layout | undefined = layouts.find((candidate) => candidate.format === format) ?? layouts[0];
  if (layout === undefined) return undefined;
  // A folder may lack a file of its layout: ratings alone are enough.
  return {
    items: names.includes(layout.items.name),
    users: layout.users !== undefined && names.includes(layout.users.name),
  };
}

async function namesIn(source: string): Promise<string[]> {
  if ((await stat(source)).isDirectory()) return await readdir(source);
  if (!source.toLowerCase().endsWith('.zip')) return [];
  const zip = await openZip(source, source);
  const names = zip.names.map((name) => path.posix.basename(name));
  zip.close();
  return names;
}
