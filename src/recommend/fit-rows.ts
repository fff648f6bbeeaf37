import { availableParallelism } from 'node:os';
import { native } from '../native/load.js';
import type { FactorModelData, RatingCategories } from '../types.js';
import { fitNatively, type RowPairs, type RowProblem, type Rows } from './fit-natively.js';
import { fitOrdinal } from './fit-ordinal.js';
import { type PenalizedModel, rowPenalties } from './row-penalties.js';

export type { RowPairs, Rows };

/** What fitting rows needs to know of a model. */
export type FittedModel = PenalizedModel & Pick<FactorModelData, 'implicit'>;

type Side = 'user' | 'item';

/**
 * The rows and biases that minimise the training objective over their ratings with the other side fixed, by native
 * threads (native/kernels/fold_rows.h).
 * @param side of the rows
 * @param fixed rows of the other side, with the fields of an fm in them
 * @param own of an fm what the fields of each row come to without its id
 */
export function fitRatings(model: FittedModel, side: Side, fixed: Rows, pairs: RowPairs, own?: Rows): Rows {
  const { globalBias, link, range, categories } = model.parameters;
  const numRows = pairs.offsets.length - 1;
  const factorPenalties = new Float32Array(numRows);
  const biasPenalties = new Float32Array(numRows);
  const bases = new Float32Array(pairs.others.length);
  const penaltiesOf = rowPenalties(model, side, fixed.factors);
  for (let row = 0; row < numRows; row++) {
    const [begin, end] = [pairs.offsets[row] as number, pairs.offsets[row + 1] as number];
    const penalty = penaltiesOf(end - begin);
    factorPenalties[row] = penalty.factors;
    biasPenalties[row] = penalty.bias;
    for (let n = begin; n < end; n++) {
      const other = pairs.others[n] as number;
      bases[n] =
        globalBias + (fixed.biases[other] as number) + (own === undefined ? 0 : ownBase(own, row, fixed, other));
    }
  }
  const problem: RowProblem = {
    dim: model.parameters.dim,
    fixed,
    pairs,
    bases,
    shifts: own?.factors,
    factorPenalties,
    biasPenalties: model.options.biases === false ? undefined : biasPenalties,
  };
  if (link === 'ordinal') return fitOrdinal(problem, categories as RatingCategories);
  return fitNatively(problem, {
    targets: pairs.ratings,
    objective: model.options.objective === 'logistic' ? 'logistic' : 'squared',
    link,
    range,
  });
}

/** What the fields of a row add to its score with a fixed row. */
function ownBase(own: Rows, row: number, fixed: Rows, other: number): number {
  const dim = fixed.factors.length / fixed.biases.length;
  let sum = own.biases[row] as number;
  for (let k = 0; k < dim; k++) {
    sum += (own.factors[row * dim + k] as number) * (fixed.factors[other * dim + k] as number);
  }
  return sum;
}

const grams = new WeakMap<Float32Array, Float32Array>();

/** (dim, dim) sum over the rows of q q'; computed once an array. */
export function gramOf(factors: Float32Array, dim: number): Float32Array {
  let gram = grams.get(factors);
  if (gram === undefined) {
    gram = new Float32Array(dim * dim);
    const numRows = factors.length / dim;
    native().formGram({ gram, rows: factors, numRows, dim, threads: availableParallelism() });
    grams.set(factors, gram);
  }
  return gram;
}

/** Options of ials that say what a pair weighs. */
export interface PositiveOptions {
  regularization: number;
  regularizationPower: number;
  unobservedWeight: number;
  ratingWeight: number;
  positiveThreshold?: number;
}

/** Whether ials learns from a pair with this rating, and its weight. */
export const isPositive = ({ options, implicit }: FittedModel, rating: number): boolean =>
  implicit || rating >= ((options as unknown as PositiveOptions).positiveThreshold ?? Number.NEGATIVE_INFINITY);
export const positiveWeight = ({ options, implicit }: FittedModel, rating: number): number =>
  1 + (options as unknown as PositiveOptions).ratingWeight * (implicit ? 1 : rating);

/** The penalty of a row of ials with so many positives. */
export function positivePenalty({ options }: FittedModel, count: number, numFixed: number): number {
  const { regularization, regularizationPower, unobservedWeight } = options as unknown as PositiveOptions;
  return regularization * (count + unobservedWeight * numFixed) ** regularizationPower;
}

/**
 * ials: the rows of users (or items) who have these items (or users), with the other side fixed: what training solves for
 * a row (native/kernels/solve_als.h), exactly. What is rated below `positiveThreshold` does not count.
 * @param fixed (rows of the other side, dim)
 * @returns (rows, dim)
 */
export function fitPositives(model: FittedModel, fixed: Float32Array, pairs: RowPairs): Float32Array {
  const { dim } = model.parameters;
  const { unobservedWeight } = model.options as unknown as PositiveOptions;
  const numRows = pairs.offsets.length - 1;
  const numFixed = fixed.length / dim;
  const offsets = new Uint32Array(numRows + 1);
  const kept: number[] = [];
  for (let row = 0; row < numRows; row++) {
    for (let n = pairs.offsets[row] as number; n < (pairs.offsets[row + 1] as number); n++) {
      if (isPositive(model, pairs.ratings[n] as number)) kept.push(n);
    }
    offsets[row + 1] = kept.length;
  }
  const factors = new Float32Array(numRows * dim);
  native().foldRows({
    factors,
    biases: undefined,
    fixed,
    numFixed,
    dim,
    offsets,
    others: Uint32Array.from(kept, (n) => pairs.others[n] as number),
    bases: undefined,
    targets: undefined,
    weights: Float32Array.from(kept, (n) => positiveWeight(model, pairs.ratings[n] as number)),
    shifts: undefined,
    factorPenalties: Float32Array.from({ length: numRows }, (_, row) =>
      positivePenalty(model, (offsets[row + 1] as number) - (offsets[row] as number), numFixed),
    ),
    biasPenalties: undefined,
    gram: gramOf(fixed, dim).map((sum) => unobservedWeight * sum),
    objective: 'squared',
    link: 'identity',
    rangeMin: 0,
    rangeMax: 1,
    threads: availableParallelism(),
  });
  return factors;
}
