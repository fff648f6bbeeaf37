import { availableParallelism } from 'node:os';
import { native } from '../native/load.js';
import type { Range } from '../types.js';

/** Pairs of some rows with rows of the other side: (rows + 1), (pairs), (pairs) in rating units. */
export interface RowPairs {
  offsets: Uint32Array;
  others: Uint32Array;
  ratings: Float32Array;
}

/** Rows of factors with their biases: (rows, dim), (rows). */
export interface Rows {
  factors: Float32Array;
  biases: Float32Array;
}

/** Rows to fit, whatever the loss; see native/kernels/fold_rows.h. */
export interface RowProblem {
  dim: number;
  fixed: Rows;
  pairs: RowPairs;
  /** (pairs) what a score is without the row. */
  bases: Float32Array;
  /** (rows, dim) what a row adds to each fixed row. */
  shifts: Float32Array | undefined;
  /** (rows) */
  factorPenalties: Float32Array;
  /** (rows); undefined: rows have no biases. */
  biasPenalties: Float32Array | undefined;
}

export interface RowLoss {
  /** (pairs) */
  targets: Float32Array;
  /** (pairs); 1 where undefined. */
  weights?: Float32Array;
  objective: 'squared' | 'logistic';
  link: 'identity' | 'sigmoid';
  range: Range;
}

/** The rows that minimise the loss of their pairs with their penalties, by native threads. */
export function fitNatively(problem: RowProblem, { targets, weights, objective, link, range }: RowLoss): Rows {
  const { dim, fixed, pairs, bases, shifts, factorPenalties, biasPenalties } = problem;
  const numRows = pairs.offsets.length - 1;
  const factors = new Float32Array(numRows * dim);
  const biases = new Float32Array(numRows);
  native().foldRows({
    factors,
    biases: biasPenalties && biases,
    fixed: fixed.factors,
    numFixed: fixed.biases.length,
    dim,
    offsets: pairs.offsets,
    others: pairs.others,
    bases,
    targets,
    weights,
    shifts,
    factorPenalties,
    biasPenalties,
    gram: undefined,
    objective,
    link,
    rangeMin: range.min,
    rangeMax: range.max,
    threads: availableParallelism(),
  });
  return { factors, biases };
}
