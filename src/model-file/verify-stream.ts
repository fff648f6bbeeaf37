import { MessageHeader, Type } from 'apache-arrow';
import { Fault } from './fault.js';
import { HELD_TYPES } from './plain-table.js';

/**
 * What Arrow's decoder follows in a flatbuffers table, by field number: strings, vectors of plain values (by their
 * width in bytes), tables and vectors of tables. All else are scalars, which cannot lead it astray.
 */
interface Shape {
  strings?: readonly number[];
  vectors?: Readonly<Record<number, number>>;
  tables?: Readonly<Record<number, () => Shape>>;
  tableVectors?: Readonly<Record<number, () => Shape>>;
  /** Fields that our files never have. */
  absent?: readonly number[];
}

// Field numbers of Message.fbs and Schema.fbs of the Arrow format.
const KEY_VALUE: Shape = { strings: [0, 1] };
/** Of the types that we hold only Timestamp has more than scalars: its time zone. */
const TIMESTAMP: Shape = { strings: [1] };
const FIELD: Shape = {
  strings: [0],
  tables: { 3: () => ({}) },
  tableVectors: { 5: () => FIELD, 6: () => KEY_VALUE },
  absent: [4], // dictionary
};
const TIMESTAMP_FIELD: Shape = { ...FIELD, tables: { 3: () => TIMESTAMP } };
const FIELD_TYPE = 2;
/** absent: compression. */
const RECORD_BATCH: Shape = { vectors: { 1: 16, 2: 16, 4: 8 }, absent: [3] };
const SCHEMA: Shape = { vectors: { 3: 8 }, tableVectors: { 1: () => FIELD, 2: () => KEY_VALUE } };
const HEADERS: ReadonlyMap<number, Shape> = new Map([
  [MessageHeader.Schema, SCHEMA],
  [MessageHeader.RecordBatch, RECORD_BATCH],
]);
const HEADER_TYPE = 1;
const HEADER = 2;
const BODY_LENGTH = 3;
const NODES = 1;

/** Tables that one message may have: offsets may share tables, so their number is not bounded by the bytes. */
const MAX_TABLES = 100_000;
const MAX_DEPTH = 64;

/**
 * Checks that a section is one Arrow stream, a schema and record batches, in which no length reaches beyond the bytes.
 * Arrow's decoder trusts lengths: one that lies could make it loop or allocate until the process dies.
 * @param rows the rows that the section should have; no column may claim to be longer than the bytes could hold.
 */
export function verifyStream(bytes: Uint8Array, rows: number): void {
  try {
    verifyMessages(bytes, rows);
  } catch (cause) {
    // Reads beyond the bytes end here, too: DataView throws on them.
    throw new Fault('its Arrow stream is malformed', { cause });
  }
}

const bad = (): Fault => new Fault('a length or offset reaches beyond the bytes');

function verifyMessages(bytes: Uint8Array, rows: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mostRows = Math.max(rows, bytes.byteLength * 8);
  for (let at = 0, message = 0; ; message++) {
    if (at + 8 > bytes.byteLength || view.getUint32(at, true) !== 0xffffffff) throw bad();
    const length = view.getUint32(at + 4, true);
    at += 8;
    if (length === 0) {
      if (at !== bytes.byteLength || message === 0) throw bad();
      return;
    }
    if (length % 8 !== 0 || at + length > bytes.byteLength) throw bad();
    const body = new MessageMetadata(bytes.subarray(at, at + length)).verify(message === 0, mostRows);
    at += length;
    if (body % 8 !== 0 || body < 0 || body > bytes.byteLength - at) throw bad();
    at += body;
  }
}

