import { Field, Float64, Int32, List, makeData, makeVector, Utf8, Vector } from 'apache-arrow';
import type { StreamedColumn, TextColumn } from './column-sink.js';

/** A vector over the very memory of a streamed column. */
export function columnVector(column: StreamedColumn): Vector {
  return 'offsets' in column ? utf8Vector(column) : makeVector(column);
}

/** Utf8 from finished bytes; no nulls. */
function utf8Vector({ offsets, bytes }: TextColumn): Vector<Utf8> {
  return new Vector([
    makeData({ type: new Utf8(), length: offsets.length - 1, nullCount: 0, valueOffsets: offsets, data: bytes }),
  ]);
}

/** Utf8 from strings; null stays null. */
export function textVector(values: readonly (string | null)[]): Vector<Utf8> {
  const encoded = values.map((value) => Buffer.from(value ?? '', 'utf8'));
  const offsets = new Int32Array(values.length + 1);
  encoded.forEach((text, i) => {
    offsets[i + 1] = (offsets[i] as number) + text.length;
  });
  const data = new Uint8Array(offsets[values.length] as number);
  encoded.forEach((text, i) => {
    data.set(text, offsets[i]);
  });
  const { nullCount, nullBitmap } = nulls(values);
  return new Vector([
    makeData({ type: new Utf8(), length: values.length, nullCount, nullBitmap, valueOffsets: offsets, data }),
  ]);
}

/** Int32; the memory under a null holds 0. */
export function int32Vector(values: readonly (number | null)[]): Vector<Int32> {
  const data = Int32Array.from(values, (value) => value ?? 0);
  return new Vector([makeData({ type: new Int32(), length: values.length, ...nulls(values), data })]);
}

/** Float64; the memory under a null holds NaN, so that `toArray()`, which knows no nulls, shows them. */
export function float64Vector(values: readonly (number | null)[]): Vector<Float64> {
  const data = Float64Array.from(values, (value) => value ?? Number.NaN);
  return new Vector([makeData({ type: new Float64(), length: values.length, ...nulls(values), data })]);
}

/** List<Utf8> without nulls. */
export function textListVector(lists: readonly (readonly string[])[]): Vector<List<Utf8>> {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    offsets[i + 1] = (offsets[i] as number) + list.length;
  });
  const [child] = textVector(lists.flat()).data;
  const type = new List(new Field('item', new Utf8(), false));
  return new Vector([
    makeData({
      type,
      length: lists.length,
      nullCount: 0,
      valueOffsets: offsets,
      child: child as NonNullable<typeof child>,
    }),
  ]);
}

/** Arrow's validity bits: bit i is set when value i is there. */
function nulls(values: readonly unknown[]): { nullCount: number; nullBitmap: Uint8Array | null } {
  const nullCount = values.reduce<number>((sum, value) => sum + (value === null ? 1 : 0), 0);
  if (nullCount === 0) return { nullCount, nullBitmap: null };
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  values.forEach((value, i) => {
    if (value !== null) nullBitmap[i >> 3] = (nullBitmap[i >> 3] as number) | (1 << (i & 7));
  });
  return { nullCount, nullBitmap };
}
