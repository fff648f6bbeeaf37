import type { FactorModelData, HistoryEntry } from '../types.js';
import { servingFactors } from './combine-fields.js';
import { fitPositives, fitRatings, type RowPairs, type Rows } from './fit-rows.js';
import { type ItemLists, nameOf, type Rated, readHistory } from './history.js';

/** A user made from a history. */
export interface FoldedUser {
  /** (dim) */
  factors: Float32Array;
  bias: number;
  /** The items of the history, ascending, each once. */
  items: Uint32Array;
}

/** Weight of a liked item in 'sum', and of a rating at the top of the range. */
const sumWeight = 0.2;

/** The weighted sum of the items' rows: .2 for a liked item, for a rating .2 times its place between -1 and 1 in the range. */
function sumItems(data: FactorModelData, rated: readonly Rated[], factors: Float32Array): void {
  const { dim, itemFactors } = servingFactors(data);
  const { min, max } = data.parameters.range;
  for (const { item, rating } of rated) {
    const weight =
      rating === undefined || max === min ? sumWeight : sumWeight * ((2 * (rating - min)) / (max - min) - 1);
    for (let k = 0; k < dim; k++)
      factors[k] = (factors[k] as number) + weight * (itemFactors[item * dim + k] as number);
  }
}

/** Pairs of the histories; an item without a rating counts as rated highest. */
function pairsOf(data: FactorModelData, histories: readonly (readonly Rated[])[], offsets: Uint32Array): RowPairs {
  const all = histories.flat();
  const { max } = data.parameters.range;
  return {
    offsets,
    others: Uint32Array.from(all, ({ item }) => item),
    ratings: Float32Array.from(all, ({ rating }) => rating ?? max),
  };
}

function solve(data: FactorModelData, pairs: RowPairs): Rows {
  const { itemFactors, itemBiases } = servingFactors(data);
  if (data.name === 'ials') {
    return { factors: fitPositives(data, itemFactors, pairs), biases: new Float32Array(pairs.offsets.length - 1) };
  }
  return fitRatings(data, 'user', { factors: itemFactors, biases: itemBiases }, pairs);
}

/**
 * Turns histories into users, all in one native call. 'solve': the row and bias that minimise the training objective over
 * the history with all items fixed; 'sum': the weighted sum of its items' rows.
 * @returns (histories, dim) and (histories), and the items of each history
 */
export function foldInAll(
  data: FactorModelData,
  histories: readonly (readonly HistoryEntry[])[],
  method: 'solve' | 'sum',
): Rows & { lists: ItemLists } {
  // Values of implicit data are no ratings, so that any may be given.
  const range = data.implicit ? {} : data.parameters.range;
  const rated = histories.map((history, u) => readHistory(data, history, range, nameOf(histories, u)));
  const offsets = new Uint32Array(rated.length + 1);
  for (const [u, list] of rated.entries()) offsets[u + 1] = (offsets[u] as number) + list.length;
  const pairs = pairsOf(data, rated, offsets);
  const lists = { offsets, items: pairs.others };
  const { dim } = data.parameters;
  if (dim > 0 && method === 'solve') return { ...solve(data, pairs), lists };
  const factors = new Float32Array(rated.length * dim);
  for (const [u, list] of rated.entries()) sumItems(data, list, factors.subarray(u * dim, (u + 1) * dim));
  return { factors, biases: new Float32Array(rated.length), lists };
}

/** Turns one history into a user. */
export function foldIn(data: FactorModelData, history: readonly HistoryEntry[], method: 'solve' | 'sum'): FoldedUser {
  const { factors, biases, lists } = foldInAll(data, [history], method);
  return { factors, bias: biases[0] as number, items: lists.items };
}
