import { Random } from '../dataset/random.js';
import type { FactorModelData } from '../types.js';
import { fitNatively, type RowPairs, type Rows } from './fit-natively.js';

/** Pairs of a liked item and another that a row is fitted to, if the likes are fewer. */
const fewestPairs = 1024;
const smallestPenalty = 1e-6;

interface Pair {
  item: number;
  other: number;
}

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
export function drawPairs(data: FactorModelData, liked: readonly number[]): Pair[] {
  const sums = noiseOf(data);
  const own = new Set(liked);
  if (own.size === data.items.size) return [];
  const random = new Random(1);
  const each = Math.ceil(fewestPairs / liked.length);
  const pairs: Pair[] = [];
  for (const item of liked) {
    for (let n = 0; n < each; n++) {
      const other = itemAt(sums, random.float());
      if (!own.has(other)) pairs.push({ item, other });
    }
  }
  return pairs;
}

/**
 * mf by bpr: the rows of users who like these items, with all items fixed: each minimises, over its likes i,
 *
 *   sum_i mean_j -log sigmoid(x_i - x_j) + likes * regularization / 2 |p|^2,
 *
 * the training objective (native/kernels/train_bpr.h), with some thousands of pairs in place of all: the cross-entropy of
 * rows of differences against 1. Items rated below `positiveThreshold` do not count.
 */
export function solvePairs(data: FactorModelData, lists: RowPairs): Rows {
  const { dim } = data.parameters;
  const { positiveThreshold } = data.options as unknown as { positiveThreshold: number };
  const numRows = lists.offsets.length - 1;
  const factors = new Float32Array(numRows * dim);
  for (let row = 0; row < numRows; row++) {
    const liked: number[] = [];
    for (let n = lists.offsets[row] as number; n < (lists.offsets[row + 1] as number); n++) {
      if (data.implicit || (lists.ratings[n] as number) >= positiveThreshold) liked.push(lists.others[n] as number);
    }
    const pairs = liked.length === 0 ? [] : drawPairs(data, liked);
    if (pairs.length > 0) factors.set(solveRow(data, pairs, liked.length), row * dim);
  }
  return { factors, biases: new Float32Array(numRows) };
}

function solveRow(data: FactorModelData, pairs: readonly Pair[], likes: number): Float32Array {
  const { dim, itemFactors, itemBiases } = data.parameters;
  const { regularization } = data.options as unknown as { regularization: number };
  const differences = new Float32Array(pairs.length * dim);
  for (const [n, { item, other }] of pairs.entries()) {
    for (let k = 0; k < dim; k++) {
      differences[n * dim + k] = (itemFactors[item * dim + k] as number) - (itemFactors[other * dim + k] as number);
    }
  }
  const ones = new Float32Array(pairs.length).fill(1);
  const { factors } = fitNatively(
    {
      dim,
      fixed: { factors: differences, biases: new Float32Array(pairs.length) },
      pairs: { offsets: Uint32Array.of(0, pairs.length), others: Uint32Array.from(pairs.keys()), ratings: ones },
      bases: Float32Array.from(
        pairs,
        ({ item, other }) => (itemBiases[item] as number) - (itemBiases[other] as number),
      ),
      shifts: undefined,
      factorPenalties: Float32Array.of(Math.max(smallestPenalty, 0.5 * likes * regularization)),
      biasPenalties: undefined,
    },
    {
      targets: ones,
      weights: new Float32Array(pairs.length).fill(likes / pairs.length),
      objective: 'logistic',
      link: 'sigmoid',
      range: { min: 0, max: 1 },
    },
  );
  return factors;
}
