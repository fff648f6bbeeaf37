/** Literal Adam in float64 over the batches of the block grid, every row moved at every step: the twin of train_adam.cc. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { batchesOf, planBatches, strataOf, userBlocks } from './grid.js';
import type { OracleEpoch } from './train-batches.js';
import { addScoreGradient, kinds, zerosLike } from './train-gradient.js';
import { type OracleParameters, ratingLoss, rawScore, trainingPairs } from './train-loss.js';
import { type Moments, newMoments, stepAll } from './train-optimizers.js';

/** Puts back every row that the gradient does not touch: what a lazy Adam leaves alone. */
function keepUntouched(now: OracleParameters, before: OracleParameters, touched: Record<string, Set<number>>): void {
  for (const kind of kinds) {
    const dim = now[kind].biases.length === 0 ? 0 : now[kind].factors.length / now[kind].biases.length;
    for (let row = 0; row < now[kind].biases.length; row++) {
      if (touched[kind].has(row)) continue;
      now[kind].biases[row] = before[kind].biases[row];
      now[kind].factors.set(before[kind].factors.subarray(row * dim, (row + 1) * dim), row * dim);
    }
  }
}

const copyOf = (p: OracleParameters): OracleParameters => structuredClone(p);

/** Trains `p` in place; mean losses of each epoch, every rating's taken before the step of its batch. */
export function trainAdam(config: TrainerConfig, p: OracleParameters, learningRates: readonly number[]): OracleEpoch[] {
  const { users, items, values } = trainingPairs(config);
  const plan = planBatches(config);
  const blocks = userBlocks(config, plan);
  const moments: Moments = newMoments(p);
  let count = 0;
  return learningRates.map((learningRate, epoch) => {
    let loss = 0;
    let squares = 0;
    for (const stratum of strataOf(plan, config.seed, epoch)) {
      for (const batch of batchesOf(config, plan, blocks, stratum)) {
        const gradient = zerosLike(p);
        for (const n of batch) {
          const result = ratingLoss(config, rawScore(config, p, users[n], items[n]), values[n]);
          addScoreGradient(gradient, config, p, users[n], items[n], result.slope / batch.length);
          loss += result.loss;
          squares += result.squaredError;
        }
        const before = config.lazy ? [p, moments.first, moments.second].map(copyOf) : [];
        stepAll(config, p, moments, gradient, learningRate, ++count);
        if (!config.lazy) continue;
        const touched = {
          users: new Set(batch.map((n) => users[n])),
          items: new Set(batch.map((n) => items[n])),
          features: new Set<number>(),
        };
        for (const [n, now] of [p, moments.first, moments.second].entries()) keepUntouched(now, before[n], touched);
      }
    }
    return { loss: loss / values.length, rmse: Math.sqrt(squares / values.length) };
  });
}
