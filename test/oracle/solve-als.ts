/** The twin of native/kernels/solve_als: dense matrices, float64, one row after the other. */

export interface AlsProblem {
  numUsers: number;
  numItems: number;
  /** weights[u][i] > 0 where u has i, else 0. */
  weights: readonly (readonly number[])[];
  unobservedWeight: number;
  regularization: number;
  regularizationPower: number;
}

export interface AlsFactors {
  users: number[][];
  items: number[][];
}

export type AlsSolver = { kind: 'blocks'; size: number } | { kind: 'cg'; steps: number };

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);

/** weights[i][u] */
const transposed = (weights: AlsProblem['weights'], columns: number): number[][] =>
  Array.from({ length: columns }, (_, i) => weights.map((row) => row[i]));

const penaltyOf = (problem: AlsProblem, weights: readonly number[]): number =>
  problem.regularization *
  (weights.filter((w) => w > 0).length + problem.unobservedWeight * weights.length) ** problem.regularizationPower;

/** The whole objective. */
export function objective(problem: AlsProblem, { users, items }: AlsFactors): number {
  let sum = 0;
  for (const [u, p] of users.entries()) {
    for (const [i, q] of items.entries()) {
      const score = dot(p, q);
      sum += problem.weights[u][i] * (score - 1) ** 2 + problem.unobservedWeight * score ** 2;
    }
    sum += penaltyOf(problem, problem.weights[u]) * dot(p, p);
  }
  for (const [i, weights] of transposed(problem.weights, problem.numItems).entries())
    sum += penaltyOf(problem, weights) * dot(items[i], items[i]);
  return sum;
}

/** x with A x = b, by elimination with pivots. */
function solve(matrix: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = matrix.map((row, k) => [...row, b[k]]);
  const n = b.length;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let r = k + 1; r < n; r++) if (Math.abs(rows[r][k]) > Math.abs(rows[best][k])) best = r;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    for (let r = 0; r < n; r++) {
      if (r === k) continue;
      const factor = rows[r][k] / rows[k][k];
      for (let c = k; c <= n; c++) rows[r][c] -= factor * rows[k][c];
    }
  }
  return rows.map((row, k) => row[n] / row[k]);
}

/** A p - b of a row. */
const residualOf = (matrix: number[][], b: number[], p: number[]): number[] =>
  matrix.map((row, k) => dot(row, p) - b[k]);

function fitByBlocks(matrix: number[][], b: number[], p: number[], size: number): void {
  for (let first = 0; first < p.length; first += size) {
    const part = <T>(row: readonly T[]): T[] => row.slice(first, first + size);
    const step = solve(part(matrix).map(part), part(residualOf(matrix, b, p)));
    for (const [k, x] of step.entries()) p[first + k] -= x;
  }
}

function fitByGradients(matrix: number[][], b: number[], p: number[], steps: number): void {
  const residual = residualOf(matrix, b, p).map((x) => -x);
  let direction = [...residual];
  for (let step = 0; step < steps && dot(residual, residual) > 1e-30; step++) {
    const before = dot(residual, residual);
    const product = matrix.map((row) => dot(row, direction));
    const length = before / dot(direction, product);
    for (const k of p.keys()) {
      p[k] += length * direction[k];
      residual[k] -= length * product[k];
    }
    const share = dot(residual, residual) / before;
    direction = residual.map((x, k) => x + share * direction[k]);
  }
}

/** Fits every row that has something, in place. */
function fitSide(
  problem: AlsProblem,
  rows: number[][],
  fixed: number[][],
  weights: AlsProblem['weights'],
  solver: AlsSolver,
) {
  const dim = fixed[0]?.length ?? 0;
  for (const [r, p] of rows.entries()) {
    if (!weights[r].some((w) => w > 0)) continue;
    const matrix = Array.from({ length: dim }, () => new Array<number>(dim).fill(0));
    const b = new Array<number>(dim).fill(0);
    for (const [o, q] of fixed.entries()) {
      for (let k = 0; k < dim; k++) {
        b[k] += weights[r][o] * q[k];
        for (let l = 0; l < dim; l++) matrix[k][l] += (weights[r][o] + problem.unobservedWeight) * q[k] * q[l];
      }
    }
    for (let k = 0; k < dim; k++) matrix[k][k] += penaltyOf(problem, weights[r]);
    if (solver.kind === 'cg') fitByGradients(matrix, b, p, solver.steps);
    else fitByBlocks(matrix, b, p, solver.size);
  }
}

/** One epoch in place: users, then items. */
export function runEpoch(problem: AlsProblem, factors: AlsFactors, solver: AlsSolver): void {
  fitSide(problem, factors.users, factors.items, problem.weights, solver);
  fitSide(problem, factors.items, factors.users, transposed(problem.weights, problem.numItems), solver);
}
