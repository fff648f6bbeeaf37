import type { Dataset } from '../dataset/dataset.js';
import { buildFields, type Field } from '../dataset/features.js';
import type { Interactions } from '../dataset/interactions.js';
import { DataError } from '../errors.js';
import type { BayesianFmOptions } from '../models/bayesian-fm.js';
import type { NativeSampler, SamplerConfig } from '../native/binding.js';
import { native } from '../native/load.js';
import { rangeError } from '../options.js';
import { queryAt } from '../recommend/moments.js';
import type { FactorParameters, MomentParameters, RatingCategories } from '../types.js';
import { fieldBlocks, layOutBlocks, ratedItems, raters } from './bayesian/blocks.js';
import { type Categories, categoriesOf } from './bayesian/categories.js';
import { type MeanFactors, meanFactors, type SampleSums } from './bayesian/mean-factors.js';
import { layOutMoments, type Moments, withoutMoments } from './bayesian/moments.js';
import { type RunOptions, resolveRange } from './resolve-options.js';
import { runEpochs } from './run-epochs.js';
import type { Trained } from './trained.js';

/** The native sketches work in whole registers. */
const COLUMNS = 16;

const wholeRegisters = (columns: number): number => Math.ceil(columns / COLUMNS) * COLUMNS;

function momentsOf(interactions: Interactions, timeSlots: boolean): Moments {
  if (!timeSlots) return withoutMoments(interactions);
  if (interactions.times === undefined) {
    throw new DataError('The ratings have no times, which `timeSlots` needs', { column: 'time' });
  }
  return layOutMoments(interactions, interactions.times);
}

/** The query of each rating of another dataset. */
function queriesOf({ users, times }: Interactions, { levels }: Moments, numUsers: number): Uint32Array {
  if (times === undefined) return users;
  return users.map((user, n) => queryAt(levels, numUsers, user, times[n] as number));
}

function concat(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function configOf(
  data: Dataset,
  fields: readonly Field[],
  moments: Moments,
  categories: Categories | undefined,
  options: BayesianFmOptions,
  run: RunOptions,
): SamplerConfig {
  const { interactions, numUsers, numItems } = data;
  const { order, levels, queries } = moments;
  const valid = run.validation?.interactions;
  const range = resolveRange(undefined, data);
  const { implicitBlocks } = options;
  const users = layOutBlocks(
    [...fieldBlocks(fields, 'user'), ...(implicitBlocks ? [ratedItems(interactions)] : [])],
    numUsers,
  );
  const items = layOutBlocks(
    [...fieldBlocks(fields, 'item'), ...(implicitBlocks ? [raters(interactions)] : [])],
    numItems,
  );
  const sketch = wholeRegisters(2 * options.servingDim);
  return {
    numUsers,
    numItems,
    dim: options.dim,
    offsets: interactions.offsets,
    items: order.map((at) => interactions.items[at] as number),
    values: Float32Array.from(order, (at) => interactions.values[at] as number),
    categories: Uint8Array.from(categories === undefined ? [] : order, (at) => categories?.indices[at] as number),
    categoryValues: categories?.values ?? new Float64Array(0),
    queryRows: queries,
    userFieldSizes: users.sizes,
    userFeatureOffsets: users.offsets,
    userFeatures: users.features,
    userFeatureWeights: users.weights,
    itemFieldSizes: items.sizes,
    itemFeatureOffsets: items.offsets,
    itemFeatures: items.features,
    itemFeatureWeights: items.weights,
    levelSizes: Uint32Array.from(levels, ({ slots }) => slots.length),
    levelUsers: concat(levels.map(({ offsets }) => offsets)),
    levelOffsets: concat(levels.map(({ ratings }) => ratings)),
    levelParents: concat(levels.map(({ parents }) => parents)),
    validQueries: valid === undefined ? new Uint32Array(0) : queriesOf(valid, moments, numUsers),
    validItems: valid?.items ?? new Uint32Array(0),
    validValues: valid?.values ?? new Float32Array(0),
    rangeMin: range.min,
    rangeMax: range.max,
    globalBias: categories === undefined ? interactions.meanValue() : 0,
    initStd: options.initStd,
    range: sketch,
    corange: 2 * sketch + COLUMNS,
    seed: run.seed,
    threads: run.threads,
  };
}

function readSums(sampler: NativeSampler, config: SamplerConfig, { levels }: Moments): SampleSums {
  const { range, corange, numItems } = config;
  const queries = levels.reduce((total, { slots }) => total + slots.length, config.numUsers);
  const target = {
    querySketch: new Float32Array(queries * range),
    itemSketch: new Float32Array(numItems * corange),
    mixed: new Float32Array(corange * range),
    queryBiases: new Float64Array(queries),
    itemBiases: new Float64Array(numItems),
    cutpoints: new Float64Array(Math.max(0, config.categoryValues.length - 1)),
  };
  return { ...target, ...sampler.read(target), range, corange };
}

const rated = (counts: Uint32Array): Uint8Array => Uint8Array.from(counts, (count) => (count > 0 ? 1 : 0));

function variance(values: Float32Array): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
}

