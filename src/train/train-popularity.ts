import type { Dataset } from '../dataset/dataset.js';
import type { FactorParameters } from '../types.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';

/** Popularity as a factor model of dim 0: an item's bias is the number of its training interactions. */
export async function trainPopularity(data: Dataset, _: object, { signal }: RunOptions): Promise<Trained> {
  signal?.throwIfAborted();
  const itemBiases = Float32Array.from(data.interactions.itemCounts());
  const parameters: FactorParameters = {
    kind: 'factors',
    dim: 0,
    globalBias: 0,
    userFactors: new Float32Array(0),
    itemFactors: new Float32Array(0),
    userBiases: new Float32Array(data.numUsers),
    itemBiases,
    link: 'identity',
    range: { min: 0, max: itemBiases.reduce((most, count) => Math.max(most, count), 0) },
    fields: [],
  };
  return { parameters, history: [], metrics: {} };
}
