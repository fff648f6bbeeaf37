import { likesOf } from '../dataset/co-occurrence.js';
import type { Dataset } from '../dataset/dataset.js';
import type { CoLikesOptions } from '../models/co-likes.js';
import type { CountTrainerConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import type { ItemVectorParameters } from '../types.js';
import type { RunOptions } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';
import { startCoLikes } from './update/start-co-likes.js';

function configOf(data: Dataset, options: CoLikesOptions, run: RunOptions): CountTrainerConfig {
  return {
    ...likesOf(data, options.positiveThreshold),
    numItems: data.numItems,
    dim: options.dim === 'full' ? data.numItems : options.dim,
    loss: options.weighting === 'glove' ? 'glove' : 'allPairs',
    target: options.weighting === 'log' ? 'log' : 'count',
    // Options without a meaning beside the others are undefined; the trainer does not read them.
    countCap: options.countCap ?? 1,
    countPower: options.countPower ?? 0,
    optimizer: options.optimizer,
    momentum: options.momentum ?? 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: options.epsilon ?? 0,
    initStd: options.initStd,
    seed: run.seed,
    threads: run.threads,
    device: run.device,
  };
}

/** Nothing is learnt of items that nobody likes; in the full run their rows start at random, too, and take part. */
function clearUnliked(itemFactors: Float32Array, { dim, items, numItems }: CountTrainerConfig): void {
  const liked = new Uint8Array(numItems);
  for (const item of items) liked[item] = 1;
  for (const [item, any] of liked.entries()) if (any === 0) itemFactors.fill(0, item * dim, (item + 1) * dim);
}

/** Trains coLikes: one native call an epoch, on a thread of its own. An epoch's loss is the cost before its step. */
export async function trainCoLikes(data: Dataset, options: CoLikesOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  const config = configOf(data, options, run);
  const trainer = new (native().CountTrainer)(config);
  try {
    if (run.initial !== undefined) {
      const vectors = new Float32Array(config.numItems * config.dim);
      trainer.read(vectors);
      startCoLikes(vectors, config, run.initial.parameters as ItemVectorParameters);
      trainer.write(vectors);
    }
    const { state, history, metrics } = await runEpochs(
      {
        ...options,
        patience: 0,
        runEpoch: async (_, learningRate, cancel) => {
          const { status, seconds, cost } = await trainer.runEpoch(learningRate, cancel);
          return { status, seconds, train: { loss: cost } };
        },
        read: () => {
          const itemFactors = new Float32Array(config.numItems * config.dim);
          trainer.read(itemFactors);
          clearUnliked(itemFactors, config);
          return itemFactors;
        },
      },
      run,
    );
    return {
      parameters: { kind: 'itemVectors', dim: config.dim, itemFactors: state, userVector: 'meanCosine' },
      history,
      metrics,
    };
  } finally {
    trainer.dispose();
  }
}
