/** Epochs of AdamW on the softmax model, with gradients by finite differences: the slow twin of softmax_trainer.cc. */
import type { SoftmaxConfig } from '../../src/native/binding.js';
import { randomRanks, splitPairs } from './pair-split.js';
import {
  differences,
  dropoutKeeps,
  type OracleRow,
  rowsLoss,
  rowsOf,
  type SoftmaxParameters,
  trained,
} from './softmax.js';
import { OracleRng } from './train-rng.js';

const ROW_STREAM = 33n << 32n;
const PAIR_STREAM = 34n << 32n;
const DROPOUT_STREAM = 35n << 32n;

/** Rows of an epoch in the order of training. */
function epochRows(config: SoftmaxConfig, epoch: number): OracleRow[] {
  const [pairs] = splitPairs(config);
  if (!config.singlePairs) {
    const rows = rowsOf(pairs);
    const order = rows.map((_, n) => n);
    new OracleRng(config.seed, ROW_STREAM + BigInt(epoch)).shuffle(order);
    return order.map((n) => rows[n] as OracleRow);
  }
  const rows: OracleRow[] = [];
  randomRanks(pairs.length, config.seed, PAIR_STREAM + BigInt(epoch)).forEach((rank, n) => {
    const { input, target } = pairs[n] as (typeof pairs)[0];
    rows[rank] = { input, targets: [target] };
  });
  return rows;
}

export class SoftmaxOracle {
  readonly config: SoftmaxConfig;
  readonly parameters: SoftmaxParameters;
  readonly #first: Float64Array[];
  readonly #second: Float64Array[];
  #step = 0;

  constructor(config: SoftmaxConfig, parameters: SoftmaxParameters) {
    this.config = config;
    this.parameters = parameters;
    this.#first = trained(parameters).map((values) => new Float64Array(values.length));
    this.#second = trained(parameters).map((values) => new Float64Array(values.length));
  }

  /** Mean cross-entropy before each step, over the epoch. */
  runEpoch(epoch: number, learningRate: number): number {
    const rows = epochRows(this.config, epoch);
    const pairs = rows.reduce((sum, { targets }) => sum + targets.length, 0);
    let loss = 0;
    for (let begin = 0; begin < rows.length; begin += this.config.batchSize) {
      const batch = rows.slice(begin, begin + this.config.batchSize);
      loss += this.#takeStep(batch, (pairs * batch.length) / rows.length, learningRate);
    }
    return loss / pairs;
  }

  /** Mean cross-entropy of one of the three parts. */
  loss(part: 0 | 1 | 2): number {
    const pairs = splitPairs(this.config)[part];
    return rowsLoss(this.config, this.parameters, rowsOf(pairs)) / pairs.length;
  }

  #takeStep(batch: readonly OracleRow[], total: number, learningRate: number): number {
    const { config, parameters: p } = this;
    const key = Number(new OracleRng(config.seed, DROPOUT_STREAM + BigInt(this.#step)).next() >> 32n);
    const keeps = dropoutKeeps(config, key);
    const loss = rowsLoss(config, p, batch, keeps);
    const gradients = differences(p, () => rowsLoss(config, p, batch, keeps) / total);
    const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, value) => s + value * value, 0), 0));
    const clip = config.clipNorm > 0 && norm > config.clipNorm ? config.clipNorm / norm : 1;
    this.#step++;
    const { beta1, beta2, epsilon, regularization } = config;
    const [c1, c2] = [1 - beta1 ** this.#step, 1 - beta2 ** this.#step];
    trained(p).forEach((values, n) => {
      const [first, second, gradient] = [this.#first[n], this.#second[n], gradients[n]] as Float64Array[];
      values.forEach((value, at) => {
        const g = (gradient[at] as number) * clip;
        first[at] = beta1 * (first[at] as number) + (1 - beta1) * g;
        second[at] = beta2 * (second[at] as number) + (1 - beta2) * g * g;
        const step = (first[at] as number) / c1 / (Math.sqrt((second[at] as number) / c2) + epsilon);
        values[at] = value * (1 - learningRate * regularization) - learningRate * step;
      });
    });
    return loss;
  }
}
