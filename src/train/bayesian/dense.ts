import { setImmediate } from 'node:timers/promises';

/** Small dense matrices in float64, row-major; large ones of float32 rows are only read row by row. */
export interface Dense {
  rows: number;
  columns: number;
  data: Float64Array;
}

export function zeros(rows: number, columns: number): Dense {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

export function transpose({ rows, columns, data }: Dense): Dense {
  const result = zeros(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j] as number;
  }
  return result;
}

export function multiply(a: Dense, b: Dense): Dense {
  const result = zeros(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const x = a.data[i * a.columns + k] as number;
      for (let j = 0; j < b.columns; j++) {
        const at = i * b.columns + j;
        result.data[at] = (result.data[at] as number) + x * (b.data[k * b.columns + j] as number);
      }
    }
  }
  return result;
}

/** The columns times numbers of their own. */
export function scaleColumns({ rows, columns, data }: Dense, factors: ArrayLike<number>): Dense {
  return { rows, columns, data: data.map((x, at) => x * (factors[at % columns] as number)) };
}

/** The first columns alone. */
export function firstColumns({ rows, columns, data }: Dense, wanted: number): Dense {
  const result = zeros(rows, wanted);
  for (let i = 0; i < rows; i++) result.data.set(data.subarray(i * columns, i * columns + wanted), i * wanted);
  return result;
}

/** Rows of float32 tables worked on between turns of the event loop: some ten milliseconds. */
const SLICE = 1024;

/** A^T A of float32 rows. */
export async function gram(table: Float32Array, columns: number): Promise<Dense> {
  const result = zeros(columns, columns);
  for (let start = 0; start < table.length; start += SLICE * columns) {
    addGram(result, table.subarray(start, start + SLICE * columns));
    await setImmediate();
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) result.data[j * columns + i] = result.data[i * columns + j] as number;
  }
  return result;
}

/** Adds to the lower triangle. */
function addGram({ columns, data }: Dense, table: Float32Array): void {
  const row = new Float64Array(columns);
  for (let start = 0; start < table.length; start += columns) {
    for (let j = 0; j < columns; j++) row[j] = table[start + j] as number;
    for (let i = 0; i < columns; i++) {
      const x = row[i] as number;
      const at = i * columns;
      for (let j = 0; j <= i; j++) data[at + j] = (data[at + j] as number) + x * (row[j] as number);
    }
  }
}

/** Float32 rows times a matrix, plus a row; (rows, matrix.columns). */
export async function project(table: Float32Array, matrix: Dense, offset: ArrayLike<number>): Promise<Float32Array> {
  const { rows: width, columns } = matrix;
  const count = table.length / width;
  const result = new Float32Array(count * columns);
  for (let row = 0; row < count; row += SLICE) {
    const slice = table.subarray(row * width, (row + SLICE) * width);
    projectInto(result.subarray(row * columns, (row + SLICE) * columns), slice, matrix, offset);
    await setImmediate();
  }
  return result;
}

function projectInto(
  target: Float32Array,
  table: Float32Array,
  { rows: width, columns, data }: Dense,
  offset: ArrayLike<number>,
): void {
  const sums = new Float64Array(columns);
  for (let row = 0; row * columns < target.length; row++) {
    for (let j = 0; j < columns; j++) sums[j] = offset[j] as number;
    for (let k = 0; k < width; k++) {
      const x = table[row * width + k] as number;
      const at = k * columns;
      for (let j = 0; j < columns; j++) sums[j] = (sums[j] as number) + x * (data[at + j] as number);
    }
    target.set(sums, row * columns);
  }
}
