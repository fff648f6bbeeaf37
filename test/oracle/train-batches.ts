/** Mini-batch and full-batch training in float64, one thread, no grouping: the twin of native/kernels/train_batch.cc. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { addScoreGradient, gradientNorm, kinds, zerosLike } from './train-gradient.js';
import { type OracleParameters, ratingLoss, rawScore, trainingPairs } from './train-loss.js';
import { newMoments, stepAll, touchedRows } from './train-optimizers.js';
import { OracleRng } from './train-rng.js';

export interface OracleEpoch {
  loss: number;
  rmse: number;
}

/** Ratings in the order of an epoch: as they are for a full batch, else shuffled by seed and epoch. */
export function epochOrder({ items, batchSize, seed }: TrainerConfig, epoch: number): Uint32Array {
  const order = Uint32Array.from(items.keys());
  if (batchSize === 0 || batchSize >= items.length) return order;
  new OracleRng(seed, (21n << 32n) + BigInt(epoch)).shuffle(order);
  return order;
}

function scaleBy(gradient: OracleParameters, scale: number): void {
  for (const kind of kinds) {
    for (const values of [gradient[kind].factors, gradient[kind].biases]) {
      for (let at = 0; at < values.length; at++) values[at] *= scale;
    }
  }
  gradient.globalBias *= scale;
}

/** Trains `p` in place; mean losses of each epoch, every rating's taken before the step of its batch. */
export function trainBatches(
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] {
  const pairs = trainingPairs(config);
  const { users, items, values } = pairs;
  const moments = newMoments(p);
  let count = 0;
  return learningRates.map((learningRate, epoch) => {
    const order = epochOrder(config, epoch);
    const size = config.batchSize === 0 ? order.length : config.batchSize;
    let loss = 0;
    let squares = 0;
    for (let begin = 0; begin < order.length; begin += size) {
      const batch = order.subarray(begin, begin + size);
      const gradient = zerosLike(p);
      for (const n of batch) {
        const result = ratingLoss(config, rawScore(config, p, users[n], items[n]), values[n]);
        addScoreGradient(gradient, config, p, users[n], items[n], result.slope / batch.length);
        loss += result.loss;
        squares += result.squaredError;
      }
      if (config.clipNorm > 0) scaleBy(gradient, Math.min(1, config.clipNorm / gradientNorm(config, gradient)));
      stepAll(config, p, moments, gradient, learningRate, ++count, touchedRows(config, p, pairs, batch));
    }
    return { loss: loss / order.length, rmse: Math.sqrt(squares / order.length) };
  });
}
