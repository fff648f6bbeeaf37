import type { Utf8, Vector } from 'apache-arrow';

/**
 * Distinct strings in order of first appearance, and for each row the number of its string in that order. Decoding drops a
 * leading byte order mark, as Arrow does, so two of the strings may be the same.
 */
export interface DistinctStrings {
  /** (n) */
  codes: Int32Array;
  strings: string[];
}

/**
 * Numbers the distinct strings of a Utf8 column without nulls. Rows are compared by their bytes, so only distinct ones
 * become JavaScript strings: decoding each row would cost ten times as much. TypeError when bytes are not UTF-8.
 */
export function distinctStrings(column: Vector<Utf8>): DistinctStrings {
  const codes = new Int32Array(column.length);
  const pool = new StringPool();
  let row = 0;
  for (const { values, valueOffsets, length } of column.data) {
    for (let i = 0; i < length; i++) {
      codes[row++] = pool.code(values, valueOffsets[i] as number, valueOffsets[i + 1] as number);
    }
  }
  return { codes, strings: pool.strings() };
}

/** The bytes of distinct strings end to end, found through an open-addressing table. */
class StringPool {
  #bytes = new Uint8Array(1 << 14);
  /** (capacity + 1): string c lies in bytes[starts[c], starts[c + 1]). */
  #starts = new Uint32Array(1 << 10);
  #hashes = new Int32Array(1 << 10);
  #slots = new Int32Array(1 << 11).fill(-1);
  #count = 0;

  code(source: Uint8Array, begin: number, end: number): number {
    const hash = hashBytes(source, begin, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    let code = slots[slot] as number;
    while (code >= 0 && !(this.#hashes[code] === hash && this.#equals(code, source, begin, end))) {
      slot = (slot + 1) & mask;
      code = slots[slot] as number;
    }
    return code >= 0 ? code : this.#add(hash, slot, source, begin, end);
  }

  #equals(code: number, source: Uint8Array, begin: number, end: number): boolean {
    const bytes = this.#bytes;
    const start = this.#starts[code] as number;
    if ((this.#starts[code + 1] as number) - start !== end - begin) return false;
    for (let i = begin, j = start; i < end; i++, j++) if (source[i] !== bytes[j]) return false;
    return true;
  }

  #add(hash: number, slot: number, source: Uint8Array, begin: number, end: number): number {
    const code = this.#count++;
    const start = this.#starts[code] as number;
    const stop = start + end - begin;
    if (stop > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, stop));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(source.subarray(begin, end), start);
    this.#hashes[code] = hash;
    this.#slots[slot] = code;
    if (code + 2 > this.#starts.length - 1) this.#grow();
    this.#starts[code + 1] = stop;
    return code;
  }

  #grow(): void {
    const starts = new Uint32Array(2 * this.#starts.length);
    starts.set(this.#starts);
    const hashes = new Int32Array(2 * this.#hashes.length);
    hashes.set(this.#hashes);
    const slots = new Int32Array(2 * this.#slots.length).fill(-1);
    const mask = slots.length - 1;
    for (let code = 0; code < this.#count; code++) {
      let slot = (hashes[code] as number) & mask;
      while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask;
      slots[slot] = code;
    }
    this.#starts = starts;
    this.#hashes = hashes;
    this.#slots = slots;
  }

  strings(): string[] {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    return Array.from({ length: this.#count }, (_, code) =>
      decoder.decode(this.#bytes.subarray(this.#starts[code], this.#starts[code + 1])),
    );
  }
}

/** FNV-1a with a final mix, for tables that use the low bits. */
function hashBytes(bytes: Uint8Array, begin: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = begin; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
