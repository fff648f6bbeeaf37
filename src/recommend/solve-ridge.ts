/**
 * Solves (M) x = b for a symmetric positive definite M by Cholesky, in place.
 * @param matrix (n, n) row-major; the lower triangle is overwritten.
 * @param b (n) overwritten by the solution.
 */
export function solveCholesky(matrix: Float64Array, b: Float64Array): void {
  const n = b.length;
  const at = (row: number, column: number): number => matrix[row * n + column] as number;
  for (let j = 0; j < n; j++) {
    let diagonal = at(j, j);
    for (let k = 0; k < j; k++) diagonal -= at(j, k) ** 2;
    const root = Math.sqrt(diagonal);
    matrix[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      matrix[i * n + j] = sum / root;
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (b[k] as number);
    b[i] = sum / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] as number;
    for (let k = i + 1; k < n; k++) sum -= at(k, i) * (b[k] as number);
    b[i] = sum / at(i, i);
  }
}

/** A weighted ridge regression with n rows and d columns. */
export interface Ridge {
  /** (n, d) row-major */
  rows: Float64Array;
  /** (n) w, >= 0 */
  weights: Float64Array;
  /** (n) c = w t */
  products: Float64Array;
  /** (d) l, > 0 */
  penalties: Float64Array;
}

/**
 * Weighted ridge regression: the x that minimises sum_j w_j (t_j - z_j . x)^2 + sum_k l_k x_k^2, from w_j and the
 * products c_j = w_j t_j, so that weights may be 0.
 *
 * With fewer rows than columns it is solved in the rows: x = L^-1 Z' a, a = c - W^1/2 (I + W^1/2 K W^1/2)^-1 W^1/2 K c,
 * K = Z L^-1 Z' (the matrix inversion lemma).
 */
export function solveRidge(problem: Ridge): Float64Array {
  return problem.weights.length < problem.penalties.length ? solveInRows(problem) : solveInColumns(problem);
}

function solveInColumns({ rows, weights, products, penalties }: Ridge): Float64Array {
  const n = weights.length;
  const d = penalties.length;
  const matrix = new Float64Array(d * d);
  const x = new Float64Array(d);
  for (let k = 0; k < d; k++) matrix[k * d + k] = penalties[k] as number;
  for (let j = 0; j < n; j++) {
    const weight = weights[j] as number;
    for (let k = 0; k < d; k++) {
      const z = rows[j * d + k] as number;
      x[k] = (x[k] as number) + (products[j] as number) * z;
      for (let l = 0; l <= k; l++)
        matrix[k * d + l] = (matrix[k * d + l] as number) + weight * z * (rows[j * d + l] as number);
    }
  }
  solveCholesky(matrix, x);
  return x;
}

function solveInRows({ rows, weights, products, penalties }: Ridge): Float64Array {
  const n = weights.length;
  const d = penalties.length;
  const kernel = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) {
        sum += ((rows[i * d + k] as number) * (rows[j * d + k] as number)) / (penalties[k] as number);
      }
      kernel[i * n + j] = sum;
      kernel[j * n + i] = sum;
    }
  }
  const roots = weights.map(Math.sqrt);
  const matrix = kernel.map((value, at) => {
    const i = Math.floor(at / n);
    return value * (roots[i] as number) * (roots[at % n] as number) + (i === at % n ? 1 : 0);
  });
  const inner = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (kernel[i * n + j] as number) * (products[j] as number);
    inner[i] = (roots[i] as number) * sum;
  }
  solveCholesky(matrix, inner);
  const x = new Float64Array(d);
  for (let j = 0; j < n; j++) {
    const a = (products[j] as number) - (roots[j] as number) * (inner[j] as number);
    for (let k = 0; k < d; k++) x[k] = (x[k] as number) + (a * (rows[j * d + k] as number)) / (penalties[k] as number);
  }
  return x;
}
