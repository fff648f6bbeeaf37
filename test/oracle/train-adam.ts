/** Literal Adam in float64 over the batches of the block grid, every row moved at every step: the twin of train_adam.cc. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { batchesOf, type GridPlan, planBatches, planDeviceBatches, strataOf, userBlocks } from './grid.js';
import type { OracleEpoch } from './train-batches.js';
import { addScoreGradient, zerosLike } from './train-gradient.js';
import { type OracleParameters, ratingLoss, rawScore, trainingPairs } from './train-loss.js';
import { newMoments, stepAll, touchedRows } from './train-optimizers.js';

/** Trains `p` in place; mean losses of each epoch, every rating's taken before the step of its batch. */
export const trainAdam = (
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] => trainOn(planBatches(config), config, p, learningRates);

/** The same on the grid of devices. */
export const trainDeviceAdam: typeof trainAdam = (config, p, learningRates) =>
  trainOn(planDeviceBatches(config) as GridPlan, config, p, learningRates);

function trainOn(
  plan: GridPlan,
  config: TrainerConfig,
  p: OracleParameters,
  learningRates: readonly number[],
): OracleEpoch[] {
  const pairs = trainingPairs(config);
  const { users, items, values } = pairs;
  const blocks = userBlocks(config, plan);
  const moments = newMoments(p);
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
        stepAll(config, p, moments, gradient, learningRate, ++count, touchedRows(config, p, pairs, batch));
      }
    }
    return { loss: loss / values.length, rmse: Math.sqrt(squares / values.length) };
  });
}
