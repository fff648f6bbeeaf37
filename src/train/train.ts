import { Dataset } from '../dataset/dataset.js';
import { Model } from '../model.js';
import { typeError } from '../options.js';
import type { TrainOptions } from '../types.js';
import { modelData } from './model-data.js';
import { resolveModel, resolveRun } from './resolve-options.js';
import { prepare } from './trainers.js';

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
  const training = prepare(spec, data, options);
  return new Model(modelData(data, await training.start(run), training.options, run.seed));
}
