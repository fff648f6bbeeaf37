import { Dataset } from '../dataset/dataset.js';
import { Model } from '../model.js';
import { typeError } from '../options.js';
import type { ModelData, ResolvedOptions, TrainOptions } from '../types.js';
import { resolveFactorOptions, resolveModel, resolveRun } from './resolve-options.js';
import { trainFactors } from './train-factors.js';
import { trainPopularity } from './train-popularity.js';

/**
 * Trains a model on a dataset. Runs on native threads; the event loop stays free. Equal seeds give equal bits, for any
 * number of threads.
 *
 * @param data all its interactions are trained on; see the split functions for holding some back.
 * @param options `model` names the model; the rest defaults to what suits it (src/models).
 * @throws TypeError, RangeError for a wrong option; DataError for data that the model cannot learn from; DivergedError
 *   when a loss or parameter stops being finite; DeviceError; the signal's reason when aborted.
 */
export async function train(data: Dataset, options: TrainOptions): Promise<Model> {
  if (!(data instanceof Dataset)) throw typeError('data', 'a Dataset', data);
  const spec = resolveModel(options);
  const run = resolveRun(data, options);
  const common = {
    name: spec.name,
    users: data.users,
    items: data.items,
    seen: data.interactions,
    itemTable: data.itemTable,
    userTable: data.userTable,
    implicit: data.implicit,
  };
  if (spec.trainer === 'popularity') {
    run.signal?.throwIfAborted();
    const shaping: ResolvedOptions = { model: spec.name, seed: run.seed };
    return new Model({ ...common, options: shaping, parameters: trainPopularity(data), history: [], metrics: {} });
  }
  const factorOptions = resolveFactorOptions(spec, data, options);
  const trained = await trainFactors(spec, data, factorOptions, run);
  const { fields, ...others } = factorOptions;
  const shaping: ResolvedOptions = { ...others, ...(fields !== undefined && { fields }), seed: run.seed };
  const result: ModelData = { ...common, options: shaping, ...trained };
  return new Model(result);
}
