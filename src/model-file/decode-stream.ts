import { type Data, type Table, Type, tableFromIPC, Utf8, Vector, vectorFromArray } from 'apache-arrow';
import { ARRAYS, COLUMN, type NumberArray } from './arrow-stream.js';
import { checkColumn } from './check-column.js';
import { Fault } from './fault.js';
import type { NumberType } from './layout.js';
import { verifyStream } from './verify-stream.js';

/** Reads a metadata section; its columns are views of the bytes. */
export function decodeTable(bytes: Uint8Array, rows: number): Table {
  verifyStream(bytes, rows);
  const table = decode(bytes);
  let total = 0;
  for (const { data } of table.batches) {
    for (const column of data.children) checkColumn(column, data.length);
    total += data.length;
  }
  if (total !== rows) throw new Fault(`it has ${total} rows where ${rows} are expected`);
  return table;
}

function decode(bytes: Uint8Array): Table {
  try {
    return tableFromIPC(bytes);
  } catch (cause) {
    throw new Fault('its Arrow stream is malformed', { cause });
  }
}

/** Reads a section of numbers as a view of the bytes. */
export function decodeNumbers(bytes: Uint8Array, type: NumberType, rows: number): NumberArray {
  const Numbers = ARRAYS[type];
  const data = decodeColumn(bytes, rows);
  if (data === undefined) return new Numbers(0);
  const { values } = data;
  if (!(values instanceof Numbers)) throw new Fault(`it holds ${data.type} where ${type} is expected`);
  return values.subarray(0, rows);
}

/** Reads a section of strings. */
export function decodeStrings(bytes: Uint8Array, rows: number): Vector {
  const data = decodeColumn(bytes, rows);
  if (data === undefined) return vectorFromArray([], new Utf8());
  if (data.typeId !== Type.Utf8) throw new Fault(`it holds ${data.type} where strings are expected`);
  return new Vector([data]);
}

/** The one column of a section, undefined when it is empty. */
function decodeColumn(bytes: Uint8Array, rows: number): Data | undefined {
  const table = decodeTable(bytes, rows);
  const names = table.schema.fields.map((field) => String(field.name));
  if (names.length !== 1 || names[0] !== COLUMN) throw new Fault(`it has the columns ${JSON.stringify(names)}`);
  if (table.batches.length > 1) throw new Fault('it has more than one record batch');
  const data = table.batches[0]?.data.children[0];
  if (data === undefined || rows === 0) return undefined;
  if (data.nullCount > 0) throw new Fault('it has nulls');
  return data;
}
