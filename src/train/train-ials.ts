import type { Dataset } from '../dataset/dataset.js';
import type { Interactions } from '../dataset/interactions.js';
import { positivesOf } from '../dataset/positives.js';
import { DataError } from '../errors.js';
import type { IalsOptions } from '../models/ials.js';
import type { AlsTrainerConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import type { FactorModelData } from '../types.js';
import type { RunOptions } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';
import { startIals } from './update/start-ials.js';

function chosenOf(data: Dataset, { positiveThreshold }: IalsOptions): Interactions {
  return positiveThreshold === undefined ? data.interactions : positivesOf(data, positiveThreshold);
}

/** 1 + ratingWeight * rating of each; undefined: all 1. */
function weightsOf(positives: Interactions, { ratingWeight }: IalsOptions): Float32Array | undefined {
  if (ratingWeight === 0) return undefined;
  const { min } = positives.valueRange();
  if (1 + ratingWeight * min < 0) {
    throw new DataError(
      `With \`ratingWeight\` ${ratingWeight} a rating of ${min} has a negative weight. Lower it, or set \`positiveThreshold\`.`,
      { column: 'rating', value: min },
    );
  }
  return positives.values.map((rating) => 1 + ratingWeight * rating);
}

function configOf(data: Dataset, options: IalsOptions, run: RunOptions): AlsTrainerConfig {
  const { dim, solver, blockSize, cgSteps, unobservedWeight, regularization, regularizationPower } = options;
  const positives = chosenOf(data, options);
  const valid = run.validation && chosenOf(run.validation, options);
  return {
    numItems: data.numItems,
    offsets: positives.offsets,
    items: positives.items,
    weights: weightsOf(positives, options),
    validUsers: valid?.users ?? new Uint32Array(0),
    validItems: valid?.items ?? new Uint32Array(0),
    validWeights: valid && weightsOf(valid, options),
    dim,
    solver: solver === 'cg' ? 'cg' : 'blocks',
    blockSize: blockSize === 'full' ? 0 : (blockSize ?? 0),
    cgSteps: cgSteps ?? 0,
    unobservedWeight,
    regularization,
    regularizationPower,
    initStd: options.initStd ?? 0.1 / Math.sqrt(dim),
    seed: run.seed,
    threads: run.threads,
    device: run.device,
  };
}

/** Trains ials: one native call an epoch, on a thread of its own. */
export async function trainIals(data: Dataset, options: IalsOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  const trainer = new (native().AlsTrainer)(configOf(data, options, run));
  try {
    // One set for all epochs: each better epoch overwrites what the one before left.
    const factors = run.initial
      ? startIals(data, run.initial as FactorModelData)
      : {
          userFactors: new Float32Array(data.numUsers * options.dim),
          itemFactors: new Float32Array(data.numItems * options.dim),
        };
    if (run.initial !== undefined) trainer.write(factors);
    const { history, metrics } = await runEpochs(
      {
        epochs: options.epochs,
        // Each row goes all the way to where it fits best: there are no steps whose length could be chosen.
        learningRate: 1,
        schedule: { type: 'constant' },
        patience: options.patience,
        runEpoch: async (_epoch, _rate, cancel) => {
          const { status, seconds, trainLoss, validLoss } = await trainer.runEpoch(cancel);
          return {
            status,
            seconds,
            train: { loss: trainLoss },
            ...(run.validation !== undefined && { valid: { loss: validLoss } }),
          };
        },
        read: () => trainer.read(factors),
      },
      run,
    );
    return {
      parameters: {
        kind: 'factors',
        dim: options.dim,
        globalBias: 0,
        ...factors,
        userBiases: new Float32Array(data.numUsers),
        itemBiases: new Float32Array(data.numItems),
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
