import type { Dataset } from '../dataset/dataset.js';
import { bayesianFm } from '../models/bayesian-fm.js';
import { coLikes } from '../models/co-likes.js';
import { ease } from '../models/ease.js';
import { trainerOnGpu } from '../models/gpu-stages.js';
import { ials } from '../models/ials.js';
import { itemKnn } from '../models/item-knn.js';
import { itemSoftmax } from '../models/item-softmax.js';
import { mfBpr } from '../models/mf-bpr.js';
import { popularity } from '../models/popularity.js';
import { slim } from '../models/slim.js';
import type { AnyTableSpec, FactorSpec, ModelSpec, TableSpec, TrainerName } from '../models/spec.js';
import { onDevice } from '../native/device.js';
import type { DeviceCheck } from '../native/verify-device.js';
import type { ModelName, TrainOptions } from '../types.js';
import { type RunOptions, resolveFactorOptions, resolveModel, resolveRun } from './resolve-options.js';
import { resolveTable } from './resolve-table.js';
import { trainBayesianFm } from './train-bayesian-fm.js';
import { trainBpr } from './train-bpr.js';
import { trainCoLikes } from './train-co-likes.js';
import { trainEase } from './train-ease.js';
import { trainFactors } from './train-factors.js';
import { trainIals } from './train-ials.js';
import { trainItemKnn } from './train-item-knn.js';
import { trainItemSoftmax } from './train-item-softmax.js';
import { trainPopularity } from './train-popularity.js';
import { trainSlim } from './train-slim.js';
import type { Trained } from './trained.js';
import { type TrainOn, verifyTrainerOnce, verifyTrainers } from './verify-training.js';

/** A training whose options are resolved. */
export interface Training {
  /** All options that shape the model, besides the seed. */
  options: Record<string, unknown> & { model: ModelName };
  start(run: RunOptions): Promise<Trained>;
}

type Prepare<S extends ModelSpec> = (spec: S, data: Dataset, options: TrainOptions) => Training;

/** A trainer whose options are the table of its model. */
function byTable<O>(
  spec: TableSpec<O>,
  train: (data: Dataset, options: O, run: RunOptions) => Promise<Trained>,
): Prepare<AnyTableSpec> {
  return (_, data, options) => {
    const resolved = resolveTable(spec, options);
    return { options: { ...resolved, model: spec.name }, start: (run) => train(data, resolved, run) };
  };
}

function byFactors(spec: FactorSpec, data: Dataset, options: TrainOptions): Training {
  const resolved = resolveFactorOptions(spec, data, options);
  return { options: { ...resolved }, start: (run) => trainFactors(data, resolved, run) };
}

/** The register: one line a trainer. */
const trainers: { readonly [T in TrainerName]: Prepare<Extract<ModelSpec, { trainer: T }>> } = {
  factors: byFactors,
  bpr: byTable(mfBpr, trainBpr),
  popularity: byTable(popularity, trainPopularity),
  bayesianFm: byTable(bayesianFm, trainBayesianFm),
  coLikes: byTable(coLikes, trainCoLikes),
  itemKnn: byTable(itemKnn, trainItemKnn),
  ease: byTable(ease, trainEase),
  slim: byTable(slim, trainSlim),
  itemSoftmax: byTable(itemSoftmax, trainItemSoftmax),
  ials: byTable(ials, trainIals),
};

// The register's type ties each trainer to its kind of spec; TypeScript does not follow that through the look-up.
const trainerOf = ({ trainer }: ModelSpec): Prepare<ModelSpec> => trainers[trainer] as Prepare<ModelSpec>;

/** Resolves the options of a model by the trainer of its spec. TypeError, RangeError, DataError as `train` throws. */
export function prepare(spec: ModelSpec, data: Dataset, options: TrainOptions): Training {
  const training = trainerOf(spec)(spec, data, options);
  return { ...training, start: (run) => startOn(run, spec, training) };
}

async function startOn(run: RunOptions, spec: ModelSpec, training: Training): Promise<Trained> {
  const { device } = run;
  const trainer = trainerOnGpu(spec, training.options);
  if (device === undefined || trainer === undefined) return training.start({ ...run, device: undefined });
  return onDevice(async () => {
    await verifyTrainerOnce(trainer, device, trainUnverified);
    return training.start(run);
  });
}

/** Every check of a GPU's trainings, passed or not. @throws DeviceError when the device cannot compute at all. */
export const verifyTrainings = (device: number): Promise<DeviceCheck[]> =>
  onDevice(() => verifyTrainers(device, trainUnverified));

const trainUnverified: TrainOn = (data, options, device) => {
  const spec = resolveModel(options);
  return trainerOf(spec)(spec, data, options).start({ ...resolveRun(data, { ...options, threads: 1 }), device });
};
