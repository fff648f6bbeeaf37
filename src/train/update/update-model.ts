import { Table } from 'apache-arrow';
import { Dataset } from '../../dataset/dataset.js';
import { moveInteractions } from '../../dataset/merge-interactions.js';
import { DataError } from '../../errors.js';
import { models } from '../../models/index.js';
import type { UpdateWay } from '../../models/spec.js';
import { expectKnownKeys, typeError } from '../../options.js';
import type { ModelData, TrainOptions, UpdateOptions } from '../../types.js';
import { modelData } from '../model-data.js';
import { optionNames, resolveModel, resolveRun } from '../resolve-options.js';
import { prepare, type Training } from '../trainers.js';

const updateOptionNames = [
  'epochs',
  'learningRate',
  'schedule',
  'patience',
  'seed',
  'threads',
  'device',
  'validation',
  'signal',
  'onEpoch',
] as const satisfies readonly (keyof UpdateOptions)[];

/** The ratings that a model was trained on, with their metadata. */
const datasetOf = (model: ModelData): Dataset => new Dataset({ ...model, interactions: model.seen });

function readAdded(ratings: Table | Dataset): Dataset {
  if (ratings instanceof Dataset) return ratings;
  if (!Table.isTable(ratings)) throw typeError('ratings', 'an Arrow Table or a Dataset', ratings);
  return Dataset.fromTable(ratings);
}

/** The validation part in the indices of all data, without users and items that these lack. */
function moveValidation(validation: Dataset, all: Dataset): Dataset {
  if (!(validation instanceof Dataset)) throw typeError('validation', 'a Dataset', validation);
  const { users, items } = all;
  const interactions = moveInteractions(validation, users, items);
  if (interactions.size === 0) {
    throw new DataError(
      'No interaction of the validation part has a user and an item of the model or of the new ratings',
    );
  }
  return new Dataset({ ...all, interactions, implicit: validation.implicit });
}

/** What the model was trained with, in the words of `train`. */
function ownOptions({ name, options }: ModelData, all: Dataset): TrainOptions {
  // Resolved options have some that the model does not take, too.
  const accepted = new Set(optionNames(models[name]));
  const taken = Object.fromEntries(Object.entries(options).filter(([key]) => accepted.has(key)));
  const { clipNorm, range, ...rest } = taken as unknown as TrainOptions;
  const { min, max } = all.ratingRange;
  return {
    ...rest,
    // A factor model without clipping keeps a 0.
    ...(clipNorm !== undefined && clipNorm > 0 && { clipNorm }),
    ...(range !== undefined && { range: { min: Math.min(range.min, min), max: Math.max(range.max, max) } }),
    // Pairs drawn anew to validate on would be among those already learnt from.
    ...(rest.validPairs !== undefined && { validPairs: 0, testPairs: 0 }),
  };
}

/** The model's own options, what an update makes of them by default, and what was asked for. */
function updateOptions(model: ModelData, way: UpdateWay, all: Dataset, options: UpdateOptions): TrainOptions {
  const own = ownOptions(model, all);
  const given: UpdateOptions = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { validation } = given;
  const validates = validation !== undefined && own.patience !== undefined;
  return {
    ...own,
    ...(way !== 'retrain' && own.epochs !== undefined && { epochs: Math.ceil(way.epochs * own.epochs) }),
    ...(way !== 'retrain' && own.learningRate !== undefined && { learningRate: way.learningRate * own.learningRate }),
    ...(own.patience !== undefined && { patience: validates ? own.patience : 0 }),
    ...given,
    ...(validation !== undefined && { validation: moveValidation(validation, all) }),
  };
}

/** An update that is ready to run. */
export interface Update {
  /** All ratings. */
  data: Dataset;
  /** Options of the training that it comes to, resolved. */
  options: Training['options'];
  start(): Promise<ModelData>;
}

/** Checks what `updateModel` is given, and joins the ratings. Throws as that does. */
export function prepareUpdate(model: ModelData, ratings: Table | Dataset, options: UpdateOptions = {}): Update {
  expectKnownKeys('update', options, updateOptionNames);
  const data = datasetOf(model).extend(readAdded(ratings));
  const spec = models[model.name];
  const trainOptions = updateOptions(model, spec.update, data, options);
  resolveModel(trainOptions);
  const run = resolveRun(data, trainOptions);
  const training = prepare(spec, data, trainOptions);
  const retrains = spec.update === 'retrain';
  return {
    data,
    options: training.options,
    async start() {
      const trained = await training.start(retrains ? run : { ...run, initial: model });
      if (retrains) return modelData(data, trained, training.options, run.seed);
      const { range } = training.options;
      return modelData(data, trained, { ...model.options, ...(range !== undefined && { range }) }, model.options.seed);
    },
  };
}

/**
 * A model that knows more ratings, of known and new users and items; the old one stays as it is. See `Model.update`.
 * @throws TypeError, RangeError for a wrong option; DataError for ratings that do not fit those of the model; DivergedError;
 *   DeviceError; the signal's reason when aborted.
 */
export async function updateModel(
  model: ModelData,
  ratings: Table | Dataset,
  options?: UpdateOptions,
): Promise<ModelData> {
  return await prepareUpdate(model, ratings, options).start();
}
