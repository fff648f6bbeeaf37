import { createHash } from 'node:crypto';
import { Fault } from './fault.js';

/** Version of the format that is written; a change that older readers would get wrong raises it. */
export const MODEL_FILE_VERSION = 1;

/** Bytes before the first section. */
export const PREFIX_SIZE = 64;

/** The first byte is no text and the last a line feed: a transfer that meddles with either shows at once. */
const MAGIC = Buffer.from('\x89PALATE\n', 'latin1');
const VERSION_AT = 8;
const HEADER_LENGTH_AT = 12;
const HEADER_OFFSET_AT = 16;
const FILE_LENGTH_AT = 24;
const HASH_AT = 32;

/** Largest header that is read: options and some 100,000 epochs fit by far. */
const MAX_HEADER = 2 ** 26;

/** Where the header lies. */
export interface Prefix {
  headerOffset: number;
  headerLength: number;
  sha256: Buffer;
}

/** The checksum spans the prefix before it and the header. */
export function hashHeader(prefix: Buffer, header: Uint8Array): Buffer {
  return createHash('sha256').update(prefix.subarray(0, HASH_AT)).update(header).digest();
}

/** Little endian: magic (8), version (4), header length (4), header offset (8), file length (8), SHA-256 (32). */
export function encodePrefix(headerOffset: number, header: Uint8Array): Buffer {
  if (header.length > MAX_HEADER) {
    throw new Fault(`the header has ${header.length} bytes; at most ${MAX_HEADER} are allowed`);
  }
  const prefix = Buffer.alloc(PREFIX_SIZE);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(MODEL_FILE_VERSION, VERSION_AT);
  prefix.writeUInt32LE(header.length, HEADER_LENGTH_AT);
  prefix.writeBigUInt64LE(BigInt(headerOffset), HEADER_OFFSET_AT);
  prefix.writeBigUInt64LE(BigInt(headerOffset + header.length), FILE_LENGTH_AT);
  hashHeader(prefix, header).copy(prefix, HASH_AT);
  return prefix;
}

/** Reads the first bytes of a file of `fileSize` bytes; Fault unless the header lies at its end. */
export function decodePrefix(prefix: Buffer, fileSize: number): Prefix {
  if (fileSize === 0) throw new Fault('the file is empty');
  const start = prefix.subarray(0, MAGIC.length);
  if (!start.equals(MAGIC.subarray(0, start.length))) throw new Fault('it is not a palate model file');
  if (prefix.length < PREFIX_SIZE) throw new Fault(`it is truncated: ${fileSize} bytes do not hold the file's prefix`);
  const version = prefix.readUInt32LE(VERSION_AT);
  if (version !== MODEL_FILE_VERSION) {
    const writer = version > MODEL_FILE_VERSION ? 'a newer palate wrote it' : 'no palate wrote that one';
    throw new Fault(`it has format version ${version}, this palate reads version ${MODEL_FILE_VERSION}; ${writer}`);
  }
  const length = prefix.readBigUInt64LE(FILE_LENGTH_AT);
  if (BigInt(fileSize) < length) throw new Fault(`it is truncated: ${fileSize} of ${length} bytes`);
  const headerOffset = Number(prefix.readBigUInt64LE(HEADER_OFFSET_AT));
  const headerLength = prefix.readUInt32LE(HEADER_LENGTH_AT);
  if (headerOffset < PREFIX_SIZE || headerLength > MAX_HEADER || headerOffset + headerLength !== fileSize) {
    throw new Fault(`its prefix is damaged: no header of ${headerLength} bytes ends the file of ${fileSize} bytes`);
  }
  return { headerOffset, headerLength, sha256: prefix.subarray(HASH_AT, PREFIX_SIZE) };
}
