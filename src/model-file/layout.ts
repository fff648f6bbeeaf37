import type { IdKind } from '../dataset/vocabulary.js';

/** Every section begins at a multiple of it. */
export const ALIGNMENT = 64;

/** Arrow's writer counts the bytes of a buffer in 32 bits; longer columns are cut into parts. */
const PART_BYTES = 2 ** 30;

export type NumberType = 'int32' | 'int64' | 'uint32' | 'float32' | 'float64';

/** Bytes of a value. */
export const WIDTHS: Readonly<Record<NumberType, number>> = { int32: 4, int64: 8, uint32: 4, float32: 4, float64: 8 };

/** Sizes that decide which sections a file has. */
export interface Shape {
  users: { kind: IdKind; size: number };
  items: { kind: IdKind; size: number };
  interactions: { size: number; times: boolean };
  dim: number;
  fields: readonly { side: 'user' | 'item'; labels: number; active: number }[];
  userTable: boolean;
  itemTable: boolean;
}

/** A section: an Arrow IPC stream with a column of numbers (or a part of one), a column of strings, or a table. */
export interface Section {
  name: string;
  /** Name of the whole; only parts beyond the first differ from it in `name`. */
  column: string;
  type: NumberType | 'utf8' | 'table';
  /** First row of the part. */
  start: number;
  rows: number;
  /** Rows of all parts. */
  total: number;
}

/** Sections of a field are called field.0.labels, field.0.offsets, ... */
export const fieldSection = (field: number, part: string): string => `field.${field}.${part}`;

/** All sections of a model in the order of the file; the writer follows this list and the reader accepts no other. */
export function listSections(shape: Shape, partBytes: number = PART_BYTES): Section[] {
  const { users, items, interactions, dim } = shape;
  const column = (name: string, type: Section['type'], rows: number): Section[] => {
    if (type === 'utf8' || type === 'table') return [{ name, column: name, type, start: 0, rows, total: rows }];
    const most = partBytes / WIDTHS[type];
    return Array.from({ length: Math.max(1, Math.ceil(rows / most)) }, (_, part) => ({
      name: part === 0 ? name : `${name}.part${part + 1}`,
      column: name,
      type,
      start: part * most,
      rows: Math.min(most, rows - part * most),
      total: rows,
    }));
  };
  const idType = (kind: IdKind): Section['type'] => (kind === 'string' ? 'utf8' : kind);
  return [
    ...column('user.ids', idType(users.kind), users.size),
    ...column('item.ids', idType(items.kind), items.size),
    ...column('seen.offsets', 'uint32', users.size + 1),
    ...column('seen.items', 'uint32', interactions.size),
    ...column('seen.values', 'float32', interactions.size),
    ...(interactions.times ? column('seen.times', 'float64', interactions.size) : []),
    ...column('user.factors', 'float32', users.size * dim),
    ...column('item.factors', 'float32', items.size * dim),
    ...column('user.biases', 'float32', users.size),
    ...column('item.biases', 'float32', items.size),
    ...shape.fields.flatMap(({ side, labels, active }, field) => [
      ...column(fieldSection(field, 'labels'), 'utf8', labels),
      ...column(fieldSection(field, 'offsets'), 'uint32', (side === 'user' ? users : items).size + 1),
      ...column(fieldSection(field, 'indices'), 'uint32', active),
      ...column(fieldSection(field, 'factors'), 'float32', labels * dim),
      ...column(fieldSection(field, 'biases'), 'float32', labels),
    ]),
    ...(shape.userTable ? column('user.table', 'table', users.size) : []),
    ...(shape.itemTable ? column('item.table', 'table', items.size) : []),
  ];
}

/** The first multiple of ALIGNMENT at or after an offset. */
export function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
