import { createWriteStream } from 'node:fs';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { DataError } from '../errors.js';
import { ByteCounter } from './byte-counter.js';
import type { LoadProgress } from './options.js';

/** Nothing larger is unpacked, whatever an archive claims. */
const MAX_BYTES = 64 * 2 ** 30;
/**
 * Beyond the free allowance, unpacked bytes may be at most this many times the packed ones (ratings pack 3-10 times).
 */
const MAX_RATIO = 250;
const FREE_BYTES = 256 * 2 ** 20;

export interface UnpackOptions {
  /** What the user would call the file, for errors. */
  label: string;
  /** Bytes that the unpacked ones come from. */
  packedBytes: number;
  /** Unpacked size when the archive states it. */
  unpackedBytes?: number;
  /** CRC-32 of the unpacked bytes when the archive states it. */
  checksum?: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Sends the packed bytes of the stream that `open` gives through `steps` (gunzip, a decoder) into the new file `to`.
 *
 * @throws DataError when the data is damaged, grows beyond what an honest file would, or the disk is full
 */
export async function unpack(
  open: () => Readable | Promise<Readable>,
  steps: Transform[],
  to: string,
  options: UnpackOptions,
): Promise<void> {
  const { label, packedBytes, unpackedBytes, checksum, signal, onProgress } = options;
  const limit = Math.min(MAX_BYTES, Math.max(FREE_BYTES, packedBytes * MAX_RATIO));
  const bomb = (): DataError =>
    new DataError(`${label}: unpacks to more than ${limit} bytes, which no honest file of this size does`, {
      file: label,
    });
  if (unpackedBytes !== undefined && unpackedBytes > limit) throw bomb();

  let crc = 0;
  const counter = new ByteCounter({
    phase: 'unpack',
    total: unpackedBytes,
    onProgress,
    inspect: (piece, done) => {
      if (done > limit) throw bomb();
      if (checksum !== undefined) crc = crc32(piece, crc);
    },
  });
  try {
    const source = await open();
    const sink = createWriteStream(to, { flags: 'wx', mode: 0o600 });
    await pipeline([source, ...steps, counter, sink], { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error === counter.thrown ? error : explain(label, error as NodeJS.ErrnoException);
  }
  if (checksum !== undefined && crc !== checksum) throw explain(label, new Error('its checksum does not match'));
}

function explain(label: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC') {
    return new DataError(`${label}: no space left in the temporary folder to unpack it (TMPDIR names another)`, {
      file: label,
      cause: error,
    });
  }
  if (error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new DataError(`${label}: not valid UTF-16`, { file: label, cause: error });
  }
  const fromZlib = error.code?.startsWith('Z_') === true;
  // yauzl reports damage with plain errors; anything with another code (EIO, EACCES) is not about the data.
  if (fromZlib || error.code === undefined) {
    return new DataError(`${label}: damaged: ${error.message}`, { file: label, cause: error });
  }
  return error;
}
