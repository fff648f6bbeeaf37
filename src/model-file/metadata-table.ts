import { type Data, DataType, Dictionary, Field, makeData, RecordBatch, Schema, Struct, Table, Type } from 'apache-arrow';
import { Fault } from './fault.js';

/** Nesting of metadata types that a file may have. */
const MAX_DEPTH = 16;

/**
 * The same table with dictionaries numbered 0, 1, ... in the order of its columns: Arrow numbers them by a counter of the
 * process, and equal models give equal bytes. Fault on types that a model file does not hold.
 */
export function withOwnDictionaries(table: Table): Table {
  let next = 0;
  const renumber = (type: DataType, name: string, depth: number): DataType => {
    checkType(type, name, depth);
    if (DataType.isDictionary(type)) {
      const id = next++;
      return new Dictionary(renumber(type.dictionary, name, depth + 1), type.indices, id, type.isOrdered);
    }
    if ((type.children ?? []).length === 0) return type;
    const children = type.children.map((child) => renumberField(child, `${name}.${child.name}`, depth + 1));
    return Object.create(Object.getPrototypeOf(type), {
      ...Object.getOwnPropertyDescriptors(type),
      children: { value: children, enumerable: true, writable: true, configurable: true },
    }) as DataType;
  };
  const renumberField = (field: Field, name: string, depth: number): Field =>
    new Field(field.name, renumber(field.type, name, depth), field.nullable, field.metadata);
  const fields = table.schema.fields.map((field) => renumberField(field, String(field.name), 0));
  const schema = new Schema(fields, table.schema.metadata);
  const batches = table.batches.map(({ data }) => {
    const children = data.children.map((child, i) => retyped(child, (fields[i] as Field).type));
    const type = new Struct(fields);
    return new RecordBatch(schema, makeData({ type, length: data.length, nullCount: 0, children }));
  });
  return new Table(schema, batches);
}

/** The data under a type that differs from its own in the numbers of dictionaries alone. */
function retyped(data: Data, type: DataType): Data {
  if (data.type === type) return data;
  return data.clone(
    type,
    data.offset,
    data.length,
    data.nullCount,
    data,
    data.children.map((child, i) => retyped(child, (type.children[i] as Field).type)),
  );
}

/** Fault on a type that a model file does not hold: unions, views, intervals. */
function checkType(type: DataType, name: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new Fault(`column \`${name}\` is nested deeper than ${MAX_DEPTH} levels`);
  if (!HELD.has(type.typeId)) throw new Fault(`column \`${name}\` has the type ${type}, which a model file does not hold`);
}

const HELD: ReadonlySet<Type> = new Set([
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
  Type.Dictionary,
]);
