import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import { DataError } from '../errors.js';
import { expectString } from '../options.js';
import {
  describeLayouts,
  LAYOUTS,
  type Layout,
  type LayoutFile,
  layoutOfFile,
  layoutsAmong,
  type TableKind,
} from './movielens.js';
import type { Encoding, ReadOptions } from './options.js';
import { TemporaryFolder } from './temporary-folder.js';
import { unpack } from './unpack.js';
import { utf16Decoder } from './utf16-decoder.js';
import { openZip } from './zip.js';

/** A plain local file, ready for DuckDB: unpacked, and UTF-8 or latin-1 when it is text. */
export interface Source {
  /** Absolute path of the bytes. */
  file: string;
  /** What the user calls it (`ml-100k.zip/ml-100k/u.data`), for errors. */
  label: string;
  size: number;
  parquet: boolean;
  /** The layout it was recognised as. */
  format: Layout['format'] | undefined;
  /** How that layout writes this file. */
  layout: LayoutFile | undefined;
  encoding: Exclude<Encoding, 'utf-16'> | 'utf-8 or latin-1';
  /** For further files that go with the source. */
  temporary: TemporaryFolder;
}

/**
 * Finds the file of table `kind` behind `path` (file, MovieLens folder or zip), unpacks it if needed, and calls `use`.
 * Temporary files are gone when the promise settles.
 *
 * @throws DataError no such file, unknown folder layout, no such table in the layout, damaged archive, empty file
 */
export async function withSource<T>(
  path: string,
  kind: TableKind,
  options: ReadOptions,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  expectString('path', path);
  options.signal?.throwIfAborted();
  const temporary = new TemporaryFolder();
  try {
    return await use(await prepare(path, kind, options, temporary));
  } finally {
    await temporary.remove();
  }
}

async function prepare(
  path: string,
  kind: TableKind,
  options: ReadOptions,
  temporary: TemporaryFolder,
): Promise<Source> {
  const found = await locate(path, kind, options, temporary);
  const { label, layout, format } = found;
  let file = found.file;
  let head = await readHead(file, label);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const to = await temporary.newFile();
    const packed = file;
    const packedBytes = (await stat(packed)).size;
    await unpack(() => createReadStream(packed), [createGunzip()], to, { ...options, label, packedBytes });
    file = to;
    head = await readHead(file, label);
  }
  const parquet = head.subarray(0, 4).toString('latin1') === 'PAR1';
  if (options.format === 'parquet' && !parquet) {
    throw new DataError(`${label}: not a Parquet file (it does not begin with PAR1)`, { file: label });
  }
  const bom = byteOrderMark(head);
  let encoding = options.encoding ?? bom ?? layout?.encoding ?? 'utf-8';
  if (encoding === 'utf-16' && !parquet) {
    const to = await temporary.newFile();
    const packed = file;
    const packedBytes = (await stat(packed)).size;
    const bigEndian = head[0] === 0xfe && head[1] === 0xff;
    // DuckDB's own UTF-16 reader gives no rows for big-endian files and fails on characters outside the first plane.
    await unpack(() => createReadStream(packed), [utf16Decoder(bigEndian)], to, { ...options, label, packedBytes });
    file = to;
    encoding = 'utf-8';
  }
  const { size } = await stat(file);
  if (size === 0) throw new DataError(`${label}: the file is empty (0 bytes)`, { file: label });
  return { file, label, size, parquet, format, layout, encoding: encoding as Source['encoding'], temporary };
}

interface Located {
  file: string;
  label: string;
  format?: Layout['format'];
  layout?: LayoutFile;
}

