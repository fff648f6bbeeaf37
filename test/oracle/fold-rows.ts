// Fold-in of rows, as native/kernels/fold_rows.h defines it, in float64: the objective, and its minimum by steps of
// Gauss-Newton with the whole system solved by elimination.

export interface FoldProblem {
  dim: number;
  /** (numFixed, dim) */
  fixed: Float32Array;
  offsets: Uint32Array;
  others: Uint32Array;
  bases?: Float32Array;
  targets?: Float32Array;
  weights?: Float32Array;
  shifts?: Float32Array;
  factorPenalties: Float32Array;
  /** With biases alone. */
  biasPenalties?: Float32Array;
  gram?: Float32Array;
  objective: 'squared' | 'logistic';
  link: 'identity' | 'sigmoid';
  rangeMin: number;
  rangeMax: number;
}

/** Loss of a pair, half its slope and half its curvature. */
function bend(p: FoldProblem, x: number, target: number): [number, number, number] {
  const span = p.rangeMax - p.rangeMin;
  const s = 1 / (1 + Math.exp(-x));
  if (p.objective === 'logistic') {
    const t = (target - p.rangeMin) / span;
    return [-t * Math.log(s) - (1 - t) * Math.log1p(-s), (s - t) / 2, (s * (1 - s)) / 2];
  }
  if (p.link === 'identity') return [(x - target) ** 2, x - target, 1];
  const error = p.rangeMin + span * s - target;
  const rise = span * s * (1 - s);
  return [error ** 2, error * rise, rise ** 2];
}

/** The pairs of a row: (q + s, 1), base, target, weight. */
function* pairsOf(
  p: FoldProblem,
  row: number,
): Generator<{ z: number[]; base: number; target: number; weight: number }> {
  for (let n = p.offsets[row]; n < p.offsets[row + 1]; n++) {
    const q = p.fixed.subarray(p.others[n] * p.dim, (p.others[n] + 1) * p.dim);
    const z = Array.from(q, (value, k) => value + (p.shifts?.[row * p.dim + k] ?? 0));
    if (p.biasPenalties !== undefined) z.push(1);
    yield { z, base: p.bases?.[n] ?? 0, target: p.targets?.[n] ?? 1, weight: p.weights?.[n] ?? 1 };
  }
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, k) => sum + x * b[k], 0);

/** The objective of a row at x = (factors, bias). */
export function foldValue(p: FoldProblem, row: number, x: readonly number[]): number {
  let value = 0;
  for (const [k, xk] of x.entries()) {
    value += (k < p.dim ? p.factorPenalties[row] : (p.biasPenalties?.[row] as number)) * xk ** 2;
    for (let i = 0; p.gram !== undefined && i < p.dim; i++) value += x[i] * xk * p.gram[i * p.dim + k];
  }
  for (const { z, base, target, weight } of pairsOf(p, row)) value += weight * bend(p, base + dot(z, x), target)[0];
  return value;
}

/** The objective of a row at x = (factors, bias), with its half gradient and half of the curvature that steps take. */
export function foldObjective(
  p: FoldProblem,
  row: number,
  x: readonly number[],
): { value: number; gradient: number[]; matrix: number[][] } {
  const penalty = (k: number): number => (k < p.dim ? p.factorPenalties[row] : (p.biasPenalties?.[row] as number));
  const matrix = x.map((_, i) =>
    x.map((__, k) => (i === k ? penalty(k) : 0) + (i < p.dim && k < p.dim ? (p.gram?.[i * p.dim + k] ?? 0) : 0)),
  );
  const gradient = matrix.map((line) => dot(line, x));
  let value = dot(gradient, x);
  for (const { z, base, target, weight } of pairsOf(p, row)) {
    const [loss, slope, curve] = bend(p, base + dot(z, x), target);
    value += weight * loss;
    for (const [i, zi] of z.entries()) {
      gradient[i] += weight * slope * zi;
      for (const [k, zk] of z.entries()) matrix[i][k] += weight * curve * zi * zk;
    }
  }
  return { value, gradient, matrix };
}

/** Gauss-Jordan elimination. */
function solve(matrix: number[][], right: readonly number[]): number[] {
  const lines = matrix.map((line, i) => [...line, right[i]]);
  for (let i = 0; i < lines.length; i++) {
    const pivot = lines
      .slice(i)
      .reduce((best, line, at) => (Math.abs(line[i]) > Math.abs(lines[best][i]) ? at + i : best), i);
    [lines[i], lines[pivot]] = [lines[pivot], lines[i]];
    for (const [r, line] of lines.entries()) {
      if (r === i) continue;
      const factor = line[i] / lines[i][i];
      for (let k = i; k < line.length; k++) line[k] -= factor * lines[i][k];
    }
  }
  return lines.map((line, i) => line[right.length] / line[i]);
}

/** The row that minimises its objective; zeros where it has no pairs. */
export function foldRow(p: FoldProblem, row: number): number[] {
  let x = new Array<number>(p.dim + (p.biasPenalties === undefined ? 0 : 1)).fill(0);
  if (p.offsets[row] === p.offsets[row + 1]) return x;
  for (let step = 0; step < 200; step++) {
    const { value, gradient, matrix } = foldObjective(p, row, x);
    const found = solve(matrix, gradient);
    let share = 1;
    const moved = (): number[] => x.map((old, k) => old - share * found[k]);
    while (foldValue(p, row, moved()) > value && share > 1e-12) share /= 2;
    const next = foldValue(p, row, moved());
    if (next >= value) break;
    x = moved();
    if (value - next < 1e-13 * value) break;
  }
  return x;
}
