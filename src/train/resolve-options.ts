import { availableParallelism } from 'node:os';
import type { Dataset } from '../dataset/dataset.js';
import { DataError } from '../errors.js';
import { models } from '../models/index.js';
import type { FactorDefaults, FactorSpec, ModelSpec } from '../models/spec.js';
import { resolveDevice } from '../native/device.js';
import {
  expectBoolean,
  expectFunction,
  expectInt,
  expectKnownKeys,
  expectNumber,
  expectOneOf,
  expectSignal,
  rangeError,
  typeError,
} from '../options.js';
import type { ModelData, ModelName, Optimizer, Range, Regularization, TrainOptions } from '../types.js';
import { expectSchedule } from './schedules.js';

const commonOptions = ['model', 'seed', 'threads', 'device', 'validation', 'signal', 'onEpoch'] as const;
const regularizationKeys = ['user', 'item', 'bias', 'feature'] as const;

/** Options of a run that do not shape the model. */
export interface RunOptions {
  seed: number;
  threads: number;
  /** GPU to train on; undefined: the processor. */
  device?: number | undefined;
  validation: Dataset | undefined;
  signal: AbortSignal | undefined;
  onEpoch: TrainOptions['onEpoch'];
  /** A model whose users and items are the first of the data: training goes on from what it has learnt. */
  initial?: ModelData;
}

/** Everything that shapes a factor model, resolved. */
export interface FactorOptions extends Omit<FactorDefaults, 'chosenAtSteps'> {
  model: ModelName;
  clipNorm: number;
  range: Range;
  fields: TrainOptions['fields'];
}

/** Names of all options that a model accepts. */
export function optionNames(spec: ModelSpec): string[] {
  return [...commonOptions, ...(spec.trainer === 'factors' ? spec.options : Object.keys(spec.options))];
}

/** The spec of the model that the options name. */
export function resolveModel(options: TrainOptions): ModelSpec {
  if (typeof options !== 'object' || options === null) throw typeError('options', 'an object with `model`', options);
  const names = Object.keys(models) as ModelName[];
  const spec = models[expectOneOf('model', options.model, names)];
  const everyOption = new Set(names.flatMap((name) => optionNames(models[name])));
  expectKnownKeys(`train({ model: '${spec.name}' })`, options, [...everyOption]);
  const accepted = optionNames(spec);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || accepted.includes(key)) continue;
    throw Object.assign(new TypeError(`Model '${spec.name}' has no option \`${key}\``), { code: 'ERR_PALATE_OPTION' });
  }
  return spec;
}

export function resolveRun(data: Dataset, options: TrainOptions): RunOptions {
  const device = expectOneOf('device', options.device ?? 'auto', ['auto', 'cpu', 'cuda']);
  if (data.numInteractions === 0) throw new DataError('The training part has no interactions');
  const validation = options.validation;
  if (validation !== undefined) {
    const shared = validation?.users === data.users && validation.items === data.items;
    if (!shared && !(validation?.users?.equals(data.users) && validation.items?.equals(data.items))) {
      throw typeError(
        'validation',
        'a Dataset with the vocabularies of the training data, as splits make it',
        validation,
      );
    }
  }
  if (validation?.numInteractions === 0) {
    throw new DataError('The validation part has no interactions; make its fraction larger or leave it out');
  }
  const validates = validation !== undefined || (options.validPairs !== undefined && options.validPairs > 0);
  if (options.patience !== undefined && options.patience > 0 && !validates) {
    throw typeError('validation', 'a Dataset when `patience` is set', validation);
  }
  expectSignal(options.signal);
  return {
    seed: expectInt('seed', options.seed ?? 42, { min: 0 }),
    threads: expectInt('threads', options.threads ?? availableParallelism(), { min: 1, max: 1024 }),
    device: resolveDevice(device),
    validation,
    signal: options.signal,
    onEpoch: options.onEpoch === undefined ? undefined : expectFunction('onEpoch', options.onEpoch),
  };
}

