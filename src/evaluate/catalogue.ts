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
  /** (numItems) 1 for the items with a training interaction. */
  readonly trained: Uint8Array;
  /** How many these are. */
  readonly size: number;
  /** (numItems) -log2 of the share of training users who have the item, in bits. */
  readonly information: Float64Array;
}

export function describeCatalogue({ seen }: TrainingData): Catalogue {
  const itemCounts = seen.itemCounts();
  const users = countNonZero(seen.userCounts());
  return {
    trained: Uint8Array.from(itemCounts, (count) => (count > 0 ? 1 : 0)),
    size: countNonZero(itemCounts),
    information: Float64Array.from(itemCounts, (count) => Math.log2(users / count)),
  };
}

export function countNonZero(values: Uint32Array | Uint8Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}
