import { type Data, type DataType, Type } from 'apache-arrow';
import { Fault } from './fault.js';

const bad = (): Fault => new Fault('its Arrow columns do not fit their buffers');

/** Fault unless a column that was read has at least `rows` rows and its buffers hold all of them. */
export function checkColumn(data: Data, rows: number): void {
  const { length, nullCount, nullBitmap } = data;
  if (length < rows || data.offset !== 0) throw bad();
  if (nullCount > 0 && data.typeId !== Type.Null && (nullBitmap?.length ?? 0) * 8 < length) throw bad();
  switch (data.typeId as Type) {
    case Type.Null:
      return;
    case Type.Bool:
      if (data.values.length * 8 < length) throw bad();
      return;
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      checkOffsets(data, data.values.length);
      return;
    case Type.List:
    case Type.LargeList:
    case Type.Map: {
      const child = childOf(data, 0);
      checkOffsets(data, child.length);
      checkColumn(child, 0);
      return;
    }
    case Type.FixedSizeList:
      if (!(data.stride >= 0)) throw bad();
      checkColumn(childOf(data, 0), length * data.stride);
      return;
    case Type.Struct:
      for (let i = 0; i < (data.type as DataType).children.length; i++) checkColumn(childOf(data, i), length);
      return;
    default:
      if (!(data.stride > 0) || data.values.length < length * data.stride) throw bad();
  }
}

function childOf(data: Data, index: number): Data {
  const child = data.children[index] as Data | undefined;
  if (child === undefined) throw bad();
  return child;
}

/** Offsets ascend from 0 or more to at most `end`; an empty column may have none. */
function checkOffsets({ length, valueOffsets }: Data, end: number): void {
  if (length === 0) return;
  if (valueOffsets.length <= length) throw bad();
  let before = 0;
  for (let i = 0; i <= length; i++) {
    const offset = Number(valueOffsets[i]);
    if (offset < before) throw bad();
    before = offset;
  }
  if (before > end) throw bad();
}
