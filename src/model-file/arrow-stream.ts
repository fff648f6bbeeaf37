import { makeVector, RecordBatchStreamWriter, Table, type Vector } from 'apache-arrow';
import type { NumberType } from './layout.js';
import { plainTable } from './plain-table.js';

export type NumberArray = Int32Array | BigInt64Array | Uint32Array | Float32Array | Float64Array;

/** The type of a section's numbers as arrays. */
export const ARRAYS: Readonly<Record<NumberType, new (length: number) => NumberArray>> = {
  int32: Int32Array,
  int64: BigInt64Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Name of the column of a section that is no table. */
export const COLUMN = 'values';

/** What a section is made of: numbers, strings, or a table. */
export type Content = NumberArray | Vector | Table;

/** The content as an Arrow IPC stream, in pieces that share memory with it. */
export function encodeStream(content: Content): AsyncIterable<Uint8Array> {
  const writer = new RecordBatchStreamWriter();
  writer.write(toTable(content));
  writer.finish();
  return writer;
}

function toTable(content: Content): Table {
  if (content instanceof Table) return plainTable(content);
  return new Table({ [COLUMN]: ArrayBuffer.isView(content) ? numbersVector(content) : content });
}

/** The numbers as an Arrow vector that shares their memory. */
export function numbersVector(numbers: NumberArray): Vector {
  if (numbers instanceof Int32Array) return makeVector(numbers);
  if (numbers instanceof BigInt64Array) return makeVector(numbers);
  if (numbers instanceof Uint32Array) return makeVector(numbers);
  return numbers instanceof Float32Array ? makeVector(numbers) : makeVector(numbers);
}
