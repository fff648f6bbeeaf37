import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Fault } from './fault.js';

/** Bytes read and hashed at a time: a few milliseconds between turns of the event loop. */
const CHUNK = 2 ** 22;

/** Reads bytes and their SHA-256. The caller knows that the file has them, so no more is allocated than it holds. */
export async function readBytes(
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<{ bytes: Buffer; sha256: string }> {
  // Not from Buffer's pool: views of numbers need an alignment, and must not keep other bytes alive.
  const bytes = Buffer.from(new ArrayBuffer(length));
  const hash = createHash('sha256');
  const readAt = (at: number): Promise<{ bytesRead: number }> =>
    handle.read(bytes, at, Math.min(CHUNK, length - at), offset + at);
  let next = length > 0 ? readAt(0) : undefined;
  for (let at = 0; next !== undefined; ) {
    const { bytesRead } = await next;
    if (bytesRead === 0) throw new Fault(`it is truncated: the file ends at ${offset + at}`);
    const chunk = bytes.subarray(at, at + bytesRead);
    at += bytesRead;
    next = at < length ? readAt(at) : undefined;
    hash.update(chunk); // while the next one is read
  }
  return { bytes, sha256: hash.digest('hex') };
}
