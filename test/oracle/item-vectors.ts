/** Scores of models of item vectors, literally from the formulas of ItemVectorParameters (src/types.ts), in float64. */
import type { ItemVectorParameters } from '../../src/types.js';

export interface OracleRated {
  item: number;
  rating: number;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);
const length = (a: readonly number[]): number => Math.sqrt(dot(a, a));
const cosine = (a: readonly number[], b: readonly number[]): number =>
  length(a) === 0 || length(b) === 0 ? 0 : dot(a, b) / (length(a) * length(b));

/** The score of an item for someone who rated some; -1 for an item whose vector is zero. */
export function scoreOf(parameters: ItemVectorParameters, seen: readonly OracleRated[], item: number): number {
  const { dim, itemFactors, userVector } = parameters;
  const vector = (i: number): number[] => Array.from(itemFactors.subarray(i * dim, (i + 1) * dim));
  const wanted = vector(item);
  if (length(wanted) === 0) return -1;
  if (userVector === 'meanCosine') {
    return seen.reduce((sum, rated) => sum + cosine(vector(rated.item), wanted), 0) / seen.length;
  }
  const mean = wanted.map((_, k) =>
    seen.reduce((sum, { item: i, rating }) => sum + (userVector === 'ratingMean' ? rating : 1) * vector(i)[k], 0),
  );
  return cosine(mean, wanted);
}

/** Items that pass, best first; untrained ones behind, equal scores by lower index. */
export function rankItems(
  parameters: ItemVectorParameters,
  seen: readonly OracleRated[],
  allowed: readonly number[],
): { item: number; score: number }[] {
  const { dim, itemFactors } = parameters;
  const isTrained = (i: number): boolean => itemFactors.subarray(i * dim, (i + 1) * dim).some((x) => x !== 0);
  return allowed
    .map((item) => ({ item, score: scoreOf(parameters, seen, item) }))
    .sort((a, b) => Number(isTrained(b.item)) - Number(isTrained(a.item)) || b.score - a.score || a.item - b.item);
}