class MessageMetadata {
  readonly #view: DataView;
  #tables = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Length of the body. */
  verify(isFirst: boolean, mostRows: number): number {
    const root = this.#target(0);
    const typeAt = this.#field(root, HEADER_TYPE, 1);
    const type = typeAt === 0 ? 0 : this.#view.getUint8(typeAt);
    const shape = HEADERS.get(type);
    if (shape === undefined || isFirst !== (type === MessageHeader.Schema)) throw bad();
    this.#table(root, { tables: { [HEADER]: () => shape }, tableVectors: { 4: () => KEY_VALUE } }, 0);
    const headerAt = this.#field(root, HEADER, 4);
    if (headerAt === 0) throw bad();
    if (type === MessageHeader.RecordBatch) this.#rows(this.#target(headerAt), mostRows);
    const bodyAt = this.#field(root, BODY_LENGTH, 8);
    return bodyAt === 0 ? 0 : Number(this.#view.getBigInt64(bodyAt, true));
  }

  /** Lengths of a batch and its columns; a node is (length, nulls). */
  #rows(batch: number, most: number): void {
    const counts: number[] = [];
    const lengthAt = this.#field(batch, 0, 8);
    if (lengthAt !== 0) counts.push(lengthAt);
    const nodesAt = this.#field(batch, NODES, 4);
    if (nodesAt !== 0) {
      const nodes = this.#target(nodesAt);
      const end = nodes + 4 + this.#view.getUint32(nodes, true) * 16;
      for (let node = nodes + 4; node < end; node += 8) counts.push(node);
    }
    for (const at of counts) {
      const count = this.#view.getBigInt64(at, true);
      if (count < 0n || count > BigInt(most)) throw bad();
    }
  }

  #table(table: number, shape: Shape, depth: number): void {
    this.#tables++;
    if (this.#tables > MAX_TABLES || depth > MAX_DEPTH) throw bad();
    for (const field of shape.absent ?? []) if (this.#field(table, field, 1) !== 0) throw bad();
    for (const field of shape.strings ?? []) this.#vector(this.#field(table, field, 4), 1);
    for (const [field, width] of Object.entries(shape.vectors ?? {})) {
      this.#vector(this.#field(table, Number(field), 4), width);
    }
    for (const [field, inner] of Object.entries(shape.tables ?? {})) {
      const at = this.#field(table, Number(field), 4);
      if (at !== 0) this.#table(this.#target(at), inner(), depth + 1);
    }
    for (const [field, inner] of Object.entries(shape.tableVectors ?? {})) {
      const { start, count } = this.#vector(this.#field(table, Number(field), 4), 4);
      for (let i = 0; i < count; i++) {
        const element = this.#target(start + 4 * i);
        this.#table(element, this.#narrowed(element, inner()), depth + 1);
      }
    }
  }

  /** The shape of a schema's field with its type; Fault on types that a model file does not hold. */
  #narrowed(table: number, shape: Shape): Shape {
    if (shape !== FIELD) return shape;
    const typeAt = this.#field(table, FIELD_TYPE, 1);
    const type = typeAt === 0 ? 0 : this.#view.getUint8(typeAt);
    if (!HELD_TYPES.has(type)) throw bad();
    return type === Type.Timestamp ? TIMESTAMP_FIELD : FIELD;
  }

  /** Start and count of the vector or string that the offset at `at` leads to; empty where there is none (0). */
  #vector(at: number, width: number): { start: number; count: number } {
    if (at === 0) return { start: 0, count: 0 };
    const vector = this.#target(at);
    const count = this.#view.getUint32(vector, true);
    if (count * width > this.#view.byteLength - vector - 4) throw bad();
    return { start: vector + 4, count };
  }

  /** Where the offset at `at` leads; at least a word lies there. */
  #target(at: number): number {
    if (at + 4 > this.#view.byteLength) throw bad();
    const target = at + this.#view.getUint32(at, true);
    if (target === at || target + 4 > this.#view.byteLength) throw bad();
    return target;
  }

  /** Where a field of a table lies, 0 when it is absent; at least `width` bytes lie there. */
  #field(table: number, field: number, width: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    const slot = 4 + 2 * field;
    if (slot >= this.#view.getUint16(vtable, true)) return 0;
    const offset = this.#view.getInt16(vtable + slot, true); // signed, as the decoder reads it
    if (offset === 0) return 0;
    if (offset < 0 || table + offset + width > this.#view.byteLength) throw bad();
    return table + offset;
  }
}
