import { Random } from '../dataset/random.js';
import type { FactorModelData } from '../types.js';
import type { Rated } from './history.js';
import { minimise } from './minimise.js';
import { solveRidge } from './solve-ridge.js';

/** Pairs of a liked item and another that a row is fitted to, if the likes are fewer. */
const fewestPairs = 1024;

const cache = new WeakMap<FactorModelData, Float64Array>();

/** (numItems) running sums of the weights by which training drew negatives; computed once a model. */
function noiseOf(data: FactorModelData): Float64Array {
  const known = cache.get(data);
  if (known !== undefined) return known;
  const { negativePower } = data.options as unknown as { negativePower: number };
  let sum = 0;
  const sums = Float64Array.from(data.seen.itemCounts(), (n) => {
    sum += n > 0 ? n ** negativePower : 0;
    return sum;
  });
  cache.set(data, sums);
  return sums;
}

/** The item at which the running sums pass a share of their total. */
function itemAt(sums: Float64Array, share: number): number {
  const wanted = share * (sums.at(-1) as number);
  let low = 0;
  for (let high = sums.length - 1; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Pairs of a liked item and one that the history has not, the same for equal histories; empty where all are liked. */
export function drawPairs(data: FactorModelData, liked: readonly number[]): { item: number; other: number }[] {
  const sums = noiseOf(data);
  const own = new Set(liked);
  if (own.size === data.items.size) return [];
  const random = new Random(1);
  const each = Math.ceil(fewestPairs / liked.length);
  const pairs: { item: number; other: number }[] = [];
  for (const item of liked) {
    for (let n = 0; n < each; n++) {
      const other = itemAt(sums, random.float());
      if (!own.has(other)) pairs.push({ item, other });
    }
  }
  return pairs;
}

/**
 * mf by bpr: the row of a user who likes these items, with all items fixed: it minimises, over the likes i,
 *
 *   sum_i mean_j -log sigmoid(x_i - x_j) + likes * regularization / 2 |p|^2,
 *
 * the training objective (native/kernels/train_bpr.h), with some thousands of pairs in place of all, by Newton steps in
 * float64. Items rated below `positiveThreshold` do not count; one without a rating does.
 */
export function solvePairs(data: FactorModelData, rated: readonly Rated[]): Float32Array {
  const { dim, itemFactors, itemBiases } = data.parameters;
  const { regularization, positiveThreshold } = data.options as unknown as {
    regularization: number;
    positiveThreshold: number;
  };
  const liked = rated
    .filter(({ rating }) => data.implicit || rating === undefined || rating >= positiveThreshold)
    .map(({ item }) => item);
  const pairs = liked.length === 0 ? [] : drawPairs(data, liked);
  if (pairs.length === 0) return new Float32Array(dim);
  const rows = new Float64Array(pairs.length * dim);
  const fixed = new Float64Array(pairs.length);
  for (const [n, { item, other }] of pairs.entries()) {
    fixed[n] = (itemBiases[item] as number) - (itemBiases[other] as number);
    for (let k = 0; k < dim; k++) {
      rows[n * dim + k] = (itemFactors[item * dim + k] as number) - (itemFactors[other * dim + k] as number);
    }
  }
  const share = liked.length / pairs.length;
  const penalty = Math.max(1e-6, liked.length * regularization);
  const own = (x: Float64Array, n: number): number => {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += (rows[n * dim + k] as number) * (x[k] as number);
    return sum;
  };
  const row = minimise({
    width: dim,
    objective(x) {
      let sum = 0;
      for (let n = 0; n < pairs.length; n++) {
        const score = (fixed[n] as number) + own(x, n);
        sum += share * (Math.max(-score, 0) + Math.log1p(Math.exp(-Math.abs(score))));
      }
      for (const value of x) sum += 0.5 * penalty * value ** 2;
      return sum;
    },
    target(x) {
      const weights = new Float64Array(pairs.length);
      const products = new Float64Array(pairs.length);
      for (let n = 0; n < pairs.length; n++) {
        const score = own(x, n);
        const pull = 1 / (1 + Math.exp((fixed[n] as number) + score));
        weights[n] = share * pull * (1 - pull);
        products[n] = (weights[n] as number) * score + share * pull;
      }
      return solveRidge({ rows, weights, products, penalties: new Float64Array(dim).fill(penalty) });
    },
  });
  return Float32Array.from(row);
}
