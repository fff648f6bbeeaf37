import type { Trial } from './types.js';

/** Trials whose work GPUs have kernels for, training first. */
const onGpus = [
  'mf-sgd',
  'fm-adam',
  'mf-full-batch',
  'item-softmax-counts',
  'item-softmax-pairs',
  'skip-gram-5',
  'co-likes-128',
  'ials',
  'topk-many-10',
  'topk-many-100',
  'topk-all',
] as const;

/** The same work on a GPU beside the processor; only where there is a GPU. */
export const cudaTrials = (trials: readonly Trial[]): Trial[] =>
  onGpus.map((name) => {
    const trial = trials.find((other) => other.name === name);
    if (trial === undefined) throw new Error(`There is no trial '${name}' that a GPU could run`);
    return {
      ...trial,
      name: `cuda-${name}`,
      drivers: ['palate', 'palate-cuda'],
      once: [],
      needs: 'palate-cuda',
      caption: `on a GPU beside the processor: ${trial.caption}`,
    };
  });
