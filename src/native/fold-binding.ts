/** Native fold-in of rows that a model lacks; part of binding.ts. */

/** See native/kernels/fold_rows.h. Arrays that are undefined stand for what is said there. */
export interface FoldRowsCall {
  /** (rows, dim) out; zeros for a row without pairs. */
  factors: Float32Array;
  /** (rows) out; undefined: rows have none. */
  biases: Float32Array | undefined;
  /** (numFixed, dim) rows of the other side. */
  fixed: Float32Array;
  numFixed: number;
  dim: number;
  /** Pairs of each row: (rows + 1), (pairs). */
  offsets: Uint32Array;
  others: Uint32Array;
  /** (pairs) what a score is without the row; undefined: 0. */
  bases: Float32Array | undefined;
  /** (pairs); undefined: 1. */
  targets: Float32Array | undefined;
  /** (pairs) not negative; undefined: 1. */
  weights: Float32Array | undefined;
  /** (rows, dim) what a row adds to each fixed row; undefined: nothing. */
  shifts: Float32Array | undefined;
  /** (rows) above 0. */
  factorPenalties: Float32Array;
  biasPenalties: Float32Array | undefined;
  /** (dim, dim) weight of all scores times the products of the fixed rows' columns; undefined: none. */
  gram: Float32Array | undefined;
  objective: 'squared' | 'logistic';
  link: 'identity' | 'sigmoid';
  rangeMin: number;
  rangeMax: number;
  threads: number;
}

export interface FormGramCall {
  /** (dim, dim) out: the sum over rows of x x'. */
  gram: Float32Array;
  /** (numRows, dim) */
  rows: Float32Array;
  numRows: number;
  dim: number;
  threads: number;
}
