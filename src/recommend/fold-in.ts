import type { FactorModelData, HistoryEntry, Regularization } from '../types.js';
import { addImplicit, servingFactors } from './combine-fields.js';
import { type Rated, readHistory } from './history.js';
import { minimise } from './minimise.js';
import { solvePairs } from './solve-pairs.js';
import { solvePositives } from './solve-positives.js';
import { solveRidge } from './solve-ridge.js';

/** A user made from a history. */
export interface FoldedUser {
  /** (dim) */
  factors: Float32Array;
  bias: number;
  /** The items of the history, ascending, each once. */
  items: Uint32Array;
}

/** Weight of a liked item in 'sum', and of a rating at the top of the range. */
const sumWeight = 0.2;
const smallestPenalty = 1e-6;

/**
 * L2 penalties of a user's factors and bias as training applied them to a row with n ratings: lambda n^power of the sum
 * of losses; of batch training, whose decay lambda acts on the mean over all N ratings, lambda N / 2.
 */
function penaltiesOf(data: FactorModelData, count: number): { factors: number; bias: number } {
  if (data.parameters.penalties !== undefined) return data.parameters.penalties;
  const options = data.options as {
    regularization?: Regularization;
    regularizationPower?: number;
    batchSize?: unknown;
    optimizer?: string;
  };
  const rowWise = options.batchSize === 1 && options.optimizer !== 'adam';
  const scale = rowWise ? count ** (options.regularizationPower ?? 0) : data.seen.size / 2;
  return {
    factors: Math.max(smallestPenalty, (options.regularization?.user ?? 0) * scale),
    bias: Math.max(smallestPenalty, (options.regularization?.bias ?? 0) * scale),
  };
}

/** Loss, and for the Gauss-Newton step its weight w and w x + (minus half the slope), at score x. */
function linearise(
  data: FactorModelData,
  x: number,
  rating: number,
): { loss: number; weight: number; product: number } {
  const { link, range } = data.parameters;
  const span = range.max - range.min;
  if (data.options.objective === 'logistic') {
    const p = 1 / (1 + Math.exp(-x));
    const target = (rating - range.min) / span;
    const loss = Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - target * x;
    // Half of the cross-entropy's curvature and slope, as the penalty is not halved either.
    return { loss, weight: 0.5 * p * (1 - p), product: 0.5 * (p * (1 - p) * x + target - p) };
  }
  if (link === 'identity') return { loss: (rating - x) ** 2, weight: 1, product: rating };
  const p = 1 / (1 + Math.exp(-x));
  const slope = span * p * (1 - p);
  const error = rating - (range.min + span * p);
  return { loss: error ** 2, weight: slope ** 2, product: slope ** 2 * x + slope * error };
}

/** (dim) what the items of a history say of who rated them: the implicit term of a model that has one, else zeros. */
function implicitTermOf({ parameters }: FactorModelData, rated: readonly Rated[]): Float32Array {
  const row = new Float32Array(parameters.dim);
  const items = Uint32Array.from(rated, ({ item }) => item);
  if (parameters.implicitFactors !== undefined) addImplicit(row, parameters.implicitFactors, items);
  return row;
}

/**
 * The user's row and bias that minimise the training objective over his history with all items fixed: ridge regression
 * for an identity link, else Gauss-Newton (squared) or Newton (logistic) steps of it, halved until the objective falls.
 */
function solveUser(data: FactorModelData, rated: readonly Rated[]): { factors: Float32Array; bias: number } {
  const { dim, globalBias, itemFactors, itemBiases } = servingFactors(data);
  const n = rated.length;
  const withBias = data.options.biases !== false;
  const width = dim + (withBias ? 1 : 0);
  const penalty = penaltiesOf(data, n);
  const penalties = new Float64Array(width).fill(penalty.factors);
  if (withBias) penalties[dim] = penalty.bias;
  const rows = new Float64Array(n * width);
  for (const [j, { item }] of rated.entries()) {
    for (let k = 0; k < dim; k++) rows[j * width + k] = itemFactors[item * dim + k] as number;
    if (withBias) rows[j * width + dim] = 1;
  }
  const ratingOf = (j: number): number => rated[j]?.rating ?? data.parameters.range.max;
  const implicit = implicitTermOf(data, rated);
  const fixed = rated.map(({ item }) => {
    let sum = globalBias + (itemBiases[item] as number);
    for (let k = 0; k < dim; k++) sum += (implicit[k] as number) * (itemFactors[item * dim + k] as number);
    return sum;
  });
  const own = (x: Float64Array, j: number): number => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (rows[j * width + k] as number) * (x[k] as number);
    return sum;
  };
  const objective = (x: Float64Array): number => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += linearise(data, (fixed[j] as number) + own(x, j), ratingOf(j)).loss;
    for (let k = 0; k < width; k++) sum += (penalties[k] as number) * (x[k] as number) ** 2;
    return sum;
  };
  const x = minimise({
    width,
    objective,
    target(at) {
      const weights = new Float64Array(n);
      const products = new Float64Array(n);
      for (let j = 0; j < n; j++) {
        const { weight, product } = linearise(data, (fixed[j] as number) + own(at, j), ratingOf(j));
        weights[j] = weight;
        products[j] = product - weight * (fixed[j] as number);
      }
      return solveRidge({ rows, weights, products, penalties });
    },
  });
  return { factors: implicit.map((term, k) => term + (x[k] as number)), bias: withBias ? (x[dim] as number) : 0 };
}

/** The weighted sum of the items' rows: .2 for a liked item, for a rating .2 times its place between -1 and 1 in the range. */
function sumItems(data: FactorModelData, rated: readonly Rated[]): Float32Array {
  const { dim, itemFactors } = servingFactors(data);
  const { min, max } = data.parameters.range;
  const factors = implicitTermOf(data, rated);
  for (const { item, rating } of rated) {
    const weight =
      rating === undefined || max === min ? sumWeight : sumWeight * ((2 * (rating - min)) / (max - min) - 1);
    for (let k = 0; k < dim; k++)
      factors[k] = (factors[k] as number) + weight * (itemFactors[item * dim + k] as number);
  }
  return factors;
}

/** Turns a history into a user. */
export function foldIn(data: FactorModelData, history: readonly HistoryEntry[], method: 'solve' | 'sum'): FoldedUser {
  // Values of implicit data are no ratings, so that any may be given.
  const rated = readHistory(data, history, data.implicit ? {} : data.parameters.range);
  const items = Uint32Array.from(rated, ({ item }) => item);
  if (data.parameters.dim === 0) return { factors: new Float32Array(0), bias: 0, items };
  if (method === 'sum') return { factors: sumItems(data, rated), bias: 0, items };
  if (data.name === 'ials') return { factors: solvePositives(data, rated), bias: 0, items };
  if (data.options.objective === 'bpr') return { factors: solvePairs(data, rated), bias: 0, items };
  return { ...solveUser(data, rated), items };
}
