import type { Dataset } from '../../dataset/dataset.js';
import { fitPositives } from '../../recommend/fit-rows.js';
import type { FactorModelData } from '../../types.js';
import { freshRows, itemSide, pairsOf, placeRows, userSide } from './fresh-rows.js';

/**
 * The factors from which ials goes on: those of the model; of new users what solves their rows with the known items fixed,
 * then of new items with all users fixed.
 */
export function startIals(
  data: Dataset,
  initial: FactorModelData,
): { userFactors: Float32Array; itemFactors: Float32Array } {
  const { dim } = initial.parameters;
  const userFactors = new Float32Array(data.numUsers * dim);
  const itemFactors = new Float32Array(data.numItems * dim);
  userFactors.set(initial.parameters.userFactors);
  itemFactors.set(initial.parameters.itemFactors);
  const fresh = freshRows(initial.seen, data.interactions);
  const users = pairsOf(userSide(data.interactions), fresh.users, fresh.items);
  // A copy, as products of its columns are kept with the array that they are of.
  placeRows(userFactors, dim, fresh.users, fitPositives(initial, itemFactors.slice(), users), users);
  const items = pairsOf(itemSide(data.interactions), fresh.items, new Uint32Array(0));
  placeRows(itemFactors, dim, fresh.items, fitPositives(initial, userFactors.slice(), items), items);
  return { userFactors, itemFactors };
}