/** The cutpoints are those of the mean sample, as the scores are. */
function categoriesToServe(
  categories: Categories | undefined,
  { cutpoints, samples }: SampleSums,
): RatingCategories | undefined {
  if (categories === undefined) return undefined;
  return { values: [...categories.values], cutpoints: Array.from(cutpoints, (sum) => sum / samples) };
}

function parametersOf(
  data: Dataset,
  moments: Moments,
  categories: RatingCategories | undefined,
  sums: SampleSums,
  mean: MeanFactors,
): FactorParameters {
  const { dim, globalBias, queryFactors, queryBiases, itemFactors, itemBiases } = mean;
  const { numUsers } = data;
  let first = numUsers;
  const levels = moments.levels.map(({ name, seconds, offsets, slots }): MomentParameters => {
    const begin = first;
    first += slots.length;
    return {
      name,
      seconds,
      offsets,
      slots,
      factors: queryFactors.slice(begin * dim, first * dim),
      biases: queryBiases.slice(begin, first),
    };
  });
  const userBiases = queryBiases.slice(0, numUsers);
  const noise = sums.noiseVariance / sums.samples;
  return {
    kind: 'factors',
    dim,
    globalBias,
    userFactors: queryFactors.slice(0, numUsers * dim),
    itemFactors,
    userBiases,
    itemBiases,
    ...(categories === undefined ? { link: 'identity' } : { link: 'ordinal', categories }),
    range: resolveRange(undefined, data),
    fields: [],
    ...(levels.length > 0 && { moments: levels }),
    // A user's row is about N(0, 1) in each direction, his bias like those of the others.
    penalties: { factors: noise, bias: noise / Math.max(variance(userBiases), 1e-6) },
  };
}

/** Trains bayesianFm: one native sweep an epoch, on a thread of its own. The model is the mean over the kept samples. */
export async function trainBayesianFm(data: Dataset, options: BayesianFmOptions, run: RunOptions): Promise<Trained> {
  run.signal?.throwIfAborted();
  const { epochs } = options;
  const burnIn = options.burnIn ?? Math.floor(epochs / 10);
  if (burnIn >= epochs) throw rangeError('burnIn', `< epochs (${epochs})`, burnIn);
  const moments = momentsOf(data.interactions, options.timeSlots);
  const ordinal = options.link === 'ordinal';
  const categories = ordinal ? categoriesOf(data.interactions) : undefined;
  const config = configOf(data, buildFields(data, options.fields), moments, categories, options, run);
  const sampler = new (native().Sampler)(config);
  try {
    const { state, history, metrics } = await runEpochs(
      {
        epochs,
        learningRate: 1, // each draw goes all the way
        schedule: { type: 'constant' },
        patience: 0,
        runEpoch: async (sweep, _, cancel) => {
          const { status, seconds, trainLoss, validLoss, validRmse } = await sampler.runSweep(
            sweep,
            sweep >= burnIn,
            cancel,
          );
          return {
            status,
            seconds,
            train: { loss: trainLoss, ...(!ordinal && { rmse: Math.sqrt(trainLoss) }) },
            ...(run.validation !== undefined && { valid: { loss: validLoss, rmse: validRmse } }),
          };
        },
        read: () => readSums(sampler, config, moments),
      },
      run,
    );
    const { interactions } = data;
    const mean = await meanFactors(
      state,
      rated(interactions.userCounts()),
      rated(interactions.itemCounts()),
      options.servingDim,
    );
    const parameters = parametersOf(data, moments, categoriesToServe(categories, state), state, mean);
    return { parameters, history, metrics };
  } finally {
    sampler.dispose();
  }
}
