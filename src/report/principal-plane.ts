import { Random } from '../dataset/random.js';

const ITERATIONS = 60;

/**
 * Rows of length one, as points of the plane in which they vary most: their first two principal components, by power
 * iteration. The layout of a map starts here, so that it keeps the coarse order of the rows.
 *
 * @param vectors (rows, dim), none of them zero
 * @returns (rows, 2), of standard deviation 1 along the first axis
 */
export function principalPlane(vectors: Float32Array, dim: number, seed: number): Float64Array {
  const rows = centredDirections(vectors, dim);
  const numRows = vectors.length / dim;
  const plane = new Float64Array(2 * numRows);
  const random = new Random(seed);
  let spread = 0;
  for (const axis of [0, 1]) {
    const scores = firstComponent(rows, dim, random);
    if (axis === 0) spread = Math.sqrt(dot(scores, scores) / numRows) || 1;
    for (let row = 0; row < numRows; row++) plane[2 * row + axis] = (scores[row] as number) / spread;
  }
  return plane;
}

/** (rows, dim) rows scaled to length one, minus their mean. */
function centredDirections(vectors: Float32Array, dim: number): Float64Array {
  const rows = Float64Array.from(vectors);
  const mean = new Float64Array(dim);
  for (let at = 0; at < rows.length; at += dim) {
    const row = rows.subarray(at, at + dim);
    const length = Math.sqrt(dot(row, row)) || 1;
    for (let k = 0; k < dim; k++) {
      row[k] = (row[k] as number) / length;
      mean[k] = (mean[k] as number) + ((row[k] as number) * dim) / rows.length;
    }
  }
  for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] as number) - (mean[i % dim] as number);
  return rows;
}

/** Scores (rows) of the direction of greatest variance, which is then taken out of `rows`. */
function firstComponent(rows: Float64Array, dim: number, random: Random): Float64Array {
  const scores = new Float64Array(rows.length / dim);
  const direction = Float64Array.from({ length: dim }, () => random.float() - 0.5);
  const project = (): void => {
    for (let row = 0; row < scores.length; row++)
      scores[row] = dot(rows.subarray(row * dim, (row + 1) * dim), direction);
  };
  const normalise = (): void => {
    const length = Math.sqrt(dot(direction, direction)) || 1;
    for (let k = 0; k < dim; k++) direction[k] = (direction[k] as number) / length;
  };
  normalise();
  for (let n = 0; n < ITERATIONS; n++) {
    project();
    direction.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const k = i % dim;
      direction[k] = (direction[k] as number) + (scores[(i / dim) | 0] as number) * (rows[i] as number);
    }
    normalise();
  }
  project();
  for (let i = 0; i < rows.length; i++) {
    rows[i] = (rows[i] as number) - (scores[(i / dim) | 0] as number) * (direction[i % dim] as number);
  }
  return scores;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}
