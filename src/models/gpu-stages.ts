import type { ModelName } from '../types.js';
import { models } from './index.js';
import type { ModelSpec, TrainerName } from './spec.js';

/** Where the work of a model is done with `device: 'cuda'`. */
export interface GpuStages {
  training: 'cuda' | 'cpu';
  /** `recommendAll`. */
  recommendations: 'cuda' | 'cpu';
}

/** Trainers with kernels for GPUs. */
export type GpuTrainer = Extract<TrainerName, 'factors' | 'coLikes' | 'itemSoftmax' | 'ials'>;

const onGpus: readonly GpuTrainer[] = ['factors', 'coLikes', 'itemSoftmax', 'ials'];

/** Trainers of item weights, whose sums over a history have no kernel for GPUs. */
const ofItemWeights: ReadonlySet<TrainerName> = new Set(['itemKnn', 'ease', 'slim']);

const gpuTrainerOf = ({ trainer }: ModelSpec): GpuTrainer | undefined => onGpus.find((name) => name === trainer);

/** The trainer of a training that has kernels for GPUs; undefined without: the implicit term of mf has none. */
export const trainerOnGpu = (
  spec: ModelSpec,
  { implicitTerm }: Readonly<Record<string, unknown>>,
): GpuTrainer | undefined => (implicitTerm === true ? undefined : gpuTrainerOf(spec));

/** What runs on a GPU that was asked for; the rest runs on the processor, as it does without one. */
export function gpuStages(model: ModelName): GpuStages {
  const spec = models[model];
  return {
    training: gpuTrainerOf(spec) === undefined ? 'cpu' : 'cuda',
    recommendations: ofItemWeights.has(spec.trainer) ? 'cpu' : 'cuda',
  };
}