async function locate(
  path: string,
  kind: TableKind,
  options: ReadOptions,
  temporary: TemporaryFolder,
): Promise<Located> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' || cause.code === 'ENOTDIR' ? 'no such file' : cause.message;
    throw new DataError(`${path}: ${why}`, { file: path, cause });
  });
  if (info.isDirectory()) {
    const layout = chooseLayout(path, await readdir(path), options);
    const { name } = fileOf(layout, kind, path);
    const inside = join(path, name);
    await stat(inside).catch((cause: unknown) => {
      throw new DataError(`${path}: it has the layout ${layout.format}, but no ${name}`, { file: path, cause });
    });
    return { file: resolve(inside), label: inside, format: layout.format, layout: fileOf(layout, kind, path) };
  }
  if (!info.isFile()) throw new DataError(`${path}: neither a regular file nor a folder`, { file: path });
  const head = await readHead(path, path);
  if (
    head.subarray(0, 4).toString('latin1') === 'PK\x03\x04' ||
    head.subarray(0, 4).toString('latin1') === 'PK\x05\x06'
  ) {
    return await locateInZip(path, kind, options, temporary);
  }
  const wanted = LAYOUTS.find((layout) => layout.format === options.format);
  if (wanted !== undefined) {
    return { file: resolve(path), label: path, format: wanted.format, layout: fileOf(wanted, kind, path) };
  }
  const known = (options.format ?? 'auto') === 'auto' ? layoutOfFile(basename(path)) : undefined;
  if (known === undefined) return { file: resolve(path), label: path };
  if (known.kind !== kind) {
    throw new DataError(
      `${path}: this is the ${known.kind} file of ${known.layout.format}, not its ${kind} file (\`format: 'csv'\` reads it all the same)`,
      { file: path },
    );
  }
  return { file: resolve(path), label: path, format: known.layout.format, layout: fileOf(known.layout, kind, path) };
}

async function locateInZip(
  path: string,
  kind: TableKind,
  options: ReadOptions,
  temporary: TemporaryFolder,
): Promise<Located> {
  const zip = await openZip(path, path);
  try {
    const folders = new Map<string, string[]>();
    for (const name of zip.names) {
      const folder = name.slice(0, name.lastIndexOf('/') + 1);
      folders.set(folder, [...(folders.get(folder) ?? []), name.slice(folder.length)]);
    }
    // The data lies in one folder (ml-100k/) or at the top: the first that has a layout, the shallowest first.
    const depth = (folder: string): number => folder.split('/').length;
    const [folder, names] = [...folders]
      .sort(([a], [b]) => depth(a) - depth(b))
      .find(([, inside]) => layoutsAmong(inside).length > 0) ?? ['', folders.get('') ?? []];
    const layout = chooseLayout(path, names, options);
    const file = fileOf(layout, kind, path);
    if (!names.includes(file.name)) {
      throw new DataError(`${path}: it has the layout ${layout.format}, but no ${folder}${file.name}`, { file: path });
    }
    const to = await temporary.newFile();
    await zip.extract(folder + file.name, to, options);
    return { file: to, label: `${path}/${folder}${file.name}`, format: layout.format, layout: file };
  } finally {
    zip.close();
  }
}

function chooseLayout(path: string, names: readonly string[], options: ReadOptions): Layout {
  const asked = LAYOUTS.find((layout) => layout.format === options.format);
  if (asked !== undefined) return asked;
  const matches = layoutsAmong(names);
  const [match] = matches;
  if (matches.length === 1 && match !== undefined) return match;
  const problem =
    matches.length === 0
      ? `none of the MovieLens layouts ${describeLayouts()} was found in it`
      : `files of several MovieLens layouts lie in it; choose one with the option \`format\` (${matches.map((m) => `'${m.format}'`).join(', ')})`;
  throw new DataError(`${path}: ${problem}`, { file: path });
}

function fileOf(layout: Layout, kind: TableKind, path: string): LayoutFile {
  const file = layout[kind];
  if (file === undefined) {
    throw new DataError(`${path}: the layout ${layout.format} has no ${kind} file`, { file: path });
  }
  return file;
}

async function readHead(file: string, label: string): Promise<Buffer> {
  const handle = await open(file, 'r').catch((cause: Error) => {
    throw new DataError(`${label}: cannot be opened: ${cause.message}`, { file: label, cause });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function byteOrderMark(head: Buffer): Encoding | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return 'utf-16';
  return undefined;
}
