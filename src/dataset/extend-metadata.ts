import { Table, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';
import { buildColumn } from './align-metadata.js';
import type { Vocabulary } from './vocabulary.js';

/** A metadata table with one row an index, and its vocabulary. */
export interface Metadata {
  vocabulary: Vocabulary;
  table: Table | undefined;
}

/**
 * The metadata of `base` with a row behind it for each id that has joined, taken from `added` where that has the id. The
 * columns stay those of `base`: what `added` has besides is left out, what it lacks is null. Undefined where `base` has
 * no metadata. DataError where a column has another type in `added`.
 * @param key the id column
 * @param what the table, for messages
 */
export function extendMetadata(
  base: Metadata,
  added: Metadata,
  extended: Vocabulary,
  { key, what }: { key: string; what: string },
): Table | undefined {
  if (base.table === undefined || extended === base.vocabulary) return base.table;
  const joined = Array.from({ length: extended.size - base.vocabulary.size }, (_, n) =>
    added.vocabulary.index(extended.id(base.vocabulary.size + n)),
  );
  const columns: Record<string, Vector> = {};
  for (const field of base.table.schema.fields) {
    const name = String(field.name);
    if (name === key) {
      columns[name] = extended.toVector();
      continue;
    }
    const own = base.table.getChild(name) as Vector;
    const other = added.table?.getChild(name) ?? undefined;
    if (other !== undefined && String(other.type) !== String(own.type)) {
      throw new DataError(
        `Column \`${name}\` of the new ${what} holds ${other.type}, that of the known ones ${own.type}`,
        { column: name },
      );
    }
    columns[name] = buildColumn(own.type, [
      ...own,
      ...joined.map((row) => (row < 0 ? null : (other?.get(row) ?? null))),
    ]);
  }
  return new Table(columns);
}
