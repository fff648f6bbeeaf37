import { DataType, Field, List, makeBuilder, Table, Type, Utf8, type Vector } from 'apache-arrow';
import { Fault } from './fault.js';

/** Nesting of column types that a file may have. */
const MAX_DEPTH = 16;

/** All but unions, views, intervals and dictionaries. */
export const HELD_TYPES: ReadonlySet<Type> = new Set([
  Type.Null,
  Type.Bool,
  Type.Int,
  Type.Float,
  Type.Decimal,
  Type.Date,
  Type.Time,
  Type.Timestamp,
  Type.Duration,
  Type.FixedSizeBinary,
  Type.Utf8,
  Type.LargeUtf8,
  Type.Binary,
  Type.LargeBinary,
  Type.List,
  Type.LargeList,
  Type.Map,
  Type.FixedSizeList,
  Type.Struct,
]);

/** Fault on a type that a model file does not hold. */
function expectHeldType(type: DataType, name: string, depth = 0): void {
  if (depth > MAX_DEPTH) throw new Fault(`column \`${name}\` is nested deeper than ${MAX_DEPTH} levels`);
  if (!HELD_TYPES.has(type.typeId)) {
    throw new Fault(`column \`${name}\` has the type ${type}, which a model file does not hold`);
  }
  for (const child of type.children ?? []) expectHeldType(child.type, name, depth + 1);
}

/**
 * The table with dictionaries and views of strings replaced by their values, in columns and in lists: Arrow numbers
 * dictionaries by a counter of the process, but equal models give equal bytes, and views may drag along a buffer of any
 * size. Shares all other columns.
 */
export function plainTable(table: Table): Table {
  const columns: Record<string, Vector> = {};
  let isPlain = true;
  for (const { name, type } of table.schema.fields) {
    const plain = plainType(type);
    expectHeldType(plain, String(name));
    const column = table.getChild(String(name)) as Vector;
    columns[String(name)] = plain === type ? column : rebuild(column, plain);
    if (plain !== type) isPlain = false;
  }
  return isPlain ? table : new Table(columns);
}

function plainType(type: DataType): DataType {
  if (DataType.isDictionary(type)) return plainType(type.dictionary);
  if (DataType.isUtf8View(type)) return new Utf8();
  const child = DataType.isList(type) ? type.children[0] : undefined;
  if (child === undefined) return type;
  const plain = plainType(child.type);
  return plain === child.type ? type : new List(new Field(child.name, plain, child.nullable));
}

function rebuild(column: Vector, type: DataType): Vector {
  const builder = makeBuilder({ type, nullValues: [null] });
  for (const value of column as Iterable<unknown>) builder.append(elements(value, type));
  return builder.finish().toVector();
}

/** Builders read the elements of a list by index, which vectors lack. */
function elements(value: unknown, type: DataType): unknown {
  if (value === null || !DataType.isList(type)) return value;
  return Array.from(value as Iterable<unknown>, (element) => elements(element, type.valueType));
}
