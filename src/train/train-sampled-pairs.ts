import type { Dataset } from '../dataset/dataset.js';
import { DataError } from '../errors.js';
import type { SampledPairsOptions } from '../models/item-softmax.js';
import type { ItemPairConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import type { ItemVectorParameters } from '../types.js';
import { type Histories, historiesOf, keepItems } from './pair-histories.js';
import type { RunOptions } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import { lastScheduleFactor } from './schedules.js';
import type { Trained } from './trained.js';
import { overlayRows } from './update/overlay-rows.js';

/** Pairs that training holds at a time: 32 MiB, 48 with `rejectSeen`. */
const PAIRS_PER_CHUNK = 2 ** 22;

/**
 * Pairs of a round with `pairs: 'window'`. The shorter, the closer training keeps to the order of the histories, and the
 * less of what it reads is in a cache: 2 ** 13 took a tenth longer and ranked the same, 2 ** 22 ranks clearly worse.
 */
const PAIRS_PER_ROUND = 2 ** 14;

/** How likely an interaction with each item takes part in an epoch: `TrainOptions.subsample`. */
function chancesOf(counts: Uint32Array, interactions: number, subsample: number): Float32Array {
  if (subsample === 0) return new Float32Array(0);
  return Float32Array.from(counts, (count) => {
    const ratio = (subsample * interactions) / count;
    return count === 0 ? 0 : Math.min(1, Math.sqrt(ratio) + ratio);
  });
}

const none: Histories = { offsets: new Uint32Array(0), items: new Uint32Array(0) };

function configOf(data: Dataset, options: SampledPairsOptions, run: RunOptions): ItemPairConfig {
  const { pairs, negativePower, rejectSeen } = options;
  const counts = data.interactions.itemCounts();
  const noise = Float64Array.from(counts, (n) => (n > 0 ? n ** negativePower : 0));
  const histories = historiesOf(data, pairs, 'training');
  const valid = run.validation && historiesOf(run.validation, pairs, 'validation');
  // A validation item that training has not met has no vector.
  const known = valid && keepItems(valid, (item) => (noise[item] as number) > 0);
  return {
    numItems: data.numItems,
    dim: options.dim,
    offsets: histories.offsets,
    items: histories.items,
    seenItems: rejectSeen ? data.interactions.items : none.items,
    validOffsets: (known ?? none).offsets,
    validItems: (known ?? none).items,
    noise,
    chances: chancesOf(counts, data.numInteractions, options.subsample),
    logNoise: options.logQ ? Float32Array.from(noise, (n) => (n > 0 ? Math.log(n) : 0)) : new Float32Array(0),
    objective: options.objective,
    window: options.window ?? 0,
    pairsPerItem: options.pairsPerItem ?? 0,
    pairsPerChunk: PAIRS_PER_CHUNK,
    // Pairs of any two items of a history have no order to keep to, and short rounds would leave a GPU idle.
    pairsPerRound: options.pairs === 'window' && run.device === undefined ? PAIRS_PER_ROUND : PAIRS_PER_CHUNK,
    negatives: options.negatives,
    rejectSeen,
    initStd: options.initStd,
    seed: run.seed,
    threads: run.threads,
    device: run.device,
  };
}

/**
 * Trains item vectors on pairs of items of one user against sampled negatives. Every interaction counts alike, whatever
 * its rating. The validation loss is that of pairs among a user's items of the validation part, with the same draws each
 * epoch. Users are served from the input vectors; the output vectors go into `contextFactors`.
 */
export async function trainSampledPairs(
  data: Dataset,
  options: SampledPairsOptions,
  run: RunOptions,
): Promise<Trained> {
  run.signal?.throwIfAborted();
  const { dim, epochs, learningRate, schedule } = options;
  const trainer = new (native().ItemPairTrainer)(configOf(data, options, run));
  try {
    // One set for all epochs: each better epoch overwrites what the one before left.
    const itemFactors = new Float32Array(data.numItems * dim);
    const contextFactors = new Float32Array(data.numItems * dim);
    if (run.initial !== undefined) {
      const known = run.initial.parameters as ItemVectorParameters;
      trainer.read({ inputs: itemFactors, outputs: contextFactors });
      overlayRows(itemFactors, dim, known.itemFactors);
      overlayRows(contextFactors, dim, known.contextFactors as Float32Array);
      trainer.write({ inputs: itemFactors, outputs: contextFactors });
    }
    const { history, metrics } = await runEpochs(
      {
        ...options,
        runEpoch: async (epoch, rate, cancel) => {
          const lastRate = learningRate * lastScheduleFactor(schedule, epoch, epochs);
          const result = await trainer.runEpoch(epoch, rate, lastRate, cancel);
          if (options.subsample > 0 && result.status === 'ok' && result.pairs === 0) {
            throw new DataError(
              `\`subsample\` ${options.subsample} leaves no pairs to learn from; choose a larger one`,
            );
          }
          return {
            status: result.status,
            seconds: result.seconds,
            train: { loss: result.trainLoss },
            ...(run.validation !== undefined && { valid: { loss: result.validLoss } }),
          };
        },
        read: () => trainer.read({ inputs: itemFactors, outputs: contextFactors }),
      },
      run,
    );
    const parameters: ItemVectorParameters = {
      kind: 'itemVectors',
      dim,
      itemFactors,
      contextFactors,
      userVector: 'mean',
    };
    return { parameters, history, metrics };
  } finally {
    trainer.dispose();
  }
}
