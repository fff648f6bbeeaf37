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
const onGpus: ReadonlySet<TrainerName> = new Set(['factors', 'coLikes', 'itemSoftmax', 'ials']);

/** Trainers of item weights, whose sums over a history have no kernel for GPUs. */
const ofItemWeights: ReadonlySet<TrainerName> = new Set(['itemKnn', 'ease', 'slim']);

/** Whether a training has kernels for GPUs: the implicit term of mf has none. */
export const trainsOnGpu = ({ trainer }: ModelSpec, { implicitTerm }: Readonly<Record<string, unknown>>): boolean =>
  onGpus.has(trainer) && implicitTerm !== true;

/** What runs on a GPU that was asked for; the rest runs on the processor, as it does without one. */
export function gpuStages(model: ModelName): GpuStages {
  const { trainer } = models[model];
  return {
    training: onGpus.has(trainer) ? 'cuda' : 'cpu',
    recommendations: ofItemWeights.has(trainer) ? 'cpu' : 'cuda',
  };
}
