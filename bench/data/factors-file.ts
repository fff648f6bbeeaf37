// Two matrices of standard normal numbers and the exact answer for some rows of the first, in one file that Node and Python
// read alike: header as in columns-file.ts, queries (queries, dim), items (items, dim), truth (checked, DEEPEST).
import { HEADER_BYTES, readArrays, readHeader, writeArrays } from './columns-file.js';

/** Results that the exact answer holds for each checked query; a smaller k takes the first of them. */
const DEEPEST = 100;
const MOST_CHECKED = 32;

export interface FactorsHeader {
  queries: number;
  items: number;
  dim: number;
  /** Queries 0 ... checked - 1 have their exact answer in the file. */
  checked: number;
  /** Results of each. */
  depth: number;
}

export interface Factors extends FactorsHeader {
  queryRows: Float32Array;
  itemRows: Float32Array;
  /** (checked, depth) item indices, best first. */
  truth: Uint32Array;
}

/** Normal numbers by the polar method of Marsaglia on a 32-bit generator (Mulberry32). */
function normals(length: number, seed: number): Float32Array {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const out = new Float32Array(length);
  for (let n = 0; n < length; ) {
    const x = 2 * uniform() - 1;
    const y = 2 * uniform() - 1;
    const square = x * x + y * y;
    if (square >= 1 || square === 0) continue;
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    out[n++] = x * factor;
    if (n < length) out[n++] = y * factor;
  }
  return out;
}

/** The nearest items of one query, from scores in float64 and a full sort. */
function exactAnswer(
  queries: Float32Array,
  items: Float32Array,
  dim: number,
  query: number,
  depth: number,
): Uint32Array {
  const scores = new Float64Array(items.length / dim);
  for (let item = 0; item < scores.length; item++) {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += (queries[query * dim + k] as number) * (items[item * dim + k] as number);
    scores[item] = sum;
  }
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, depth);
}

export function makeFactors(file: string, queries: number, items: number, dim: number): void {
  const queryRows = normals(queries * dim, 1);
  const itemRows = normals(items * dim, 2);
  const header: FactorsHeader = {
    queries,
    items,
    dim,
    checked: Math.min(queries, MOST_CHECKED),
    depth: Math.min(items, DEEPEST),
  };
  const truth = new Uint32Array(header.checked * header.depth);
  for (let q = 0; q < header.checked; q++) {
    truth.set(exactAnswer(queryRows, itemRows, dim, q, header.depth), q * header.depth);
  }
  writeArrays(file, header, [queryRows, itemRows, truth]);
}

export function readFactors(file: string): Factors {
  const header = readHeader<FactorsHeader>(file);
  const { queries, items, dim, checked, depth } = header;
  const queryRows = new Float32Array(queries * dim);
  const itemRows = new Float32Array(items * dim);
  const truth = new Uint32Array(checked * depth);
  readArrays(file, HEADER_BYTES, [queryRows, itemRows, truth]);
  return { ...header, queryRows, itemRows, truth };
}

/** Share of the exact answers that are among the answers given: `indices` is (queries >= checked, k). */
export function recall({ checked, depth, truth }: Factors, indices: ArrayLike<number | bigint>, k: number): number {
  let found = 0;
  const wanted = Math.min(k, depth);
  for (let q = 0; q < checked; q++) {
    const given = new Set(Array.from({ length: k }, (_, n) => Number(indices[q * k + n])));
    for (const item of truth.subarray(q * depth, q * depth + wanted)) if (given.has(item)) found++;
  }
  return found / (checked * wanted);
}
