import { rangeError } from '../options.js';
import type { FactorModelData, HistoryEntry } from '../types.js';
import { factorCholesky, solveCholesky } from './cholesky.js';
import { servingFactors } from './combine-fields.js';
import { gramOf, isPositive, type PositiveOptions, positivePenalty, positiveWeight } from './fit-rows.js';
import { readHistory } from './history.js';
import { rowPenalties } from './row-penalties.js';
import type { Terms } from './serving.js';

/** A user's items, ascending, with ratings, and what the fields of an fm say of him. */
interface Known {
  items: Uint32Array;
  ratings: ArrayLike<number>;
  /** (dim) and what it adds to his score of any item. */
  own?: { factors: Float64Array; bias: number };
}

function knownUser(data: FactorModelData, user: number): Known {
  const { dim, userFactors, userBiases, fields } = data.parameters;
  const items = data.seen.itemsOf(user);
  const ratings = data.seen.valuesOf(user);
  if (!fields.some(({ side }) => side === 'user')) return { items, ratings };
  const serving = servingFactors(data);
  const factors = new Float64Array(dim);
  let bias = (serving.userBiases[user] as number) - (userBiases[user] as number);
  for (let k = 0; k < dim; k++) {
    const id = userFactors[user * dim + k] as number;
    factors[k] = (serving.userFactors[user * dim + k] as number) - id;
    bias -= id * (factors[k] as number);
  }
  return { items, ratings, own: { factors, bias } };
}

function givenUser(data: FactorModelData, history: readonly HistoryEntry[]): Known {
  const { range } = data.parameters;
  const rated = readHistory(data, history, data.implicit ? {} : range);
  return {
    items: Uint32Array.from(rated, ({ item }) => item),
    ratings: Float64Array.from(rated, ({ rating }) => rating ?? range.max),
  };
}

/** matrix += weight z z', lower triangle. */
function addProduct(matrix: Float64Array, z: Float64Array, weight: number): void {
  const n = z.length;
  for (let k = 0; k < n; k++) {
    const scaled = weight * (z[k] as number);
    for (let l = 0; l <= k; l++) matrix[k * n + l] = (matrix[k * n + l] as number) + scaled * (z[l] as number);
  }
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);

/** Hu, Koren, Volinsky 2008, eq. 7: the term of item j is c_j q_i' (w Q'Q + sum c q q' + l I)^-1 q_j. */
function positiveTerms(data: FactorModelData, { items, ratings }: Known, item: number): Terms {
  const { dim, itemFactors } = data.parameters;
  const { unobservedWeight } = data.options as unknown as PositiveOptions;
  const rowOf = (i: number): Float64Array => Float64Array.from(itemFactors.subarray(i * dim, (i + 1) * dim));
  const weights = Float64Array.from(items, (_, n) =>
    isPositive(data, ratings[n] as number) ? positiveWeight(data, ratings[n] as number) : 0,
  );
  const count = weights.reduce((sum, weight) => sum + (weight > 0 ? 1 : 0), 0);
  const matrix = Float64Array.from(gramOf(itemFactors, dim), (sum) => unobservedWeight * sum);
  const penalty = positivePenalty(data, count, data.items.size);
  for (let k = 0; k < dim; k++) matrix[k * dim + k] = (matrix[k * dim + k] as number) + penalty;
  for (const [n, weight] of weights.entries()) addProduct(matrix, rowOf(items[n] as number), weight);
  const direction = rowOf(item);
  factorCholesky(matrix, dim);
  solveCholesky(matrix, direction);
  const terms = weights.map((weight, n) => (weight === 0 ? 0 : weight * dot(rowOf(items[n] as number), direction)));
  return { items, terms, base: 0 };
}

/**
 * Ridge regression is linear in the ratings: with z the rows of items and a 1 for the user's bias, the term of item j is
 * (r_j - base_j) z_i' (sum z z' + penalties)^-1 z_j, base what the model says of an item without the user.
 */
function ratingTerms(data: FactorModelData, { items, ratings, own }: Known, item: number): Terms {
  const { dim, globalBias, itemFactors, itemBiases } = servingFactors(data);
  const withBias = data.options.biases !== false;
  const width = dim + (withBias ? 1 : 0);
  const rowOf = (i: number): Float64Array =>
    Float64Array.from({ length: width }, (_, k) =>
      k === dim ? 1 : (itemFactors[i * dim + k] as number) + (own?.factors[k] ?? 0),
    );
  const baseOf = (i: number): number => {
    let base = globalBias + (itemBiases[i] as number) + (own?.bias ?? 0);
    if (own !== undefined) {
      for (let k = 0; k < dim; k++) base += (own.factors[k] as number) * (itemFactors[i * dim + k] as number);
    }
    return base;
  };
  const penalty = rowPenalties(data, 'user', itemFactors)(items.length);
  const matrix = new Float64Array(width * width);
  for (let k = 0; k < width; k++) matrix[k * width + k] = k === dim ? penalty.bias : penalty.factors;
  for (const i of items) addProduct(matrix, rowOf(i), 1);
  const direction = rowOf(item);
  factorCholesky(matrix, width);
  solveCholesky(matrix, direction);
  const terms = Float64Array.from(items, (i, n) => ((ratings[n] as number) - baseOf(i)) * dot(rowOf(i), direction));
  return { items, terms, base: baseOf(item) };
}

/**
 * What each item of a history adds to a score, by the user that fold-in makes of it. RangeError, with the reason, for models
 * whose scores are no such sums.
 */
export function explainFactors(data: FactorModelData, user: number | readonly HistoryEntry[], item: number): Terms {
  const refuse = (reason: string): never => {
    throw rangeError('model', 'one whose scores are sums over the items of a history', `'${data.name}', ${reason}`);
  };
  const { dim, link } = data.parameters;
  if (dim === 0) refuse('which scores items alike for everyone');
  if (data.name !== 'ials' && (data.options.objective ?? 'squared') !== 'squared') {
    refuse(`whose objective '${data.options.objective}' makes users that are not linear in their ratings`);
  }
  if (link !== 'identity') {
    refuse(`whose link '${link}' makes users that are not linear in their ratings; train it with link 'identity'`);
  }
  const known = typeof user === 'number' ? knownUser(data, user) : givenUser(data, user);
  return data.name === 'ials' ? positiveTerms(data, known, item) : ratingTerms(data, known, item);
}
