/** Scores and losses of factor models, naively in float64 from the formulas of native/kernels/train.h. */
import type { TrainerConfig } from '../../src/native/binding.js';

export interface OracleRows {
  /** (rows, dim) */
  factors: Float64Array;
  /** (rows) */
  biases: Float64Array;
}

export interface OracleParameters {
  users: OracleRows;
  items: OracleRows;
  features: OracleRows;
  globalBias: number;
}

/** One active variable of the factorisation machine. */
export interface Active {
  rows: OracleRows;
  row: number;
  weight: number;
  side: 'user' | 'item';
}

export interface Pairs {
  users: ArrayLike<number>;
  items: ArrayLike<number>;
  values: ArrayLike<number>;
}

/** The training ratings with the user of each. */
export function trainingPairs({ numUsers, offsets, items, values }: TrainerConfig): Pairs {
  const users = new Uint32Array(items.length);
  for (let user = 0; user < numUsers; user++) users.fill(user, offsets[user], offsets[user + 1]);
  return { users, items, values };
}

export function activeRows(config: TrainerConfig, p: OracleParameters, user: number, item: number): Active[] {
  const active: Active[] = [];
  const addSide = (side: Active['side'], rows: OracleRows, row: number): void => {
    active.push({ rows, row, weight: 1, side });
    const offsets = side === 'user' ? config.userFeatureOffsets : config.itemFeatureOffsets;
    const features = side === 'user' ? config.userFeatures : config.itemFeatures;
    const weights = side === 'user' ? config.userFeatureWeights : config.itemFeatureWeights;
    if (offsets.length === 0) return;
    for (let e = offsets[row]; e < offsets[row + 1]; e++) {
      active.push({ rows: p.features, row: features[e], weight: weights[e], side });
    }
  };
  addSide('user', p.users, user);
  addSide('item', p.items, item);
  if (config.implicitTerm) {
    const rated = config.items.subarray(config.offsets[user], config.offsets[user + 1]);
    for (const row of rated) active.push({ rows: p.features, row, weight: rated.length ** -0.5, side: 'user' });
  }
  return active;
}

/** Whether two active variables have a pairwise term. */
export function interact(config: TrainerConfig, a: Active, b: Active): boolean {
  return a !== b && (config.withinSide || a.side !== b.side);
}

/** x(u, i): biases, and one dot product for each pair of active variables. */
export function rawScore(config: TrainerConfig, p: OracleParameters, user: number, item: number): number {
  const { dim } = config;
  const active = activeRows(config, p, user, item);
  let x = p.globalBias;
  for (const [n, a] of active.entries()) {
    x += a.weight * a.rows.biases[a.row];
    for (const b of active.slice(n + 1)) {
      if (!interact(config, a, b)) continue;
      let dot = 0;
      for (let k = 0; k < dim; k++) dot += a.rows.factors[a.row * dim + k] * b.rows.factors[b.row * dim + k];
      x += a.weight * b.weight * dot;
    }
  }
  return x;
}

export interface RatingLoss {
  loss: number;
  /** In rating units. */
  squaredError: number;
  /** d loss / d x */
  slope: number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export function ratingLoss(config: TrainerConfig, x: number, rating: number): RatingLoss {
  const min = Math.fround(config.rangeMin);
  const span = Math.fround(config.rangeMax) - min;
  const p = sigmoid(x);
  if (config.objective === 'logistic') {
    const target = (rating - min) / span;
    const loss = Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - target * x;
    return { loss, squaredError: (min + span * p - rating) ** 2, slope: p - target };
  }
  const predicted = config.link === 'sigmoid' ? min + span * p : x;
  const error = predicted - rating;
  const byScore = config.link === 'sigmoid' ? span * p * (1 - p) : 1;
  return { loss: error ** 2, squaredError: error ** 2, slope: 2 * error * byScore };
}

/** Means over pairs; `clip`: identity predictions are cut to the range before their error is taken. */
export function meanLosses(
  config: TrainerConfig,
  p: OracleParameters,
  pairs: Pairs,
  { clip = false } = {},
): { loss: number; rmse: number } {
  let loss = 0;
  let squares = 0;
  for (let n = 0; n < pairs.values.length; n++) {
    const x = rawScore(config, p, pairs.users[n], pairs.items[n]);
    const result = ratingLoss(config, x, pairs.values[n]);
    const cut = Math.min(Math.max(x, config.rangeMin), config.rangeMax);
    const isCut = clip && config.objective === 'squared' && config.link === 'identity';
    loss += result.loss;
    squares += isCut ? (cut - pairs.values[n]) ** 2 : result.squaredError;
  }
  return { loss: loss / pairs.values.length, rmse: Math.sqrt(squares / pairs.values.length) };
}
