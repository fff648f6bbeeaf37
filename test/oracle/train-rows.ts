/** Row-wise training on the block grid in float64, one cell after the other: the twin of train_epoch.cc and .cu. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { type GridPlan, planDeviceRows, planRows, strataOf, takeTurns, turnsOf, userBlocks } from './grid.js';
import type { OracleEpoch } from './train-batches.js';
import { addScoreGradient, type Kind, kinds, zerosLike } from './train-gradient.js';
import {
  activeRows,
  type OracleParameters,
  type OracleRows,
  ratingLoss,
  rawScore,
  trainingPairs,
} from './train-loss.js';
import { type Moments, newMoments, stepOne, stepsOf } from './train-optimizers.js';

/** 2 n^(power - 1) of each row, n the ratings in which it takes part; 0 without any. */
export function penaltyShares(config: TrainerConfig): Record<Kind, number[]> {
  const pairs = trainingPairs(config);
  const counts = {
    users: new Array<number>(config.numUsers).fill(0),
    items: new Array<number>(config.numItems).fill(0),
    features: new Array<number>(config.numFeatures).fill(0),
  };
  const empty = { factors: new Float64Array(0), biases: new Float64Array(0) };
  const names = { users: { ...empty }, items: { ...empty }, features: { ...empty }, globalBias: 0 };
  for (let n = 0; n < config.items.length; n++) {
    for (const { rows, row } of activeRows(config, names, pairs.users[n], pairs.items[n])) {
      counts[kinds.find((kind) => names[kind] === rows) as Kind][row]++;
    }
  }
  const share = (n: number): number => (n === 0 ? 0 : 2 * n ** (Math.fround(config.regularizationPower) - 1));
  return { users: counts.users.map(share), items: counts.items.map(share), features: counts.features.map(share) };
}

const copyRows = ({ factors, biases }: OracleRows): OracleRows => ({
  factors: factors.slice(),
  biases: biases.slice(),
});

/** What a warp changes of the shared features: its own copy, and how often it updated each. */
interface FeatureCopy {
  rows: OracleRows;
  first: OracleRows;
  updates: number[];
}

/** base + sum of weights (copy - base) for each feature, weighted by updates. */
function mergeFeatures(base: OracleRows, copies: OracleRows[], updates: number[][], dim: number): void {
  for (let f = 0; f < base.biases.length; f++) {
    const total = updates.reduce((sum, counts) => sum + counts[f], 0);
    if (total === 0) continue;
    const merge = (part: keyof OracleRows, at: number): void => {
      const old = base[part][at];
      for (const [b, copy] of copies.entries()) base[part][at] += (updates[b][f] / total) * (copy[part][at] - old);
    };
    merge('biases', f);
    for (let k = 0; k < dim; k++) merge('factors', f * dim + k);
  }
}

/** One rating: gradients at the old values of all its rows, then their steps. `gradient` is zero before and after. */
function trainRating(
  config: TrainerConfig,
  p: OracleParameters,
  { first, second }: Moments,
  gradient: OracleParameters,
  pair: { user: number; item: number; value: number },
  shares: Record<Kind, number[]>,
  steps: ReturnType<typeof stepsOf>,
) {
  const { dim } = config;
  const result = ratingLoss(config, rawScore(config, p, pair.user, pair.item), pair.value);
  addScoreGradient(gradient, config, p, pair.user, pair.item, result.slope);
  const touched = activeRows(config, p, pair.user, pair.item);
  for (const { rows, row } of touched) {
    const kind = kinds.find((name) => p[name] === rows) as Kind;
    const share = shares[kind][row];
    const { factor, bias } = steps[kind];
    const values = { w: rows.factors, first: first[kind].factors, second: second[kind].factors };
    for (let at = row * dim; at < (row + 1) * dim; at++) {
      stepOne(config, values, at, gradient[kind].factors[at], { ...factor, l2: factor.l2 * share });
    }
    const biases = { w: rows.biases, first: first[kind].biases, second: second[kind].biases };
    const g = gradient[kind].biases[row];
    if (config.biases) stepOne(config, biases, row, g, { ...bias, l2: bias.l2 * share });
    gradient[kind].factors.fill(0, row * dim, (row + 1) * dim);
    gradient[kind].biases[row] = 0;
  }
  return { ...result, features: touched.filter(({ rows }) => rows === p.features).map(({ row }) => row) };
}

/** Trains `p` in place; mean losses of each epoch, every rating's taken before its update. */
export const trainRows = (
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] => trainOn(planRows(config), config, p, learningRates);

/** The same on the grid of devices. */
export const trainDeviceRows: typeof trainRows = (config, p, learningRates) =>
  trainOn(planDeviceRows(config), config, p, learningRates);

function trainOn(
  plan: GridPlan,
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] {
  const pairs = trainingPairs(config);
  const blocks = userBlocks(config, plan).map((block) => takeTurns(block, pairs.users));
  const shares = penaltyShares(config);
  const moments = newMoments(p);
  const { first } = moments;
  const gradient = zerosLike(p);
  return learningRates.map((learningRate, epoch) => {
    const steps = stepsOf(config, learningRate, 1);
    let loss = 0;
    let squares = 0;
    for (const stratum of strataOf(plan, config.seed, epoch)) {
      const copies: FeatureCopy[] = Array.from({ length: plan.side }, () => ({
        rows: copyRows(p.features),
        first: copyRows(first.features),
        updates: new Array<number>(config.numFeatures).fill(0),
      }));
      for (const [warp, cell] of turnsOf(plan, stratum).flatMap((cells) => [...cells.entries()])) {
        const copy = copies[warp];
        const own = { ...p, features: copy.rows };
        const ownMoments = { ...moments, first: { ...first, features: copy.first } };
        for (const n of blocks[cell]) {
          const pair = { user: pairs.users[n], item: pairs.items[n], value: pairs.values[n] };
          const result = trainRating(config, own, ownMoments, gradient, pair, shares, steps);
          for (const f of result.features) copy.updates[f]++;
          loss += result.loss;
          squares += result.squaredError;
        }
      }
      const updates = copies.map((copy) => copy.updates);
      const merge = (base: OracleRows, rows: OracleRows[]): void => mergeFeatures(base, rows, updates, config.dim);
      merge(
        p.features,
        copies.map((copy) => copy.rows),
      );
      if (config.optimizer !== 'adagrad') continue;
      merge(
        first.features,
        copies.map((copy) => copy.first),
      );
    }
    return { loss: loss / pairs.values.length, rmse: Math.sqrt(squares / pairs.values.length) };
  });
}
