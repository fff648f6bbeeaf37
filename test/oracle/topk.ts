/** Top-k as select_topk.h defines it, in the plainest way: all scores in float64, then a sort. */

export interface TopkProblem {
  /** (numQueries, dim) */
  queries: Float32Array;
  /** (numItems, dim) */
  items: Float32Array;
  numQueries: number;
  numItems: number;
  dim: number;
  k: number;
  cosine: boolean;
  /** (numItems) */
  itemBiases?: Float32Array;
  /** A list of items a query. */
  exclude?: number[][];
  /** (numItems) */
  candidates?: Uint8Array;
}

export interface Ranked {
  item: number;
  score: number;
}

const dot = (a: Float32Array, b: Float32Array, dim: number, i: number, j: number): number => {
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += a[i * dim + k] * b[j * dim + k];
  return sum;
};

const scaleOf = (rows: Float32Array, dim: number, row: number): number => {
  const length = Math.sqrt(dot(rows, rows, dim, row, row));
  return length === 0 ? 0 : 1 / length;
};

/** Score of one pair. */
export function naiveScore(problem: TopkProblem, query: number, item: number): number {
  const { queries, items, dim, cosine, itemBiases } = problem;
  const scale = cosine ? scaleOf(queries, dim, query) * scaleOf(items, dim, item) : 1;
  return dot(queries, items, dim, query, item) * scale + (itemBiases?.[item] ?? 0);
}

/** All allowed items of a query, best first, equal scores by lower item, without NaN. */
export function naiveRanking(problem: TopkProblem, query: number): Ranked[] {
  const excluded = new Set(problem.exclude?.[query]);
  const ranked: Ranked[] = [];
  for (let item = 0; item < problem.numItems; item++) {
    if (excluded.has(item) || problem.candidates?.[item] === 0) continue;
    const score = naiveScore(problem, query, item);
    if (!Number.isNaN(score)) ranked.push({ item, score });
  }
  return ranked.sort((a, b) => (a.score === b.score ? a.item - b.item : b.score - a.score));
}
