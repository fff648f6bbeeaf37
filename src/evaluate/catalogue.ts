import type { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';

/** Users, items and interactions that a model was trained on. */
export interface TrainingData {
  readonly users: Vocabulary;
  readonly items: Vocabulary;
  readonly seen: Interactions;
}

/** Figures of the training items. */
export interface Catalogue {
  readonly seen: Interactions;
  /** (numItems) training users who have the item. */
  readonly counts: Uint32Array;
  /** (numItems) 1 for the items with a training interaction. */
  readonly trained: Uint8Array;
  /** How many these are. */
  readonly size: number;
  /** (numItems) share of the training users who have the item. */
  readonly popularity: Float64Array;
  /** (numItems) -log2 of that share, in bits. */
  readonly information: Float64Array;
}

export function describeCatalogue({ seen }: Pick<TrainingData, 'seen'>): Catalogue {
  const counts = seen.itemCounts();
  const users = countNonZero(seen.userCounts());
  return {
    seen,
    counts,
    trained: Uint8Array.from(counts, (count) => (count > 0 ? 1 : 0)),
    size: countNonZero(counts),
    popularity: Float64Array.from(counts, (count) => count / users),
    information: Float64Array.from(counts, (count) => Math.log2(users / count)),
  };
}

export function countNonZero(values: Uint32Array | Uint8Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}
