import type { FactorModelData } from '../types.js';
import type { Rated } from './history.js';
import { solveCholesky } from './solve-ridge.js';

const cache = new WeakMap<FactorModelData, Float64Array>();

/** (dim, dim) lower triangle of the sum over all items of q q'; computed once a model. */
function gramOf(data: FactorModelData): Float64Array {
  const known = cache.get(data);
  if (known !== undefined) return known;
  const { dim, itemFactors } = data.parameters;
  const gram = new Float64Array(dim * dim);
  for (let at = 0; at < itemFactors.length; at += dim) addProduct(gram, itemFactors, at, dim, 1);
  cache.set(data, gram);
  return gram;
}

/** matrix += weight q q', lower triangle, with q the row at `at`. */
function addProduct(matrix: Float64Array, rows: Float32Array, at: number, dim: number, weight: number): void {
  for (let k = 0; k < dim; k++) {
    const scaled = weight * (rows[at + k] as number);
    for (let l = 0; l <= k; l++)
      matrix[k * dim + l] = (matrix[k * dim + l] as number) + scaled * (rows[at + l] as number);
  }
}

/**
 * ials: the row of a user who has these items, with all items fixed: what training solves for a row
 * (native/kernels/solve_als.h), exactly and in float64. Items rated below `positiveThreshold` do not count; one without a
 * rating does, with the weight of the highest.
 */
export function solvePositives(data: FactorModelData, rated: readonly Rated[]): Float32Array {
  const { dim, itemFactors, range } = data.parameters;
  const options = data.options as unknown as {
    regularization: number;
    regularizationPower: number;
    unobservedWeight: number;
    ratingWeight: number;
    positiveThreshold?: number;
  };
  const { unobservedWeight, positiveThreshold = Number.NEGATIVE_INFINITY } = options;
  const positives = rated.filter(({ rating }) => data.implicit || rating === undefined || rating >= positiveThreshold);
  const size = positives.length + unobservedWeight * data.items.size;
  const penalty = options.regularization * size ** options.regularizationPower;
  const matrix = gramOf(data).map((sum) => unobservedWeight * sum);
  for (let k = 0; k < dim; k++) matrix[k * dim + k] = (matrix[k * dim + k] as number) + penalty;
  const factors = new Float64Array(dim);
  for (const { item, rating } of positives) {
    const weight = 1 + options.ratingWeight * (data.implicit ? 1 : (rating ?? range.max));
    addProduct(matrix, itemFactors, item * dim, dim, weight);
    for (let k = 0; k < dim; k++)
      factors[k] = (factors[k] as number) + weight * (itemFactors[item * dim + k] as number);
  }
  solveCholesky(matrix, factors);
  return Float32Array.from(factors);
}
