import { rangeError } from '../options.js';
import type { FactorParameters, ModelData } from '../types.js';
import { servingFactors } from './combine-fields.js';

/** Index of a user or item that the model does not know. */
export const UNKNOWN = 0xffffffff;

/** A raw score as a prediction: scaled sigmoid, or clipped to the range. */
export function applyLink({ link, range }: Pick<FactorParameters, 'link' | 'range'>, score: number): number {
  if (link === 'sigmoid') return range.min + (range.max - range.min) / (1 + Math.exp(-score));
  return Math.min(range.max, Math.max(range.min, score));
}

/**
 * Predictions for pairs of indices, in rating units. The terms of an unknown user or item (index 0xffffffff) are left out.
 * @param userIndices (n)
 * @param itemIndices (n)
 * @returns (n)
 */
export function predictPairs(data: ModelData, userIndices: Uint32Array, itemIndices: Uint32Array): Float32Array {
  if (userIndices.length !== itemIndices.length) {
    throw rangeError('itemIndices', `an array of ${userIndices.length} indices`, itemIndices.length);
  }
  const { dim, globalBias, userFactors, itemFactors, userBiases, itemBiases } = servingFactors(data);
  const predictions = new Float32Array(userIndices.length);
  for (let n = 0; n < predictions.length; n++) {
    const user = userIndices[n] as number;
    const item = itemIndices[n] as number;
    if ((user !== UNKNOWN && user >= data.users.size) || (item !== UNKNOWN && item >= data.items.size)) {
      throw rangeError('indices', 'indices of known users and items', `${user}, ${item}`);
    }
    let score = globalBias;
    if (user !== UNKNOWN) score += userBiases[user] as number;
    if (item !== UNKNOWN) score += itemBiases[item] as number;
    if (user !== UNKNOWN && item !== UNKNOWN) {
      for (let k = 0; k < dim; k++)
        score += (userFactors[user * dim + k] as number) * (itemFactors[item * dim + k] as number);
    }
    predictions[n] = applyLink(data.parameters, score);
  }
  return predictions;
}
