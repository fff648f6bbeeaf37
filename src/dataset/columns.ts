import { DataType, Precision, type Table, TimeUnit, type Vector } from 'apache-arrow';
import { DataError } from '../errors.js';

/** Numeric columns as they lie in memory. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

/** A column of a table; DataError that lists the columns when it is not there. `what` names the table. */
export function expectColumn(table: Table, name: string, what: string): Vector {
  const column = table.getChild(name);
  if (column !== null) return column;
  const names = table.schema.fields.map((field) => String(field.name)).join(', ');
  throw new DataError(`The ${what} table has no column \`${name}\`; its columns: ${names || 'none'}`, { column: name });
}

/** A column that may be missing; DataError when only the case of its name differs, which is hardly meant so. */
export function optionalColumn(table: Table, name: string, what: string): Vector | undefined {
  const column = table.getChild(name);
  if (column !== null) return column;
  for (const field of table.schema.fields) {
    if (String(field.name).toLowerCase() !== name) continue;
    throw new DataError(`The ${what} table has a column \`${String(field.name)}\`; rename it to \`${name}\``, {
      column: String(field.name),
    });
  }
  return undefined;
}

/** DataError for one row of a table. Rows count from 0, as in `table.get(row)`. */
export function rowError(problem: string, name: string, what: string, row: number, value: unknown): DataError {
  return new DataError(`${problem} in column \`${name}\`, row ${row} (from 0) of the ${what} table`, {
    column: name,
    value,
  });
}

/** DataError that names the first null of a column. */
export function rejectNulls(column: Vector, name: string, what: string): void {
  if (column.nullCount === 0) return;
  for (let row = 0; row < column.length; row++) {
    if (!column.isValid(row)) throw rowError('Null', name, what, row, null);
  }
}

/** DataError for a column of a type that does not fit. */
export function columnTypeError(column: Vector, name: string, what: string, expected: string): DataError {
  return new DataError(`Column \`${name}\` of the ${what} table has type ${column.type}; expected ${expected}`, {
    column: name,
  });
}

/**
 * Integers or floats without nulls, each finite as a float32. In place when the column is one chunk; Int64 is converted.
 */
export function readNumbers(column: Vector, name: string, what: string): NumberArray {
  const { type } = column;
  const isFloat = DataType.isFloat(type) && type.precision !== Precision.HALF;
  if (!isFloat && !DataType.isInt(type)) throw columnTypeError(column, name, what, 'Float32, Float64 or an integer');
  rejectNulls(column, name, what);
  const raw = column.toArray() as NumberArray | BigInt64Array | BigUint64Array;
  const values = raw instanceof BigInt64Array || raw instanceof BigUint64Array ? Float64Array.from(raw, Number) : raw;
  if (isFloat) {
    const row = firstNonFinite(values);
    if (row >= 0) throw rowError(`${values[row]} is not a finite float32`, name, what, row, values[row]);
  }
  return values;
}

/** First row that is NaN, infinite or too large for a float32; -1 when there is none. */
function firstNonFinite(values: NumberArray): number {
  for (let row = 0; row < values.length; row++) {
    const value = Math.fround(values[row] as number);
    if (value - value !== 0) return row;
  }
  return -1;
}

/**
 * Unix seconds without nulls from a float or integer column of seconds, or from a Timestamp (to the microsecond). In place
 * for Float64.
 */
export function readTimes(column: Vector, name: string, what: string): Float64Array {
  const { type } = column;
  if (DataType.isTimestamp(type)) {
    rejectNulls(column, name, what);
    return int64ToFloat64(column.toArray() as BigInt64Array, unitsPerSecond(type.unit));
  }
  if (DataType.isInt(type) && type.bitWidth === 64 && type.isSigned) {
    rejectNulls(column, name, what);
    return int64ToFloat64(column.toArray() as BigInt64Array, 1);
  }
  const isFloat = DataType.isFloat(type) && type.precision !== Precision.HALF;
  if (!isFloat && !DataType.isInt(type)) {
    throw columnTypeError(column, name, what, 'Float64 or integer unix seconds, or a Timestamp');
  }
  const values = readNumbers(column, name, what);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

function unitsPerSecond(unit: TimeUnit): number {
  if (unit === TimeUnit.SECOND) return 1;
  if (unit === TimeUnit.MILLISECOND) return 1e3;
  return unit === TimeUnit.MICROSECOND ? 1e6 : 1e9;
}

/** values / divisor, read as pairs of 32-bit words: a bigint a row would cost ten times as much. */
function int64ToFloat64(values: BigInt64Array, divisor: number): Float64Array {
  const words = int64Words(values);
  const out = new Float64Array(values.length);
  for (let row = 0; row < out.length; row++) {
    const low = (words[2 * row] as number) >>> 0;
    const high = words[2 * row + 1] as number;
    out[row] = (high * 2 ** 32 + low) / divisor;
  }
  return out;
}

/** The same memory as (2 n) 32-bit words, low word first: Arrow memory is little-endian. */
export function int64Words(values: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
}
