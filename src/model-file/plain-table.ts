import { DataType, Field, List, makeBuilder, Table, Type, type Vector } from 'apache-arrow';
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
 * The table with dictionaries replaced by their values, in columns and in lists: Arrow numbers dictionaries by a counter
 * of the process, but equal models give equal bytes. Shares all other columns.
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
  if (DataType.isDictionary(type)) return type.dictionary;
  const child = DataType.isList(type) ? type.children[0] : undefined;
  if (child === undefined || !DataType.isDictionary(child.type)) return type;
  return new List(new Field(child.name, child.type.dictionary, child.nullable));
}

function rebuild(column: Vector, type: DataType): Vector {
  const builder = makeBuilder({ type, nullValues: [null] });
  const isList = DataType.isList(type);
  for (const value of column as Iterable<unknown>) {
    builder.append(isList && value !== null ? Array.from(value as Iterable<unknown>) : value);
  }
  return builder.finish().toVector();
}
