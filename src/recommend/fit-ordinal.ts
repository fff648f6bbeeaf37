import type { RatingCategories } from '../types.js';
import { fitNatively, type RowProblem, type Rows } from './fit-natively.js';
import { ordinalLoss } from './ordinal.js';

const mostSteps = 25;
const smallestShare = 1e-6;
/** A row has settled when a step takes less than this share of its objective. */
const leastFall = 1e-7;

/** (pairs) each. */
interface Linearised {
  targets: Float32Array;
  weights: Float32Array;
}

/**
 * The rows that minimise -2 log P of their ratings with their penalties: Newton's steps, each a ridge regression of all
 * rows in one native call, halved for a row until its objective does not rise.
 */
export function fitOrdinal(problem: RowProblem, categories: RatingCategories): Rows {
  const numRows = problem.pairs.offsets.length - 1;
  const { dim } = problem;
  const rows: Rows = { factors: new Float32Array(numRows * dim), biases: new Float32Array(numRows) };
  const offsets = problem.pairs.offsets;
  const open = new Set(
    Array.from({ length: numRows }, (_, row) => row).filter((row) => offsets[row] !== offsets[row + 1]),
  );
  const at: Linearised = {
    targets: new Float32Array(problem.pairs.others.length),
    weights: new Float32Array(problem.pairs.others.length),
  };
  const values = Float64Array.from({ length: numRows }, (_, row) => objectiveAt(problem, categories, rows, row, at));
  for (let step = 0; step < mostSteps && open.size > 0; step++) {
    const { targets, weights } = at;
    const found = fitNatively(problem, {
      targets,
      weights,
      objective: 'squared',
      link: 'identity',
      range: { min: 0, max: 1 },
    });
    for (const row of open) {
      const before = values[row] as number;
      const old = { factors: rows.factors.slice(row * dim, (row + 1) * dim), bias: rows.biases[row] as number };
      for (let share = 1; ; share /= 2) {
        const moved = share > smallestShare;
        for (let k = 0; k < dim; k++) {
          const from = old.factors[k] as number;
          rows.factors[row * dim + k] = moved ? from + share * ((found.factors[row * dim + k] as number) - from) : from;
        }
        rows.biases[row] = moved ? old.bias + share * ((found.biases[row] as number) - old.bias) : old.bias;
        values[row] = objectiveAt(problem, categories, rows, row, at);
        if (!moved || (values[row] as number) <= before) break;
      }
      if (before - (values[row] as number) <= leastFall * before) open.delete(row);
    }
  }
  return rows;
}

/** The objective of a row; notes what the next step needs of its pairs. */
function objectiveAt(
  { dim, fixed, pairs, bases, shifts, factorPenalties, biasPenalties }: RowProblem,
  categories: RatingCategories,
  rows: Rows,
  row: number,
  at: Linearised,
): number {
  const bias = rows.biases[row] as number;
  let value = biasPenalties === undefined ? 0 : (biasPenalties[row] as number) * bias * bias;
  for (let k = 0; k < dim; k++) {
    value += (factorPenalties[row] as number) * (rows.factors[row * dim + k] as number) ** 2;
  }
  for (let n = pairs.offsets[row] as number; n < (pairs.offsets[row + 1] as number); n++) {
    const other = pairs.others[n] as number;
    const base = bases[n] as number;
    let own = bias;
    for (let k = 0; k < dim; k++) {
      const fixedValue = (fixed.factors[other * dim + k] as number) + (shifts?.[row * dim + k] ?? 0);
      own += (rows.factors[row * dim + k] as number) * fixedValue;
    }
    const { loss, residual, weight } = ordinalLoss(categories, base + own, pairs.ratings[n] as number);
    value += loss;
    at.weights[n] = weight;
    at.targets[n] = base + own + (weight > 0 ? residual / weight : 0);
  }
  return value;
}
