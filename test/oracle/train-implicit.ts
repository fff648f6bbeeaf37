/** Training with the implicit term in float64, one user after the other: the twin of train_implicit.cc. */
import type { TrainerConfig } from '../../src/native/binding.js';
import type { OracleEpoch } from './train-batches.js';
import { type OracleParameters, ratingLoss } from './train-loss.js';
import { OracleRng } from './train-rng.js';

const BATCH_USERS = 32;
const RUNS = 16;

/** What a user of a batch leaves for the items. */
interface Visit {
  user: number;
  /** |N(u)|^-1/2 */
  weight: number;
  /** A_u after the last turn. */
  combined: number[];
  /** G_u */
  gradient: number[];
  /** (ratings) d loss / d x */
  slopes: number[];
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);

/** 2 n^(power - 1) */
const shareOf = (n: number, { regularizationPower }: TrainerConfig): number =>
  n === 0 ? 0 : 2 * n ** (Math.fround(regularizationPower) - 1);

function ratesOf(config: TrainerConfig, learningRate: number) {
  const rate = Math.fround(learningRate);
  return { rate, biasRate: config.biases ? rate * Math.fround(config.biasLearningRate) : 0 };
}

/** Trains `p` in place; mean losses of each epoch, every rating's taken before its turn. */
export function trainImplicit(
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] {
  const { dim, offsets, items, values, numUsers } = config;
  const itemCounts = Array.from({ length: config.numItems }, (_, item) => items.filter((i) => i === item).length);
  const columns = Array.from({ length: dim }, (_, k) => k);
  const q = (item: number, k: number): number => p.items.factors[item * dim + k];

  const visit = (user: number, learningRate: number, epoch: { loss: number; squares: number }): Visit => {
    const { rate, biasRate } = ratesOf(config, learningRate);
    const own = items.subarray(offsets[user], offsets[user + 1]);
    const weight = own.length ** -0.5;
    const share = shareOf(own.length, config);
    const implicit = columns.map((k) => weight * sum(Array.from(own, (item) => p.features.factors[item * dim + k])));
    const gradient = columns.map(() => 0);
    const slopes = new Array<number>(own.length);
    const combined = (): number[] => columns.map((k) => p.users.factors[user * dim + k] + implicit[k]);
    const turns = Math.ceil(own.length / RUNS);
    for (let turn = 0; turn < turns; turn++) {
      const places = Array.from(own.keys()).filter((place) => place % turns === turn);
      const before = combined();
      for (const place of places) {
        const item = own[place];
        const bias = config.globalBias + p.users.biases[user] + p.items.biases[item];
        const x = bias + sum(columns.map((k) => before[k] * q(item, k)));
        const result = ratingLoss(config, x, values[offsets[user] + place]);
        slopes[place] = result.slope;
        epoch.loss += result.loss;
        epoch.squares += result.squaredError;
      }
      const l2 = share * places.length;
      for (const k of columns) {
        const g = sum(places.map((place) => slopes[place] * q(own[place], k)));
        const at = user * dim + k;
        p.users.factors[at] -= rate * (g + config.regularizationUser * l2 * p.users.factors[at]);
        gradient[k] += g;
        implicit[k] -= rate * Math.fround(config.featureLearningRate) * g;
      }
      const g = sum(places.map((place) => slopes[place]));
      p.users.biases[user] -= biasRate * (g + config.regularizationBias * l2 * p.users.biases[user]);
    }
    return { user, weight, combined: combined(), gradient, slopes };
  };

  const moveItems = ({ user, weight, combined, gradient, slopes }: Visit, learningRate: number): void => {
    const { rate, biasRate } = ratesOf(config, learningRate);
    const implicitRate = rate * Math.fround(config.featureLearningRate);
    for (const [place, slope] of slopes.entries()) {
      const item = items[offsets[user] + place];
      const share = shareOf(itemCounts[item], config);
      for (const k of columns) {
        const at = item * dim + k;
        const { factors: y } = p.features;
        p.items.factors[at] -= rate * (slope * combined[k] + config.regularizationItem * share * p.items.factors[at]);
        y[at] -= implicitRate * (weight * gradient[k] + config.regularizationFeature * share * y[at]);
      }
      p.items.biases[item] -= biasRate * (slope + config.regularizationBias * share * p.items.biases[item]);
    }
  };

  return learningRates.map((learningRate, epoch) => {
    const users = Array.from({ length: numUsers }, (_, u) => u).filter((u) => offsets[u] < offsets[u + 1]);
    new OracleRng(config.seed, (23n << 32n) + BigInt(epoch)).shuffle(users);
    const total = { loss: 0, squares: 0 };
    for (let first = 0; first < users.length; first += BATCH_USERS) {
      const visits = users.slice(first, first + BATCH_USERS).map((user) => visit(user, learningRate, total));
      for (const one of visits) moveItems(one, learningRate);
    }
    return { loss: total.loss / values.length, rmse: Math.sqrt(total.squares / values.length) };
  });
}
