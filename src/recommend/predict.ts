import { rangeError, typeError } from '../options.js';
import type { ModelData } from '../types.js';
import type { RatingDistribution } from './serving.js';
import { servingOf } from './serving-of.js';
import { UNKNOWN } from './unknown.js';

/**
 * Scores for pairs of indices as recommendations show them: predicted ratings; popularity's counts; cosines. Of an unknown
 * user or item (index 0xffffffff) the terms are left out; a cosine with an unknown user is 0, with an unknown item -1.
 * @param userIndices (n)
 * @param itemIndices (n)
 * @param times (n) unix seconds, NaN for none; of models without moments of users they change nothing.
 * @returns (n)
 */
export function predictPairs(
  data: ModelData,
  userIndices: Uint32Array,
  itemIndices: Uint32Array,
  times?: Float64Array,
): Float32Array {
  expectPairs(data, userIndices, itemIndices, times);
  return servingOf(data).scorePairs(userIndices, itemIndices, times);
}

/** How likely each rating is for such pairs. TypeError for a model without link 'ordinal'. */
export function predictDistribution(
  data: ModelData,
  userIndices: Uint32Array,
  itemIndices: Uint32Array,
  times?: Float64Array,
): RatingDistribution {
  expectPairs(data, userIndices, itemIndices, times);
  const { distributionOf } = servingOf(data);
  if (distributionOf === undefined) throw typeError('model', "a model trained with link 'ordinal'", data.name);
  return distributionOf(userIndices, itemIndices, times);
}

function expectPairs(
  data: ModelData,
  userIndices: Uint32Array,
  itemIndices: Uint32Array,
  times: Float64Array | undefined,
): void {
  if (userIndices.length !== itemIndices.length) {
    throw rangeError('itemIndices', `an array of ${userIndices.length} indices`, itemIndices.length);
  }
  if (times !== undefined && times.length !== userIndices.length) {
    throw rangeError('times', `an array of ${userIndices.length} times`, times.length);
  }
  for (let n = 0; n < userIndices.length; n++) {
    const user = userIndices[n] as number;
    const item = itemIndices[n] as number;
    if ((user !== UNKNOWN && user >= data.users.size) || (item !== UNKNOWN && item >= data.items.size)) {
      throw rangeError('indices', 'indices of known users and items', `${user}, ${item}`);
    }
  }
}