/** A number stands for all four kinds; of an object, the kinds not named keep their default. */
function resolveRegularization(value: TrainOptions['regularization'], defaults: Regularization): Regularization {
  if (value === undefined) return defaults;
  if (typeof value === 'number') {
    const all = expectNumber('regularization', value, { min: 0 });
    return { user: all, item: all, bias: all, feature: all };
  }
  expectKnownKeys('regularization', value, regularizationKeys);
  const resolved = { ...defaults };
  for (const key of regularizationKeys) {
    if (value[key] !== undefined) resolved[key] = expectNumber(`regularization.${key}`, value[key], { min: 0 });
  }
  return resolved;
}

function resolveBatchSize(value: unknown): number | 'full' {
  return value === 'full' ? value : expectInt('batchSize', value, { min: 1, max: 2 ** 31 - 1 });
}

/** Beyond this share a step, decay is a mistake; the closed form of Adam rests on it being small. */
const mostDecay = 0.05;

function expectSmallDecay(o: FactorOptions): void {
  if (o.optimizer !== 'adam' || o.weightDecay !== 'decoupled') return;
  const { user, item, feature, bias } = o.regularization;
  const most = Math.max(user, item, feature * o.featureLearningRate, bias * o.biasLearningRate) * o.learningRate;
  if (most < mostDecay) return;
  const bound = `< ${mostDecay} / learningRate with decoupled decay, which takes learningRate * regularization of a row each step`;
  throw rangeError('regularization', bound, most / o.learningRate);
}

/** 0 without clipping. Row-wise updates have no batch whose gradient could be clipped. */
function resolveClipNorm(value: unknown, batchSize: number | 'full', optimizer: string): number {
  if (value === undefined) return 0;
  const clipNorm = expectNumber('clipNorm', value, { min: 0, exclusiveMin: true });
  if (batchSize === 1 && optimizer !== 'adam')
    throw rangeError('batchSize', "> 1 or 'full' with `clipNorm`", batchSize);
  return clipNorm;
}

/** The range of predictions; by default that of the ratings. */
export function resolveRange(value: Range | undefined, data: Dataset): Range {
  if (value === undefined) {
    const { min, max } = data.ratingRange;
    if (min === max) {
      throw new DataError(
        `All ${data.numInteractions} ratings are ${min}; a rating model needs ratings that differ. ` +
          "For data without ratings use model 'popularity', or give `range`.",
        { column: 'rating', value: min },
      );
    }
    return { min, max };
  }
  expectKnownKeys('range', value, ['min', 'max']);
  const min = expectNumber('range.min', value.min);
  const max = expectNumber('range.max', value.max);
  if (max <= min) throw rangeError('range.max', `a number > range.min (${min})`, max);
  if (data.ratingRange.min < min || data.ratingRange.max > max) {
    throw rangeError(
      'range',
      `a range that holds all ratings (${data.ratingRange.min} to ${data.ratingRange.max})`,
      `${min} to ${max}`,
    );
  }
  return { min, max };
}

/**
 * The defaults of learning rate and decay for data with other steps an epoch than those they were chosen at. More steps
 * visit each row in smaller batches, so a step must be shorter (the exponent is a fit to ml-latest-small and MovieLens
 * latest); decay takes the same share of a row in an epoch.
 */
function scaleToSteps(
  d: FactorDefaults,
  data: Dataset,
  options: TrainOptions,
  batchSize: number | 'full',
): FactorDefaults {
  const decoupled = (options.weightDecay ?? d.weightDecay) === 'decoupled';
  if (d.chosenAtSteps === 0 || batchSize === 'full' || !decoupled) return d;
  const steps = Math.max(1, Math.ceil(data.numInteractions / batchSize) / d.chosenAtSteps);
  const learningRate = d.learningRate * steps ** -0.4;
  const share = d.learningRate / ((options.learningRate ?? learningRate) * steps);
  const { user, item, bias, feature } = d.regularization;
  const regularization = { user: user * share, item: item * share, bias: bias * share, feature: feature * share };
  return { ...d, learningRate, regularization };
}

