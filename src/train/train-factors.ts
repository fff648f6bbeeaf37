import type { Dataset } from '../dataset/dataset.js';
import { buildFields, type Field } from '../dataset/features.js';
import { models } from '../models/index.js';
import type { NativeEpoch, TrainerArrays, TrainerConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import type { FactorModelData, FactorParameters } from '../types.js';
import { type FeatureLayout, fieldParameters, layOutFeatures } from './feature-lists.js';
import type { FactorOptions, RunOptions } from './resolve-options.js';
import { type EpochResult, runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';
import { startFactors } from './update/start-factors.js';

/** Intercept before training: the mean rating, through the inverse link. */
function initialBias(options: FactorOptions, mean: number): number {
  if (!options.biases) return 0;
  if (options.link === 'identity') return mean;
  const share = (mean - options.range.min) / (options.range.max - options.range.min);
  const clipped = Math.min(0.99, Math.max(0.01, share));
  return Math.log(clipped / (1 - clipped));
}

function configOf(data: Dataset, layout: FeatureLayout, options: FactorOptions, run: RunOptions): TrainerConfig {
  const { interactions } = data;
  const valid = run.validation?.interactions;
  return {
    numUsers: data.numUsers,
    numItems: data.numItems,
    numFeatures: layout.numFeatures,
    dim: options.dim,
    offsets: interactions.offsets,
    items: interactions.items,
    values: interactions.values,
    validUsers: valid?.users ?? new Uint32Array(0),
    validItems: valid?.items ?? new Uint32Array(0),
    validValues: valid?.values ?? new Float32Array(0),
    userFeatureOffsets: layout.users.offsets,
    userFeatures: layout.users.features,
    userFeatureWeights: layout.users.weights,
    itemFeatureOffsets: layout.items.offsets,
    itemFeatures: layout.items.features,
    itemFeatureWeights: layout.items.weights,
    withinSide: options.model === 'fm',
    objective: options.objective,
    link: options.link,
    rangeMin: options.range.min,
    rangeMax: options.range.max,
    globalBias: initialBias(options, interactions.meanValue()),
    trainGlobalBias: options.model === 'fm' && options.biases,
    biases: options.biases,
    biasLearningRate: options.biasLearningRate,
    featureLearningRate: options.featureLearningRate,
    initStd: options.initStd,
    optimizer: options.optimizer,
    beta1: options.betas[0],
    beta2: options.betas[1],
    epsilon: options.epsilon,
    regularizationUser: options.regularization.user,
    regularizationItem: options.regularization.item,
    regularizationBias: options.regularization.bias,
    regularizationFeature: options.regularization.feature,
    regularizationPower: options.regularizationPower,
    decoupled: options.weightDecay === 'decoupled',
    lazy: options.lazy,
    batchSize: options.batchSize === 'full' ? 0 : options.batchSize,
    clipNorm: options.clipNorm,
    seed: run.seed,
    threads: run.threads,
    device: run.device,
  };
}

/** Zeros, whose pages cost no memory until they are read into. */
function allocateParameters(data: Dataset, layout: FeatureLayout, dim: number): TrainerArrays {
  return {
    userFactors: new Float32Array(data.numUsers * dim),
    itemFactors: new Float32Array(data.numItems * dim),
    featureFactors: new Float32Array(layout.numFeatures * dim),
    userBiases: new Float32Array(data.numUsers),
    itemBiases: new Float32Array(data.numItems),
    featureBiases: new Float32Array(layout.numFeatures),
  };
}

function parametersOf(
  arrays: TrainerArrays,
  globalBias: number,
  fields: readonly Field[],
  layout: FeatureLayout,
  options: FactorOptions,
): FactorParameters {
  const { featureFactors, featureBiases, ...rows } = arrays;
  return {
    kind: 'factors',
    dim: options.dim,
    globalBias,
    ...rows,
    link: options.link,
    range: options.range,
    fields: fieldParameters(fields, layout, featureFactors, featureBiases, options.dim),
  };
}

function resultOf(native: NativeEpoch, validated: boolean): EpochResult {
  return {
    status: native.status,
    seconds: native.seconds,
    train: { loss: native.trainLoss, rmse: native.trainRmse },
    ...(validated && { valid: { loss: native.validLoss, rmse: native.validRmse } }),
  };
}

/** Trains mf or fm: one native call an epoch, on a thread of its own. */
export async function trainFactors(data: Dataset, options: FactorOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  const fields = models[options.model].usesFeatures ? buildFields(data, options.fields) : [];
  const layout = layOutFeatures(fields, data.numUsers, data.numItems);
  const trainer = new (native().Trainer)(configOf(data, layout, options, run));
  try {
    // One set for all epochs: each better epoch overwrites what the one before left.
    const arrays = allocateParameters(data, layout, options.dim);
    if (run.initial !== undefined) {
      trainer.read(arrays);
      const initial = run.initial as FactorModelData;
      trainer.write(arrays, startFactors(data, arrays, fields, layout, options, initial));
    }
    const { state, history, metrics } = await runEpochs(
      {
        ...options,
        runEpoch: async (epoch, learningRate, cancel) =>
          resultOf(await trainer.runEpoch(epoch, learningRate, cancel), run.validation !== undefined),
        read: () => trainer.read(arrays),
      },
      run,
    );
    return { parameters: parametersOf(arrays, state, fields, layout, options), history, metrics };
  } finally {
    trainer.dispose();
  }
}
