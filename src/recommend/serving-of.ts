import type { FactorModelData, ItemVectorModelData, ItemWeightModelData, ModelData, Parameters } from '../types.js';
import { serveFactors } from './serve-factors.js';
import { serveItemVectors } from './serve-item-vectors.js';
import { serveItemWeights } from './serve-item-weights.js';
import type { Serving } from './serving.js';

/** One line a kind of parameters. */
const kinds: Readonly<Record<Parameters['kind'], (data: ModelData) => Serving>> = {
  factors: (data) => serveFactors(data as FactorModelData),
  itemVectors: (data) => serveItemVectors(data as ItemVectorModelData),
  itemWeights: (data) => serveItemWeights(data as ItemWeightModelData),
};

const cache = new WeakMap<ModelData, Serving>();

/** What serves a model; made once a model. */
export function servingOf(data: ModelData): Serving {
  let serving = cache.get(data);
  if (serving === undefined) {
    serving = kinds[data.parameters.kind](data);
    cache.set(data, serving);
  }
  return serving;
}
