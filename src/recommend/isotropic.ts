import type { ModelData } from '../types.js';
import { gramOf } from './fit-rows.js';

/** Directions that are removed beside the mean. */
const COMPONENTS = 2;
const MOST_STEPS = 300;
const SETTLED = 1e-10;

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);

/** v scaled to length 1; false where it has none. */
function normalise(v: Float64Array): boolean {
  const length = Math.sqrt(dot(v, v));
  if (!(length > 0)) return false;
  for (let k = 0; k < v.length; k++) v[k] = (v[k] as number) / length;
  return true;
}

/** The strongest principal components of a (dim, dim) matrix of products, by power iteration and deflation. */
function principalComponents(gram: Float32Array, dim: number, count: number): Float64Array[] {
  const found: Float64Array[] = [];
  const rest = Float64Array.from(gram);
  while (found.length < count) {
    // The row of the largest diagonal is not at right angles to what is sought.
    let start = 0;
    for (let k = 1; k < dim; k++) {
      if ((rest[k * dim + k] as number) > (rest[start * dim + start] as number)) start = k;
    }
    let v = rest.slice(start * dim, (start + 1) * dim);
    if (!normalise(v)) break;
    for (let step = 0; step < MOST_STEPS; step++) {
      const next = Float64Array.from({ length: dim }, (_, k) => dot(rest.subarray(k * dim, (k + 1) * dim), v));
      if (!normalise(next)) break;
      const settled = 1 - Math.abs(dot(next, v)) < SETTLED;
      v = next;
      if (settled) break;
    }
    const strength = Float64Array.from({ length: dim }, (_, k) => dot(rest.subarray(k * dim, (k + 1) * dim), v));
    const variance = dot(strength, v);
    for (let i = 0; i < dim; i++) {
      for (let k = 0; k < dim; k++) {
        rest[i * dim + k] = (rest[i * dim + k] as number) - variance * (v[i] as number) * (v[k] as number);
      }
    }
    found.push(v);
  }
  return found;
}

const cache = new WeakMap<ModelData, Float32Array>();

/**
 * Item vectors without what all have in common, which is mostly popularity: their mean and the two strongest principal
 * components, where an item counts as often as it occurs in training, are taken out. Zero vectors stay zero. Computed once
 * a model. Mu, Viswanath 2018, "All-but-the-Top", algorithm 1, with items weighted.
 * @param itemFactors (numItems, dim)
 * @returns (numItems, dim)
 */
export function isotropicVectors(data: ModelData, itemFactors: Float32Array, dim: number): Float32Array {
  const known = cache.get(data);
  if (known !== undefined) return known;
  const numItems = itemFactors.length / dim;
  const rowOf = (item: number): Float32Array => itemFactors.subarray(item * dim, (item + 1) * dim);
  const itemCounts = data.seen.itemCounts();
  const present = Uint32Array.from({ length: numItems }, (_, item) => item).filter((item) =>
    rowOf(item).some((x) => x !== 0),
  );
  const counts = Float64Array.from(present, (item) => itemCounts[item] as number);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mean = new Float64Array(dim);
  for (const [n, item] of present.entries()) {
    const share = total === 0 ? 0 : (counts[n] as number) / total;
    for (const [k, x] of rowOf(item).entries()) mean[k] = (mean[k] as number) + share * x;
  }
  const vectors = itemFactors.slice();
  const weighted = new Float32Array(itemFactors.length);
  for (const [n, item] of present.entries()) {
    const weight = Math.sqrt(counts[n] as number);
    for (let k = 0, at = item * dim; k < dim; k++, at++) {
      vectors[at] = (vectors[at] as number) - (mean[k] as number);
      weighted[at] = weight * (vectors[at] as number);
    }
  }
  for (const component of principalComponents(gramOf(weighted, dim), dim, Math.min(COMPONENTS, dim - 1))) {
    for (const item of present) {
      let along = 0;
      for (let k = 0, at = item * dim; k < dim; k++, at++) along += (component[k] as number) * (vectors[at] as number);
      for (let k = 0, at = item * dim; k < dim; k++, at++) {
        vectors[at] = (vectors[at] as number) - along * (component[k] as number);
      }
    }
  }
  cache.set(data, vectors);
  return vectors;
}
