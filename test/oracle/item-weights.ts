/** Slow twins of item-item weights, on dense matrices in float64: X[user][item] in, W[history item][target] out. */

export type Matrix = readonly (readonly number[])[];

const square = (size: number, value: (i: number, j: number) => number): number[][] =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => value(i, j)));

/** X^T X */
export function gram(x: Matrix, numItems: number): number[][] {
  const g = square(numItems, () => 0);
  for (const row of x) {
    const rated = [...row.keys()].filter((item) => row[item] !== 0);
    for (const i of rated) for (const j of rated) g[i][j] += row[i] * row[j];
  }
  return g;
}

/** As native/kernels/fit_neighbors.h defines it, before a choice of neighbours. */
export function similarities(
  x: Matrix,
  numItems: number,
  { sourceNorms, targetNorms, shrink, tanimoto }: SimilarityTerms,
): number[][] {
  const g = gram(x, numItems);
  return square(numItems, (h, i) => {
    const product = g[h][i];
    if (h === i || product <= 0) return 0;
    return tanimoto
      ? product / (sourceNorms[h] + targetNorms[i] - product + shrink)
      : product / (sourceNorms[h] * targetNorms[i] + shrink);
  });
}

export interface SimilarityTerms {
  sourceNorms: ArrayLike<number>;
  targetNorms: ArrayLike<number>;
  shrink: number;
  tanimoto: boolean;
}

/** Gauss-Jordan elimination with pivots. */
export function inverse(matrix: Matrix): number[][] {
  const size = matrix.length;
  const work = matrix.map((row, i) =>
    Float64Array.from({ length: 2 * size }, (_, j) => row[j] ?? Number(j - size === i)),
  );
  for (let p = 0; p < size; p++) {
    let best = p;
    for (let i = p; i < size; i++) if (Math.abs(work[i][p]) > Math.abs(work[best][p])) best = i;
    [work[p], work[best]] = [work[best], work[p]];
    const row = work[p];
    const pivot = row[p];
    for (let j = 0; j < 2 * size; j++) row[j] /= pivot;
    for (const [i, other] of work.entries()) {
      const factor = other[p];
      if (i !== p && factor !== 0) for (let j = 0; j < 2 * size; j++) other[j] -= factor * row[j];
    }
  }
  return work.map((row) => [...row.subarray(size)]);
}

/** Steck 2019, eq. 8, by items whatever the number of users. */
export function easeWeights(x: Matrix, numItems: number, regularization: number): number[][] {
  const p = inverse(gram(x, numItems).map((row, i) => row.map((value, j) => value + (i === j ? regularization : 0))));
  return square(numItems, (i, j) => (i === j ? 0 : -p[i][j] / p[j][j]));
}

/** Of each target the items of greatest absolute correlation as native/kernels/fit_ease.h defines it, ascending. */
export function easeNeighborhoods(
  x: Matrix,
  numItems: number,
  { regularization, neighborhood, minCorrelation }: EaseTerms,
): number[][] {
  const g = gram(x, numItems);
  const sums = Array.from({ length: numItems }, (_, i) => x.reduce((sum, row) => sum + row[i], 0));
  const covariance = square(numItems, (i, j) => g[i][j] - (sums[i] * sums[j]) / x.length);
  const scale = (i: number): number => Math.sqrt(covariance[i][i] + regularization);
  return g.map((_, j) => {
    const strength = (i: number): number => Math.abs(covariance[i][j]) / (scale(i) * scale(j));
    return [...g.keys()]
      .filter((i) => i !== j && g[i][i] > 0 && g[j][j] > 0 && strength(i) >= minCorrelation)
      .sort((a, b) => strength(b) - strength(a) || a - b)
      .slice(0, neighborhood)
      .sort((a, b) => a - b);
  });
}

export interface EaseTerms {
  regularization: number;
  neighborhood: number;
  minCorrelation: number;
}

/** Ridge regression of each target on its neighbourhood alone. */
export function easeWeightsNear(x: Matrix, numItems: number, terms: EaseTerms): number[][] {
  const g = gram(x, numItems);
  const w = square(numItems, () => 0);
  for (const [j, near] of easeNeighborhoods(x, numItems, terms).entries()) {
    const p = inverse(near.map((a) => near.map((b) => g[a][b] + (a === b ? terms.regularization : 0))));
    for (const [n, i] of near.entries()) w[i][j] = near.reduce((sum, k, m) => sum + p[n][m] * g[k][j], 0);
  }
  return w;
}

/** SLIM: plain coordinate descent over all items until nothing moves. */
export function slimWeights(x: Matrix, numItems: number, l1: number, l2: number): number[][] {
  const g = gram(x, numItems);
  const w = square(numItems, () => 0);
  for (let j = 0; j < numItems; j++) {
    for (let moved = 1; moved > 1e-13; ) {
      moved = 0;
      for (let i = 0; i < numItems; i++) {
        if (i === j || g[i][i] === 0) continue;
        let left = g[i][j];
        for (let k = 0; k < numItems; k++) if (k !== i && w[k][j] !== 0) left -= g[i][k] * w[k][j];
        const weight = Math.max(0, left - l1) / (g[i][i] + l2);
        moved = Math.max(moved, Math.abs(weight - w[i][j]));
        w[i][j] = weight;
      }
    }
  }
  return w;
}

/** What SLIM minimises, for one target. */
export function slimObjective(x: Matrix, target: number, w: ArrayLike<number>, l1: number, l2: number): number {
  const weights = Array.from(w);
  const errors = x.map((row) => row[target] - weights.reduce((sum, weight, i) => sum + weight * row[i], 0));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return sum(errors.map((e) => (e * e) / 2)) + sum(weights.map((v) => (l2 * v * v) / 2 + l1 * Math.abs(v)));
}

/** Of each target the strongest weights, equal ones by lower history item. */
export function keepStrongest(w: Matrix, most: number): number[][] {
  const kept = w.map((row) => row.map(() => 0));
  for (const j of w.keys()) {
    const order = [...w.keys()].filter((h) => w[h][j] !== 0);
    order.sort((a, b) => Math.abs(w[b][j]) - Math.abs(w[a][j]) || a - b);
    for (const h of order.slice(0, most)) kept[h][j] = w[h][j];
  }
  return kept;
}

/** Scores of one history, rounded to float32 after each step as native/kernels/score_weights.h is. */
export function scoresOf(history: readonly { item: number; value: number }[], w: Matrix): number[] {
  return Array.from({ length: w.length }, (_, i) =>
    history.reduce((sum, { item, value }) => Math.fround(sum + Math.fround(value * w[item][i])), 0),
  );
}
