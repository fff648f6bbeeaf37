import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Table } from 'apache-arrow';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';

/** A folder for the files of one test file; removed at exit. */
export const folder: string = mkdtempSync(path.join(tmpdir(), 'load-test-'));
/** The system's temporary folder as the reader sees it: others may be at work in the real one. */
const temporary = mkdtempSync(path.join(tmpdir(), 'load-test-tmp-'));
for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = temporary;
process.on('exit', () => {
  for (const path of [folder, temporary]) rmSync(path, { recursive: true, force: true });
});

/** Writes a fixture and returns its path; folders in the name are made. */
export function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** A column as a plain array. */
export function values(table: Table, name: string): unknown[] {
  const column = table.getChild(name);
  assert.ok(column, `column ${name} is missing`);
  return Array.from({ length: table.numRows }, (_, i) => {
    const value = column.get(i) as unknown;
    return typeof value === 'object' && value !== null ? Array.from(value as Iterable<unknown>) : value;
  });
}

/** The buffer under a column's only chunk. */
export function memory(table: Table, name: string): unknown {
  const chunks = table.getChild(name)?.data ?? [];
  assert.is(chunks.length, 1);
  return (chunks[0]?.values as Float32Array | undefined)?.buffer;
}

/** `userId:Int32 itemId:Int32 …` */
export function schema(table: Table): string {
  return table.schema.fields.map((field) => `${field.name}:${field.type}`).join(' ');
}

/** Asserts that the promise rejects with a one-line DataError and returns it. */
export async function dataError(promise: Promise<unknown>): Promise<DataError> {
  const error = await promise.then(
    () => assert.unreachable('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DataError)) throw error;
  assert.is(error.code, 'ERR_PALATE_DATA');
  assert.not.match(error.message, '\n');
  return error;
}

/** What lies in the temporary folder now. */
export function leftovers(): string[] {
  return readdirSync(temporary).filter((name) => !name.startsWith('tsx-')); // the TypeScript loader's cache
}

export interface ZipMember {
  name: string;
  content: string | Uint8Array;
  /** What the archive claims instead of the truth. */
  claim?: { size?: number; crc?: number; flags?: number; method?: number };
}

/** A zip archive, also a dishonest one. */
export function makeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, claim = {} } of members) {
    const plain = Buffer.from(content);
    const packed = deflateRawSync(plain);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(claim.flags ?? 0x800, 2);
    fields.writeUInt16LE(claim.method ?? 8, 4);
    fields.writeUInt32LE(claim.crc ?? crc32(plain), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claim.size ?? plain.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
