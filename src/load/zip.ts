import type { Entry, ZipFile } from 'yauzl';
import { DataError, MissingPackageError } from '../errors.js';
import type { LoadProgress } from './options.js';
import { unpack } from './unpack.js';

/** More entries than any data set has; the central directory is not read further. */
const MAX_ENTRIES = 10_000;

/** An opened zip archive. */
export interface Zip {
  /** Names of the files inside, `/` between folders; folders and macOS' `__MACOSX` copies are left out. */
  readonly names: readonly string[];
  /** Unpacks one file to the new path `to`. @throws DataError when it is encrypted, damaged or far too large */
  extract(
    name: string,
    to: string,
    options: { signal?: AbortSignal | undefined; onProgress?: ((progress: LoadProgress) => void) | undefined },
  ): Promise<void>;
  close(): void;
}

/**
 * Opens a zip file. Names in it are only ever compared, never used as a path to write to.
 *
 * @throws DataError when it is no zip or its directory is damaged; MissingPackageError without the package yauzl
 */
export async function openZip(path: string, label: string): Promise<Zip> {
  const yauzl = await importYauzl();
  const damaged = (cause: unknown): DataError =>
    new DataError(`${label}: not a readable zip file: ${(cause as Error).message}`, { file: label, cause });
  let zip: ZipFile;
  const entries = new Map<string, Entry>();
  try {
    zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw damaged(error);
  }
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue;
      if (entries.has(entry.fileName)) throw new Error(`it holds ${JSON.stringify(entry.fileName)} twice`);
      if (entries.size === MAX_ENTRIES) throw new Error(`more than ${MAX_ENTRIES} files`);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    zip.close();
    throw damaged(error);
  }
  return {
    names: [...entries.keys()],
    async extract(name, to, options): Promise<void> {
      const inside = `${label}/${name}`;
      const entry = entries.get(name) as Entry;
      if (!entry.canDecodeFileData()) {
        const why = entry.isEncrypted() ? 'encrypted' : `compressed by method ${entry.compressionMethod}`;
        throw new DataError(`${inside}: ${why}, which cannot be read; unpack the zip first`, { file: inside });
      }
      const { compressedSize: packedBytes, uncompressedSize: unpackedBytes, crc32: checksum } = entry;
      await unpack(() => zip.openReadStreamPromise(entry), [], to, {
        ...options,
        label: inside,
        packedBytes,
        unpackedBytes,
        checksum,
      });
    },
    close: () => zip.close(),
  };
}

async function importYauzl(): Promise<typeof import('yauzl')> {
  try {
    return (await import('yauzl')).default;
  } catch (cause) {
    throw new MissingPackageError(
      'Reading .zip files needs the package yauzl: `npm install yauzl` (or unpack the zip and pass its folder)',
      { cause },
    );
  }
}
