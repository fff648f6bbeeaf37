import type { IdKind } from '../dataset/vocabulary.js';

/** Every section begins at a multiple of it. */
export const ALIGNMENT = 64;

/** Arrow's writer counts the bytes of a buffer in 32 bits; longer columns are cut into parts. */
export const PART_BYTES: number = 2 ** 30;

export type NumberType = 'int32' | 'int64' | 'uint32' | 'float32' | 'float64';

/** Bytes of a value. */
const WIDTHS: Readonly<Record<NumberType, number>> = { int32: 4, int64: 8, uint32: 4, float32: 4, float64: 8 };

/** Most rows of a column, and most numbers of a row of factors. */
export const MAX_ROWS: number = 2 ** 32 - 2;
export const MAX_DIM: number = 2 ** 16;

/** How many users and items a model has. */
export interface Sizes {
  users: number;
  items: number;
}

/** What decides which columns a file has. */
export interface Shape {
  users: { kind: IdKind; size: number };
  items: { kind: IdKind; size: number };
  interactions: { size: number; times: boolean };
  parameters: { columns(sizes: Sizes): Column[] };
  userTable: boolean;
  itemTable: boolean;
}

/** A column of numbers or strings, or a table. */
export interface Column {
  name: string;
  type: NumberType | 'utf8' | 'table';
  rows: number;
}

/** A section is an Arrow IPC stream of a column, or of a part of it. */
export interface Section {
  /** The column's name; parts beyond the first have their number behind it. */
  name: string;
  column: string;
  type: Column['type'];
  /** First row. */
  start: number;
  rows: number;
  /** Rows of all parts. */
  total: number;
}

/** All columns of a model in the order of the file; the writer follows this list and the reader accepts no other. */
export function listColumns(shape: Shape): Column[] {
  const { users, items, interactions, parameters } = shape;
  const columns: Column[] = [];
  const add = (name: string, type: Column['type'], rows: number): void => {
    columns.push({ name, type, rows });
  };
  add('user.ids', idType(users.kind), users.size);
  add('item.ids', idType(items.kind), items.size);
  add('seen.offsets', 'uint32', users.size + 1);
  add('seen.items', 'uint32', interactions.size);
  add('seen.values', 'float32', interactions.size);
  if (interactions.times) add('seen.times', 'float64', interactions.size);
  columns.push(...parameters.columns({ users: users.size, items: items.size }));
  if (shape.userTable) add('user.table', 'table', users.size);
  if (shape.itemTable) add('item.table', 'table', items.size);
  return columns;
}

const idType = (kind: IdKind): Column['type'] => (kind === 'string' ? 'utf8' : kind);

/** Fewest bytes of a column. Metadata may take none, strings have an offset each. */
export function leastBytes({ type, rows }: Pick<Column, 'type' | 'rows'>): number {
  if (type === 'table') return 0;
  return rows * (type === 'utf8' ? 4 : WIDTHS[type]);
}

/** The sections of the columns. */
export function splitColumns(columns: readonly Column[], partBytes: number): Section[] {
  return columns.flatMap(({ name, type, rows }): Section[] => {
    if (type === 'utf8' || type === 'table') return [{ name, column: name, type, start: 0, rows, total: rows }];
    const most = partBytes / WIDTHS[type];
    return Array.from({ length: Math.max(1, Math.ceil(rows / most)) }, (_, part) => ({
      name: part === 0 ? name : `${name}.${part + 1}`,
      column: name,
      type,
      start: part * most,
      rows: Math.min(most, rows - part * most),
      total: rows,
    }));
  });
}

/** The first multiple of ALIGNMENT at or after an offset. */
export function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
