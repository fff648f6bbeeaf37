import { DataType, makeBuilder, Table, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';
import { columnTypeError, expectColumn, rejectNulls } from './columns.js';
import { encodeIds } from './encode-ids.js';
import type { Vocabulary } from './vocabulary.js';

/** The ids of a metadata table; DataError on nulls and on an id that stands in two rows. */
export interface MetadataIds {
  vocabulary: Vocabulary;
  /** (size of the vocabulary) row of each id. */
  rows: Int32Array;
}

/** Reads the id column of a metadata table whose kind (integers or strings) must be that of the ratings. */
export function readMetadataIds(table: Table, key: string, what: string, ratings: Vocabulary): MetadataIds {
  const column = expectColumn(table, key, what);
  rejectNulls(column, key, what);
  const { vocabulary, raw, base, lookup } = encodeIds(column, key, what);
  if ((vocabulary.kind === 'string') !== (ratings.kind === 'string')) {
    const expected = ratings.kind === 'string' ? 'strings, as in the ratings' : 'integers, as in the ratings';
    throw columnTypeError(column, key, what, expected);
  }
  const rows = new Int32Array(vocabulary.size).fill(-1);
  for (let row = 0; row < raw.length; row++) {
    const index = lookup[(raw[row] as number) - base] as number;
    if ((rows[index] as number) >= 0) {
      throw new DataError(
        `Id ${vocabulary.id(index)} stands in rows ${rows[index]} and ${row} (from 0) of the ${what} table`,
        { column: key, value: vocabulary.id(index) },
      );
    }
    rows[index] = row;
  }
  return { vocabulary, rows };
}

/**
 * The metadata with one row an index: row i belongs to `vocabulary.id(i)`. Where the metadata lacks an id the row is null
 * but for the id itself.
 */
export function alignMetadata(table: Table, key: string, ids: MetadataIds, vocabulary: Vocabulary): Table {
  const rows = new Int32Array(vocabulary.size);
  for (let index = 0; index < rows.length; index++) {
    const known = ids.vocabulary.index(vocabulary.id(index));
    rows[index] = known < 0 ? -1 : (ids.rows[known] as number);
  }
  const columns: Record<string, Vector> = {};
  for (const field of table.schema.fields) {
    const name = String(field.name);
    const column = table.getChild(name) as Vector;
    columns[name] = name === key ? vocabulary.toVector() : takeRows(column, rows);
  }
  return new Table(columns);
}

/** Row rows[i] of a column, or null where that is -1. */
function takeRows(column: Vector, rows: Int32Array): Vector {
  return buildColumn(
    column.type,
    Array.from(rows, (row): unknown => (row < 0 ? null : column.get(row))),
  );
}

/** A column of values, nulls among them, as `Vector.get` gives them. */
export function buildColumn(type: DataType, values: Iterable<unknown>): Vector {
  const builder = makeBuilder({ type, nullValues: [null] });
  const isList = DataType.isList(type);
  // A list builder reads its elements by index, which is slow on a vector.
  for (const value of values) builder.append(isList && value !== null ? Array.from(value as Vector) : value);
  return builder.finish().toVector();
}
