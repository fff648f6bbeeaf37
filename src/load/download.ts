import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DataError } from '../errors.js';
import { expectFunction, expectKnownKeys, expectOneOf, expectString } from '../options.js';
import { ByteCounter } from './byte-counter.js';
import { cacheFolder } from './cache-folder.js';
import type { LoadProgress } from './options.js';

/** The data sets that can be downloaded, by the names that GroupLens gives them. */
export const MOVIELENS_NAMES = ['ml-latest-small', 'ml-latest', 'ml-1m', 'ml-100k', 'ml-25m', 'ml-32m'] as const;
export type MovieLensName = (typeof MOVIELENS_NAMES)[number];

/** Options of `downloadMovieLens`. */
export interface DownloadOptions {
  /** Folder to keep the file in. Default: `palate` in the user's cache folder. */
  cacheDir?: string;
  signal?: AbortSignal;
  /** Called a few times a second with bytes. */
  onProgress?: (progress: LoadProgress) => void;
  /** Where `NAME.zip` and `NAME.zip.md5` lie. Default: `https://files.grouplens.org/datasets/movielens/`. */
  baseUrl?: string;
}

const BASE_URL = 'https://files.grouplens.org/datasets/movielens/';
/** ml-32m has 239 MB, ml-latest 335 MB. */
const MAX_BYTES = 2 ** 31;

/**
 * Downloads a MovieLens data set as the zip that GroupLens publishes, which `readRatings` and `readItems` read as it
 * is. Its size and the MD5 sum published beside it are checked before it gets its name, so no partial file is ever
 * left. Downloads again and replaces what is there; `cachedMovieLens` says whether that is needed. Mind the licence of
 * the data.
 *
 * @returns absolute path of the zip in the cache folder
 * @throws DataError without network, on an answer other than 200, a wrong size or checksum; TypeError or RangeError
 */
export async function downloadMovieLens(name: MovieLensName, options: DownloadOptions = {}): Promise<string> {
  expectOneOf('name', name, MOVIELENS_NAMES);
  expectKnownKeys('downloadMovieLens', options, ['cacheDir', 'signal', 'onProgress', 'baseUrl']);
  if (options.onProgress !== undefined) expectFunction('onProgress', options.onProgress);
  const { signal } = options;
  const target = zipPath(name, options.cacheDir);
  const base = expectString('baseUrl', options.baseUrl ?? BASE_URL);
  const url = `${base.endsWith('/') ? base : `${base}/`}${name}.zip`;

  const sum = await readSum(`${url}.md5`, signal);
  const temporary = `${target}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const response = await get(url, signal);
    const received = await receive(response, url, temporary, options);
    if (received !== sum) {
      throw new DataError(`${url}: the checksum is ${received} instead of ${sum}; nothing was kept`, { file: url });
    }
    await rename(temporary, target);
    return target;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Path of the downloaded zip of `name`, or undefined when it is not in the cache. */
export function cachedMovieLens(name: MovieLensName, options: { cacheDir?: string } = {}): string | undefined {
  expectOneOf('name', name, MOVIELENS_NAMES);
  expectKnownKeys('cachedMovieLens', options, ['cacheDir']);
  const path = zipPath(name, options.cacheDir);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

function zipPath(name: MovieLensName, cacheDir: string | undefined): string {
  return resolve(cacheDir === undefined ? cacheFolder() : expectString('cacheDir', cacheDir), `${name}.zip`);
}

async function readSum(url: string, signal: AbortSignal | undefined): Promise<string> {
  const response = await get(url, signal);
  const text = await response.text().catch((error: unknown) => {
    throw failure(url, signal, error);
  });
  // `MD5 (ml-100k.zip) = 0e33…` or `0e33…  ml-100k.zip`
  const sum = /\b[0-9a-f]{32}\b/i.exec(text)?.[0];
  if (sum === undefined) throw new DataError(`${url}: holds no MD5 checksum`, { file: url });
  return sum.toLowerCase();
}

async function get(url: string, signal: AbortSignal | undefined): Promise<Response> {
  const headers = { 'accept-encoding': 'identity' };
  const response = await fetch(url, { signal: signal ?? null, headers }).catch((error: unknown) => {
    throw failure(url, signal, error);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new DataError(`${url}: the server answered ${response.status} ${response.statusText}`.trimEnd(), { file: url });
}

/** One line for a transfer that broke, with its reason; the signal's reason when it was aborted. */
function failure(url: string, signal: AbortSignal | undefined, error: unknown): unknown {
  if (signal?.aborted) return signal.reason;
  const { code, syscall } = error as NodeJS.ErrnoException;
  // An error of the local file (no space, no permission) says what it is by itself.
  if (syscall === 'open' || syscall === 'write') return error;
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  const reason = cause?.code ?? cause?.message ?? code ?? (error as Error).message;
  return new DataError(`${url}: cannot be downloaded (${reason}); is this machine offline?`, {
    file: url,
    cause: error,
  });
}

/** Streams the answer into the new file `to`. @returns its MD5 */
async function receive(response: Response, url: string, to: string, options: DownloadOptions): Promise<string> {
  const { signal, onProgress } = options;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isSafeInteger(length) ? length : undefined;
  const hash = createHash('md5');
  const counter = new ByteCounter({
    phase: 'download',
    total,
    onProgress,
    inspect: (piece, done) => {
      if (done > MAX_BYTES)
        throw new DataError(`${url}: more than ${MAX_BYTES} bytes; nothing was kept`, { file: url });
      hash.update(piece);
    },
  });
  if (response.body === null) throw new DataError(`${url}: the server sent nothing`, { file: url });
  const source = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  try {
    await pipeline(source, counter, createWriteStream(to, { flags: 'wx' }), { signal });
  } catch (error) {
    throw error === counter.thrown ? error : failure(url, signal, error);
  }
  const { done } = counter;
  if (total !== undefined && done !== total) {
    throw new DataError(`${url}: ${done} of ${total} bytes arrived; nothing was kept`, { file: url });
  }
  onProgress?.({ phase: 'download', unit: 'bytes', done, total: done });
  return hash.digest('hex');
}