/** Resolves the options of a factor model: the model's defaults, those of the chosen objective and optimizer, the user's. */
export function resolveFactorOptions(spec: FactorSpec, data: Dataset, options: TrainOptions): FactorOptions {
  const objective = expectOneOf('objective', options.objective ?? spec.defaults.objective, spec.objectives);
  const variantOf = (optimizer?: Optimizer, weightDecay?: string): Partial<FactorDefaults> | undefined =>
    spec.variants.find((v) => v.objective === objective && v.optimizer === optimizer && v.weightDecay === weightDecay)
      ?.defaults;
  const ofObjective = variantOf();
  const optimizer = expectOneOf(
    'optimizer',
    options.optimizer ?? ofObjective?.optimizer ?? spec.defaults.optimizer,
    spec.optimizers,
  );
  const chosen: FactorDefaults = {
    ...spec.defaults,
    ...ofObjective,
    ...variantOf(optimizer),
    ...(options.weightDecay === 'coupled' && variantOf(optimizer, 'coupled')),
    objective,
    optimizer,
  };
  const batchSize = resolveBatchSize(options.batchSize ?? chosen.batchSize);
  const d = scaleToSteps(chosen, data, options, batchSize);
  const betas = options.betas ?? d.betas;
  if (!Array.isArray(betas) || betas.length !== 2) throw typeError('betas', 'two numbers', betas);
  const link =
    objective === 'logistic' ? 'sigmoid' : expectOneOf('link', options.link ?? d.link, ['identity', 'sigmoid']);
  if (objective === 'logistic' && options.link === 'identity') {
    throw rangeError('link', "'sigmoid' with objective 'logistic'", options.link);
  }
  const resolved: FactorOptions = {
    model: spec.name,
    dim: expectInt('dim', options.dim ?? d.dim, { min: 1, max: 4096 }),
    epochs: expectInt('epochs', options.epochs ?? d.epochs, { min: 1 }),
    learningRate: expectNumber('learningRate', options.learningRate ?? d.learningRate, { min: 0, exclusiveMin: true }),
    regularization: resolveRegularization(options.regularization, d.regularization),
    regularizationPower: expectNumber('regularizationPower', options.regularizationPower ?? d.regularizationPower, {
      min: 0,
      max: 1,
    }),
    weightDecay: expectOneOf('weightDecay', options.weightDecay ?? d.weightDecay, ['coupled', 'decoupled']),
    lazy: expectBoolean('lazy', options.lazy ?? d.lazy),
    optimizer,
    objective,
    // An epoch of a full batch is one step: schedules made for epochs of many would stop it at once.
    schedule: expectSchedule(options.schedule ?? (batchSize === 'full' ? { type: 'constant' } : d.schedule)),
    batchSize,
    clipNorm: resolveClipNorm(options.clipNorm, batchSize, optimizer),
    link,
    range: resolveRange(options.range, data),
    biases: expectBoolean('biases', options.biases ?? d.biases),
    biasLearningRate: expectNumber('biasLearningRate', options.biasLearningRate ?? d.biasLearningRate, { min: 0 }),
    featureLearningRate: expectNumber('featureLearningRate', options.featureLearningRate ?? d.featureLearningRate, {
      min: 0,
    }),
    initStd: expectNumber('initStd', options.initStd ?? d.initStd, { min: 0, exclusiveMin: true }),
    betas: [
      expectNumber('betas[0]', betas[0], { min: 0, max: 0.999999 }),
      expectNumber('betas[1]', betas[1], { min: 0, max: 0.999999 }),
    ],
    epsilon: expectNumber('epsilon', options.epsilon ?? d.epsilon, { min: 1e-30 }),
    patience: expectInt('patience', options.patience ?? d.patience, { min: 0 }),
    fields: options.fields,
  };
  expectSmallDecay(resolved);
  return resolved;
}
