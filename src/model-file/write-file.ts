import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Bytes written and hashed at a time: a few milliseconds between turns of the event loop. */
const CHUNK = 2 ** 22;

const pending = new Set<string>();
const removePending = (): void => {
  for (const part of pending) rmSync(part, { force: true });
};

/**
 * Writes a file under another name beside it, brings it to the disk and renames it. Whoever opens `file` finds the old
 * content or the new, also after a crash; the other name is gone when `write` fails or the process exits.
 */
export async function replaceFile(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  // Renaming over a device or a pipe would put a file in its place. What cannot be looked at is mostly not there yet; any
  // other reason comes up when the part beside it is opened.
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isFile()) throw new Error('it exists and is no regular file');
  const folder = path.dirname(path.resolve(file));
  // Cut, as a name may have 255 bytes.
  const part = path.join(folder, `.${path.basename(file).slice(0, 48)}.${randomBytes(6).toString('hex')}.part`);
  const handle = await open(part, 'wx');
  if (pending.size === 0) process.on('exit', removePending);
  pending.add(part);
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
    await syncFolder(folder);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    pending.delete(part);
    if (pending.size === 0) process.off('exit', removePending);
  }
}

/** Brings the rename to the disk. Windows cannot open folders, and does so by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes pieces one after the other; returns how many bytes and their SHA-256. */
export async function writePieces(
  handle: FileHandle,
  offset: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ length: number; sha256: string }> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += CHUNK) {
      const chunk = piece.subarray(at, at + CHUNK);
      const written = writeAll(handle, chunk, offset + length);
      hash.update(chunk); // while it is written
      await written;
      length += chunk.length;
    }
  }
  return { length, sha256: hash.digest('hex') };
}

/** Writes all bytes: one call may write fewer. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
}
