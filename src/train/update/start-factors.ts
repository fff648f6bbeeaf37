import type { Dataset } from '../../dataset/dataset.js';
import type { Field } from '../../dataset/features.js';
import type { TrainerArrays } from '../../native/binding.js';
import { combineSide } from '../../recommend/combine-fields.js';
import { type FittedModel, fitRatings, type RowPairs, type Rows } from '../../recommend/fit-rows.js';
import type { FactorModelData, FieldParameters } from '../../types.js';
import { type FeatureLayout, fieldParameters } from '../feature-lists.js';
import type { FactorOptions } from '../resolve-options.js';
import { freshRows, itemSide, pairsOf, placeRows, userSide } from './fresh-rows.js';

/** What the model has learnt of each label, to the label's place among the labels that there are now. */
function placeLabels(now: readonly FieldParameters[], known: readonly FieldParameters[], dim: number): void {
  for (const field of now) {
    const before = known.find(({ name, side }) => name === field.name && side === field.side);
    for (const [label, text] of field.labels.entries()) {
      const at = before?.labels.indexOf(text) ?? -1;
      if (before === undefined || at < 0) continue;
      field.factors.set(before.factors.subarray(at * dim, (at + 1) * dim), label * dim);
      field.biases[label] = before.biases[at] as number;
    }
  }
}

/** What the fields of some rows come to without their ids; undefined without fields. */
function ownOf(fields: readonly FieldParameters[], rows: Uint32Array, numRows: number, dim: number): Rows | undefined {
  if (fields.length === 0) return undefined;
  const none = { factors: new Float32Array(numRows * dim), biases: new Float32Array(numRows) };
  const all = combineSide(none, fields, dim);
  const factors = new Float32Array(rows.length * dim);
  for (const [r, row] of rows.entries()) factors.set(all.factors.subarray(row * dim, (row + 1) * dim), r * dim);
  return { factors, biases: Float32Array.from(rows, (row) => all.biases[row] as number) };
}

/**
 * Sets the parameters from which mf or fm goes on: those of the model; of new users what minimises the objective over
 * their ratings of known items with these fixed, then of new items with all users fixed. Labels that the model has not met
 * keep what was drawn for them.
 * @param arrays as the trainer has drawn them
 * @returns the global bias
 */
export function startFactors(
  data: Dataset,
  arrays: TrainerArrays,
  fields: readonly Field[],
  layout: FeatureLayout,
  options: FactorOptions,
  initial: FactorModelData,
): number {
  const { dim } = options;
  const known = initial.parameters;
  arrays.userFactors.set(known.userFactors);
  arrays.itemFactors.set(known.itemFactors);
  arrays.userBiases.set(known.userBiases);
  arrays.itemBiases.set(known.itemBiases);
  const now = fieldParameters(fields, layout, arrays.featureFactors, arrays.featureBiases, dim);
  placeLabels(now, known.fields, dim);

  const model: FittedModel = {
    options: { ...options, seed: 0 },
    parameters: { ...known, range: options.range },
    seen: data.interactions,
    implicit: data.implicit,
    history: initial.history,
  };
  const ofSide = (side: Field['side']): FieldParameters[] => now.filter((field) => field.side === side);
  const fit = (side: Field['side'], target: Rows, fixed: Rows, rows: Uint32Array, pairs: RowPairs): void => {
    const other = side === 'user' ? 'item' : 'user';
    const own = ownOf(ofSide(side), rows, target.biases.length, dim);
    const fitted = fitRatings(model, side, combineSide(fixed, ofSide(other), dim), pairs, own);
    placeRows(target.factors, dim, rows, fitted.factors, pairs);
    placeRows(target.biases, 1, rows, fitted.biases, pairs);
  };
  const users = { factors: arrays.userFactors, biases: arrays.userBiases };
  const items = { factors: arrays.itemFactors, biases: arrays.itemBiases };
  const fresh = freshRows(initial.seen, data.interactions);
  fit('user', users, items, fresh.users, pairsOf(userSide(data.interactions), fresh.users, fresh.items));
  fit('item', items, users, fresh.items, pairsOf(itemSide(data.interactions), fresh.items, new Uint32Array(0)));
  return known.globalBias;
}
