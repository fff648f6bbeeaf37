import type { Dataset } from '../dataset/dataset.js';
import { positivesOf } from '../dataset/positives.js';
import type { BprOptions } from '../models/mf-bpr.js';
import type { BprConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import { type Histories, keepItems } from './pair-histories.js';
import type { RunOptions } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';

/** Likes that training sorts at a time: 32 MiB. */
const PAIRS_PER_CHUNK = 2 ** 22;

function configOf(data: Dataset, options: BprOptions, run: RunOptions): BprConfig {
  const { dim, optimizer, epsilon, biases, regularization, negatives, negativePower, rejectSeen, initStd } = options;
  const { offsets, items } = positivesOf(data, options.positiveThreshold);
  const noise = Float64Array.from(data.interactions.itemCounts(), (n) => (n > 0 ? n ** negativePower : 0));
  // A validation item that training has not met has no vector.
  const valid: Histories =
    run.validation === undefined
      ? { offsets: new Uint32Array(data.numUsers + 1), items: new Uint32Array(0) }
      : keepItems(positivesOf(run.validation, options.positiveThreshold), (item) => (noise[item] as number) > 0);
  return {
    numUsers: data.numUsers,
    numItems: data.numItems,
    offsets,
    items,
    validOffsets: valid.offsets,
    validItems: valid.items,
    noise,
    dim,
    optimizer,
    epsilon: epsilon ?? 0,
    biases,
    biasLearningRate: 1,
    regularizationUser: regularization,
    regularizationItem: regularization,
    regularizationBias: regularization,
    negatives,
    rejectSeen,
    pairsPerChunk: PAIRS_PER_CHUNK,
    initStd,
    seed: run.seed,
    threads: run.threads,
  };
}

/**
 * Trains mf to rank what users like before what they have not met: one native call an epoch, on a thread of its own. The
 * validation loss is that of the validation part's likes against negatives drawn once, which the user does not like in the
 * training part.
 */
export async function trainBpr(data: Dataset, options: BprOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  const { dim } = options;
  const trainer = new (native().BprTrainer)(configOf(data, options, run));
  try {
    // One set for all epochs: each better epoch overwrites what the one before left.
    const arrays = {
      userFactors: new Float32Array(data.numUsers * dim),
      itemFactors: new Float32Array(data.numItems * dim),
      itemBiases: new Float32Array(data.numItems),
    };
    const { history, metrics } = await runEpochs(
      {
        ...options,
        runEpoch: async (epoch, learningRate, cancel) => {
          const { status, seconds, trainLoss, validLoss } = await trainer.runEpoch(epoch, learningRate, cancel);
          return {
            status,
            seconds,
            train: { loss: trainLoss },
            ...(run.validation !== undefined && { valid: { loss: validLoss } }),
          };
        },
        read: () => trainer.read(arrays),
      },
      run,
    );
    return {
      parameters: {
        kind: 'factors',
        dim,
        globalBias: 0,
        ...arrays,
        userBiases: new Float32Array(data.numUsers),
        link: 'identity',
        range: data.interactions.valueRange(),
        fields: [],
      },
      history,
      metrics,
    };
  } finally {
    trainer.dispose();
  }
}
