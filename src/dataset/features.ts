import { DataType, type Table, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';
import { expectKnownKeys, expectNumber, expectOneOf, expectString, rangeError, typeError } from '../options.js';
import { columnTypeError } from './columns.js';
import type { Dataset } from './dataset.js';

/**
 * A metadata column used as a feature: its name, 'user.x' or 'item.x' where both tables have a column x. `bucket` is the
 * width of a numeric column's categories (default 5 for year, 10 for age; of others each value is a category).
 */
export type FieldSpec = string | { name: string; bucket?: number };

/** A categorical field: which of its labels are active for each user or item. */
export interface Field {
  /** Name of the column, with 'user.' or 'item.' in front where both tables have it. */
  name: string;
  side: 'user' | 'item';
  /** Bucket width of a numeric column. */
  bucket?: number;
  /** Distinct categories; numbers in numeric order, others by code unit. */
  labels: readonly string[];
  /** (rows + 1): row r is active in indices[offsets[r]] … indices[offsets[r + 1] - 1]; missing values have none. */
  offsets: Uint32Array;
  /** (active values) label indices, ascending in a row. */
  indices: Uint32Array;
}

interface Source {
  name: string;
  side: 'user' | 'item';
  column: string;
  vector: Vector;
}

const DEFAULTS: readonly (readonly [Source['side'], string])[] = [
  ['item', 'genres'],
  ['item', 'year'],
  ['user', 'age'],
  ['user', 'sex'],
  ['user', 'occupation'],
];

const DEFAULT_BUCKETS: ReadonlyMap<string, number> = new Map([
  ['year', 5],
  ['age', 10],
]);

/**
 * Categorical fields of a dataset's metadata for factorisation machines.
 * @param specs default: those of genres, year (items), age, sex, occupation (users) that the metadata has.
 */
export function buildFields(data: Dataset, specs?: readonly FieldSpec[]): Field[] {
  const sources = listSources(data);
  if (specs === undefined) {
    return DEFAULTS.flatMap(([side, column]) =>
      sources.filter((source) => source.side === side && source.column === column).map((source) => buildField(source)),
    );
  }
  if (!Array.isArray(specs)) throw typeError('fields', 'an array of column names', specs);
  const fields = specs.map((spec: FieldSpec) => {
    if (typeof spec === 'string') return buildField(findSource(sources, spec));
    expectKnownKeys('fields', spec, ['name', 'bucket']);
    const source = findSource(sources, expectString('fields.name', spec.name));
    if (spec.bucket === undefined) return buildField(source);
    return buildField(source, expectNumber('fields.bucket', spec.bucket, { min: 0, exclusiveMin: true }));
  });
  for (const [i, { name }] of fields.entries()) {
    if (fields.findIndex((other) => other.name === name) < i)
      throw rangeError('fields', 'a list without repeats', name);
  }
  return fields;
}

/**
 * Label indices of a metadata value that is not in the dataset, ascending: what `buildFields` would give a row with this
 * value. Values that the field does not know, null and undefined have none.
 * @param value a string, number or boolean, or an array of strings for a list column. TypeError when a bucketed field
 *   gets anything but a number.
 */
export function encodeRow(field: Pick<Field, 'name' | 'bucket' | 'labels'>, value: unknown): number[] {
  if (field.bucket !== undefined && value != null && typeof value !== 'number' && typeof value !== 'bigint') {
    throw typeError(field.name, 'a number', value);
  }
  const indices = new Set<number>();
  for (const { label } of categoriesOf(value, field.bucket)) {
    const index = field.labels.indexOf(label);
    if (index >= 0) indices.add(index);
  }
  return Array.from(indices).sort((a, b) => a - b);
}

/** The columns of both tables but the ids, items first. */
function listSources(data: Dataset): Source[] {
  const columnsOf = (side: Source['side'], table: Table | undefined, key: string): Source[] =>
    (table?.schema.fields ?? [])
      .map((field) => String(field.name))
      .filter((column) => column !== key)
      .map((column) => ({ name: column, side, column, vector: table?.getChild(column) as Vector }));
  const sources = [...columnsOf('item', data.itemTable, 'itemId'), ...columnsOf('user', data.userTable, 'userId')];
  for (const source of sources) {
    const isShared = sources.some(({ side, column }) => side !== source.side && column === source.column);
    if (isShared) source.name = `${source.side}.${source.column}`;
  }
  return sources;
}

function findSource(sources: readonly Source[], name: string): Source {
  const found = sources.find((source) => source.name === name || `${source.side}.${source.column}` === name);
  if (found !== undefined) return found;
  if (sources.length === 0)
    throw new DataError(`There is no field \`${name}\`: the dataset has no \`items\` or \`users\``);
  const shared = sources.filter(({ column }) => column === name).map((source) => `'${source.name}'`);
  if (shared.length > 0) throw rangeError('fields', `${shared.join(' or ')}, as both tables have it`, name);
  const names = sources.map((source) => source.name);
  return sources[names.indexOf(expectOneOf('fields', name, names))] as Source;
}

interface Category {
  label: string;
  /** Sort key of numeric categories. */
  low?: number;
}

function buildField(source: Source, wanted?: number): Field {
  const { name, side, column, vector } = source;
  const isNumeric = isNumericType(vector, name, side);
  if (wanted !== undefined && !isNumeric)
    throw rangeError('fields.bucket', `left out, as \`${name}\` is no number`, wanted);
  const bucket = isNumeric ? (wanted ?? DEFAULT_BUCKETS.get(column)) : undefined;
  const codes = new Map<string, number>();
  const categories: Category[] = [];
  const offsets = new Uint32Array(vector.length + 1);
  const active: number[] = [];
  for (let row = 0; row < vector.length; row++) {
    const rowCodes = new Set<number>();
    for (const category of categoriesOf(vector.get(row), bucket)) {
      let code = codes.get(category.label);
      if (code === undefined) {
        code = categories.push(category) - 1;
        codes.set(category.label, code);
      }
      rowCodes.add(code);
    }
    for (const code of rowCodes) active.push(code);
    offsets[row + 1] = active.length;
  }
  const order = Array.from(categories.keys()).sort((a, b) =>
    compare(categories[a] as Category, categories[b] as Category),
  );
  const ranks = new Uint32Array(order.length);
  for (const [rank, code] of order.entries()) ranks[code] = rank;
  const indices = Uint32Array.from(active, (code) => ranks[code] as number);
  for (let row = 0; row < vector.length; row++) indices.subarray(offsets[row], offsets[row + 1]).sort();
  const labels = order.map((code) => (categories[code] as Category).label);
  return { name, side, ...(bucket === undefined ? {} : { bucket }), labels, offsets, indices };
}

const isText = (type: DataType): boolean => DataType.isUtf8(type) || DataType.isLargeUtf8(type);

/** False for categories and lists of them; DataError for types that are neither. */
function isNumericType(vector: Vector, name: string, side: string): boolean {
  const type: DataType = DataType.isDictionary(vector.type) ? vector.type.dictionary : vector.type;
  if (DataType.isInt(type) || DataType.isFloat(type)) return true;
  const element: DataType = DataType.isList(type) ? type.valueType : type;
  const category: DataType = DataType.isDictionary(element) ? element.dictionary : element;
  if (isText(category) || DataType.isBool(category)) return false;
  throw columnTypeError(vector, name, side, 'strings, numbers, booleans or lists of strings');
}

function categoriesOf(value: unknown, bucket: number | undefined): Category[] {
  if (value == null) return [];
  if (typeof value === 'number' || typeof value === 'bigint') return numericCategory(Number(value), bucket);
  if (typeof value === 'string' || typeof value === 'boolean') return [{ label: String(value) }];
  return Array.from(value as Iterable<unknown>)
    .filter((element) => element != null)
    .map((element) => ({ label: String(element) }));
}

function numericCategory(value: number, bucket: number | undefined): Category[] {
  if (!Number.isFinite(value)) return [];
  if (bucket === undefined) return [{ label: String(value), low: value }];
  // The offset keeps .3 in the bucket [.3, .4) of width .1 although .3 / .1 is less than 3.
  const low = rounded(Math.floor(value / bucket + 1e-9) * bucket);
  if (bucket === 1) return [{ label: String(low), low }];
  const high = Number.isInteger(bucket) ? low + bucket - 1 : rounded(low + bucket);
  return [{ label: `${low}–${high}`, low }];
}

const rounded = (value: number): number => Number(value.toPrecision(12));

function compare(a: Category, b: Category): number {
  if (a.low !== undefined && b.low !== undefined) return a.low - b.low;
  return a.label < b.label ? -1 : 1;
}
