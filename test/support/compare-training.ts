/** Training by the native Trainer and by a twin of test/oracle, from the same initial parameters. */
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import { kinds } from '../oracle/train-gradient.js';
import type { OracleParameters } from '../oracle/train-loss.js';
import { assertClose, type Tolerance } from './assert-close.js';
import { atEachLevel, newTrainer, readParameters, runEpochs } from './train-problems.js';

/** Trains the parameters in place, an epoch a rate; returns the means of each epoch. */
export type Twin = (
  config: TrainerConfig,
  parameters: OracleParameters,
  learningRates: readonly number[],
) => readonly { loss: number; rmse: number }[];

/** How close the native trainer must come. */
export interface Bounds {
  loss: Tolerance;
  /** Default: as `loss`. */
  rmse?: Tolerance;
  parameters: Tolerance;
}

/** @param loss relative, of every epoch. @param parameters absolute. */
export const within = (loss: number, parameters: number): Bounds => ({
  loss: { relative: loss, absolute: 1e-7 },
  parameters: { relative: 0, absolute: parameters },
});

export interface Comparison {
  twin: Twin;
  learningRates: readonly number[];
  bounds: Bounds;
}

/** Trains by the twin once, then natively as `levels` says: at each SIMD level of this processor, or at the one in use. */
export async function compareTraining(
  config: TrainerConfig,
  { twin, learningRates, bounds }: Comparison,
  levels: 'each' | 'auto' = 'each',
): Promise<void> {
  const start = newTrainer(config);
  const expected = readParameters(start, config);
  start.dispose();
  const losses = twin(config, expected, learningRates);
  const compare = (level: string): Promise<void> =>
    compareWith(config, learningRates, bounds, { expected, losses }, level);
  await (levels === 'each' ? atEachLevel(compare) : compare(levels));
}

async function compareWith(
  config: TrainerConfig,
  learningRates: readonly number[],
  bounds: Bounds,
  { expected, losses }: { expected: OracleParameters; losses: ReturnType<Twin> },
  what: string,
): Promise<void> {
  const trainer = newTrainer(config);
  const epochs = await runEpochs(trainer, learningRates);
  const actual = readParameters(trainer, config);
  trainer.dispose();
  for (const [epoch, { loss, rmse }] of losses.entries()) {
    assertClose(epochs[epoch].trainLoss, loss, bounds.loss, `${what} loss of epoch ${epoch}`);
    assertClose(epochs[epoch].trainRmse, rmse, bounds.rmse ?? bounds.loss, `${what} rmse of epoch ${epoch}`);
  }
  for (const kind of kinds) {
    assertClose(actual[kind].factors, expected[kind].factors, bounds.parameters, `${what} ${kind} factors`);
    assertClose(actual[kind].biases, expected[kind].biases, bounds.parameters, `${what} ${kind} biases`);
  }
  if (config.trainGlobalBias) {
    assertClose(actual.globalBias, expected.globalBias, bounds.parameters, `${what} global bias`);
  } else {
    assert.is(actual.globalBias, config.globalBias, `${what} global bias`);
  }
}
