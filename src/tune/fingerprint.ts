import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../dataset/dataset.js';

/** Bytes hashed at a time: a few milliseconds between turns of the event loop. */
const CHUNK = 2 ** 22;

async function update(hash: Hash, array: Uint32Array | Float32Array | Float64Array): Promise<void> {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    hash.update(bytes.subarray(at, at + CHUNK));
    await setImmediate();
  }
}

/** What tells one dataset from another: sizes, the names of metadata columns, and a checksum of ids and interactions. */
export interface DataFingerprint {
  users: number;
  items: number;
  interactions: number;
  metadata: string[];
  sha256: string;
}

export async function fingerprintOf(data: Dataset): Promise<DataFingerprint> {
  const { users, items, interactions, itemTable, userTable } = data;
  const hash = createHash('sha256');
  for (const array of [interactions.offsets, interactions.items, interactions.values]) await update(hash, array);
  if (interactions.times !== undefined) await update(hash, interactions.times);
  for (const vocabulary of [users, items]) {
    for (let index = 0; index < vocabulary.size; index++) hash.update(`${vocabulary.id(index)}\n`);
    await setImmediate();
  }
  const columns = [itemTable, userTable].flatMap((table) => table?.schema.fields.map(({ name }) => name) ?? []);
  return {
    users: users.size,
    items: items.size,
    interactions: interactions.size,
    metadata: columns,
    sha256: hash.digest('hex'),
  };
}
