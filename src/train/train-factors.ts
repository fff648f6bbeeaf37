import type { Dataset } from '../dataset/dataset.js';
import { buildFields, type Field } from '../dataset/features.js';
import { DivergedError } from '../errors.js';
import type { ModelSpec } from '../models/spec.js';
import type { NativeEpoch, NativeTrainer, TrainerConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import type { EpochRecord, EpochReport, FactorParameters } from '../types.js';
import { EarlyStopping } from './early-stopping.js';
import { type FeatureLayout, fieldParameters, layOutFeatures } from './feature-lists.js';
import type { FactorOptions, RunOptions } from './resolve-options.js';
import { scheduleFactor } from './schedules.js';

export interface Trained {
  parameters: FactorParameters;
  history: EpochRecord[];
  metrics: Record<string, number>;
}

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
  };
}

type ParameterArrays = Parameters<NativeTrainer['read']>[0];

/** Zeros, whose pages cost no memory until they are read into. */
function allocateParameters(data: Dataset, layout: FeatureLayout, dim: number): ParameterArrays {
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
  arrays: ParameterArrays,
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

function reportOf(epoch: number, learningRate: number, result: NativeEpoch, validated: boolean): EpochReport {
  return {
    epoch: epoch + 1,
    seconds: result.seconds,
    learningRate,
    train: { loss: result.trainLoss, rmse: result.trainRmse },
    ...(validated && { valid: { loss: result.validLoss, rmse: result.validRmse } }),
  };
}

function metricsOf(record: EpochRecord): Record<string, number> {
  const metrics: Record<string, number> = { trainLoss: record.train.loss, epochs: record.epoch };
  if (record.valid !== undefined) {
    metrics.validLoss = record.valid.loss;
    if (record.valid.rmse !== undefined) metrics.validRmse = record.valid.rmse;
  }
  return metrics;
}

/** Trains mf or fm: one native call an epoch, on a thread of its own; this side owns schedule, progress and stopping. */
export async function trainFactors(
  spec: ModelSpec,
  data: Dataset,
  options: FactorOptions,
  run: RunOptions,
): Promise<Trained> {
  const { signal, validation } = run;
  signal?.throwIfAborted();
  const fields = spec.usesFeatures ? buildFields(data, options.fields) : [];
  const layout = layOutFeatures(fields, data.numUsers, data.numItems);
  const trainer = new (native().Trainer)(configOf(data, layout, options, run));
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const onAbort = (): void => {
    Atomics.store(cancel, 0, 1);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const stopping = new EarlyStopping(validation === undefined ? 0 : options.patience);
  const history: EpochRecord[] = [];
  let best: { globalBias: number; record: EpochRecord } | undefined;
  try {
    // One set for all epochs: each better epoch overwrites what the one before left.
    const arrays = allocateParameters(data, layout, options.dim);
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      const learningRate = options.learningRate * scheduleFactor(options.schedule, epoch, options.epochs);
      const result = await trainer.runEpoch(epoch, learningRate, cancel);
      signal?.throwIfAborted();
      if (result.status === 'diverged') {
        throw new DivergedError({ epoch: epoch + 1, learningRate, lastGoodLoss: history.at(-1)?.train.loss });
      }
      const report = reportOf(epoch, learningRate, result, validation !== undefined);
      const { seconds: _, ...record } = report;
      history.push(record);
      run.onEpoch?.(report);
      if (!stopping.active) continue;
      const verdict = stopping.observe(report.valid?.loss ?? Number.NaN);
      if (verdict.best) best = { globalBias: trainer.read(arrays), record };
      if (verdict.stop) break;
    }
    const { globalBias, record } = best ?? { globalBias: trainer.read(arrays), record: history.at(-1) as EpochRecord };
    const parameters = parametersOf(arrays, globalBias, fields, layout, options);
    return { parameters, history, metrics: metricsOf(record) };
  } finally {
    signal?.removeEventListener('abort', onAbort);
    trainer.dispose();
  }
}
