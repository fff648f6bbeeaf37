import { Table, type Vector } from 'apache-arrow';
import { int32Vector, textVector } from './arrow-columns.js';
import { addFurtherColumns } from './further-columns.js';
import { idVector } from './id-vector.js';
import { ML_1M_OCCUPATIONS } from './movielens.js';
import { parseNumber } from './number-text.js';
import { type ColumnRef, checkReadOptions, type ReadOptions } from './options.js';
import { withSource } from './source.js';
import { readTextTable } from './text-table.js';

/** Options of `readUsers`. */
export interface ReadUsersOptions extends ReadOptions {
  /** Columns by name or 0-based position; those not given are found by their usual names. */
  columns?: { user?: ColumnRef; age?: ColumnRef; sex?: ColumnRef; occupation?: ColumnRef; zip?: ColumnRef };
}

/**
 * Reads what is known about the users, from the same kinds of file, folder and zip as `readRatings` (of the MovieLens
 * layouts ml-1m and ml-100k have such a file).
 *
 * Columns of the table, in file order; all but `userId` only when the file has them, and null where a field is empty:
 * - `userId`: Int32, Int64 or Utf8 by the rule of `readRatings`; never null
 * - `age`: Int32 (ml-1m has the first year of an age group: 1 18 25 35 45 50 56)
 * - `sex`, `occupation`, `zip`: Utf8; the occupation codes of ml-1m become their published names
 * - every further column under its own name: Float64 when all its values are numbers, else Utf8
 *
 * @param path - file, folder or zip
 * @throws DataError with `file`, `line`, `column` and `value` where there are such (an empty id, an age that is no whole
 *   number from 0 on), MissingPackageError, TypeError, RangeError
 */
export async function readUsers(path: string, options: ReadUsersOptions = {}): Promise<Table> {
  const checked = checkReadOptions('readUsers', options, ['user', 'age', 'sex', 'occupation', 'zip']);
  return await withSource(path, 'users', checked, async (source) => {
    const table = await readTextTable(source, 'users', checked);
    const { roles, columns } = table;
    const vectors: Record<string, Vector> = { userId: await idVector(table, roles.user as number) };
    if (roles.age !== undefined) {
      const ages = (columns[roles.age] ?? []).map((text) => (text === null ? null : parseNumber(text)));
      const wrong = ages.findIndex((age) => age !== null && !(Number.isInteger(age) && age >= 0 && age < 2 ** 31));
      if (wrong !== -1) throw await table.fault(roles.age, wrong, 'is not an age in whole years');
      vectors.age = int32Vector(ages);
    }
    for (const role of ['sex', 'occupation', 'zip'] as const) {
      const values = roles[role] === undefined ? undefined : columns[roles[role]];
      if (values === undefined) continue;
      const named = role === 'occupation' && source.format === 'ml-1m';
      vectors[role] = textVector(
        named ? values.map((code) => (code === null ? null : (ML_1M_OCCUPATIONS[Number(code)] ?? code))) : values,
      );
    }
    addFurtherColumns(vectors, table, new Set(Object.values(roles).filter((column) => column !== undefined)));
    return new Table(vectors);
  });
}
