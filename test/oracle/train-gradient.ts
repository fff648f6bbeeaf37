/** Gradients of oracle losses: by the chain rule, and by differences. */
import type { TrainerConfig } from '../../src/native/binding.js';
import {
  activeRows,
  interact,
  meanLosses,
  type OracleParameters,
  type OracleRows,
  trainingPairs,
} from './train-loss.js';

export const kinds = ['users', 'items', 'features'] as const;
export type Kind = (typeof kinds)[number];

export function zerosLike(p: OracleParameters): OracleParameters {
  const zeros = ({ factors, biases }: OracleRows): OracleRows => ({
    factors: new Float64Array(factors.length),
    biases: new Float64Array(biases.length),
  });
  return { users: zeros(p.users), items: zeros(p.items), features: zeros(p.features), globalBias: 0 };
}

/** Adds slope * dx/dw to `gradient` for every parameter w that x(user, item) depends on. */
export function addScoreGradient(
  gradient: OracleParameters,
  config: TrainerConfig,
  p: OracleParameters,
  user: number,
  item: number,
  slope: number,
): void {
  const { dim } = config;
  const target = new Map(kinds.map((kind) => [p[kind], gradient[kind]]));
  const active = activeRows(config, p, user, item);
  gradient.globalBias += slope;
  for (const a of active) {
    const rows = target.get(a.rows) as OracleRows;
    rows.biases[a.row] += slope * a.weight;
    for (const b of active) {
      if (!interact(config, a, b)) continue;
      const weight = slope * a.weight * b.weight;
      for (let k = 0; k < dim; k++) rows.factors[a.row * dim + k] += weight * b.rows.factors[b.row * dim + k];
    }
  }
}

/** Central difference of the mean training loss by one entry of an array of `p`. */
export function differenceAt(config: TrainerConfig, p: OracleParameters, values: Float64Array, at: number): number {
  const pairs = trainingPairs(config);
  const h = 1e-5;
  const kept = values[at];
  values[at] = kept + h;
  const above = meanLosses(config, p, pairs).loss;
  values[at] = kept - h;
  const below = meanLosses(config, p, pairs).loss;
  values[at] = kept;
  return (above - below) / (2 * h);
}

/** The same by the global bias. */
export function differenceByGlobalBias(config: TrainerConfig, p: OracleParameters): number {
  const pairs = trainingPairs(config);
  const h = 1e-5;
  const at = (globalBias: number): number => meanLosses(config, { ...p, globalBias }, pairs).loss;
  return (at(p.globalBias + h) - at(p.globalBias - h)) / (2 * h);
}

/** L2 norm over all trained parameters. */
export function gradientNorm(config: TrainerConfig, gradient: OracleParameters): number {
  let squares = config.trainGlobalBias ? gradient.globalBias ** 2 : 0;
  for (const kind of kinds) {
    for (const g of gradient[kind].factors) squares += g ** 2;
    if (config.biases) for (const g of gradient[kind].biases) squares += g ** 2;
  }
  return Math.sqrt(squares);
}
