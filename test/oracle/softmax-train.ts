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
const DEAL_STREAM = 36n << 32n;

const BLOCK = 32;

/** The batches of an epoch: blocks that stay what the first deal made them, whole ones and rests of batches in new orders. */
function batchesOfBlocks(rows: OracleRow[], { seed, batchSize }: SoftmaxConfig, epoch: number): OracleRow[][] {
  const dealt = [...rows];
  new OracleRng(seed, DEAL_STREAM).shuffle(dealt);
  const batches = Math.floor(dealt.length / batchSize);
  const left = dealt.length % batchSize;
  const wholeABatch = Math.floor(batchSize / BLOCK);
  const take = (count: number, size: number) => Array.from({ length: count }, () => dealt.splice(0, size));
  const whole = take(batches * wholeABatch + Math.floor(left / BLOCK), BLOCK);
  const rests = take(batches, batchSize % BLOCK);
  const rng = new OracleRng(seed, ROW_STREAM + BigInt(epoch));
  rng.shuffle(whole);
  if (batchSize % BLOCK !== 0) rng.shuffle(rests);
  const result = rests.map((rest) => [...whole.splice(0, wholeABatch).flat(), ...rest]);
  // What is left of the deal is the rest of the last batch.
  const last = [...whole.flat(), ...dealt];
  return last.length === 0 ? result : [...result, last];
}

function epochBatches(config: SoftmaxConfig, epoch: number): OracleRow[][] {
  const [pairs] = splitPairs(config);
  if (!config.singlePairs) return batchesOfBlocks(rowsOf(pairs), config, epoch);
  const rows: OracleRow[] = [];
  randomRanks(pairs.length, config.seed, PAIR_STREAM + BigInt(epoch)).forEach((rank, n) => {
    const { input, target } = pairs[n] as (typeof pairs)[0];
    rows[rank] = { input, targets: [target] };
  });
  const batches: OracleRow[][] = [];
  while (rows.length > 0) batches.push(rows.splice(0, config.batchSize));
  return batches;
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
    const batches = epochBatches(this.config, epoch);
    const rows = batches.flat();
    const pairs = rows.reduce((sum, { targets }) => sum + targets.length, 0);
    let loss = 0;
    for (const batch of batches) loss += this.#takeStep(batch, (pairs * batch.length) / rows.length, learningRate);
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
