import { makeVector, Table } from 'apache-arrow';
import type { Id } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { titleOf } from './metadata.js';
import { type IdColumn, idColumn, idVector } from './ranked-items.js';

/** Two items, the smaller index first. */
export interface Pair {
  a: number;
  b: number;
  score: number;
}

/** Best first, equal ones by lower indices. */
export const before = (x: Pair, y: Pair): number => y.score - x.score || x.a - y.a || x.b - y.b;

/** The most similar pairs as columns, best first. */
export class SimilarPairs {
  /** (pairs) index of one item, the smaller of both. */
  readonly itemIndices: Uint32Array;
  /** (pairs) index of the other item. */
  readonly otherIndices: Uint32Array;
  /** (pairs) */
  readonly scores: Float32Array;
  readonly #data: ModelData;
  #itemIds: IdColumn | undefined;
  #otherItemIds: IdColumn | undefined;

  constructor(data: ModelData, pairs: readonly Pair[]) {
    this.#data = data;
    this.itemIndices = Uint32Array.from(pairs, (pair) => pair.a);
    this.otherIndices = Uint32Array.from(pairs, (pair) => pair.b);
    this.scores = Float32Array.from(pairs, (pair) => pair.score);
  }

  get length(): number {
    return this.scores.length;
  }

  /** (pairs) ids of the one item. */
  get itemIds(): IdColumn {
    this.#itemIds ??= idColumn(this.#data.items, this.itemIndices);
    return this.#itemIds;
  }

  /** (pairs) ids of the other item. */
  get otherItemIds(): IdColumn {
    this.#otherItemIds ??= idColumn(this.#data.items, this.otherIndices);
    return this.#otherItemIds;
  }

  rows(): { rank: number; itemId: Id; title?: string; otherItemId: Id; otherTitle?: string; score: number }[] {
    return Array.from(this.scores, (score, n) => {
      const item = this.itemIndices[n] as number;
      const other = this.otherIndices[n] as number;
      const title = titleOf(this.#data, item);
      const otherTitle = titleOf(this.#data, other);
      return {
        rank: n + 1,
        itemId: this.#data.items.id(item),
        ...(title !== undefined && { title }),
        otherItemId: this.#data.items.id(other),
        ...(otherTitle !== undefined && { otherTitle }),
        score,
      };
    });
  }

  /** Table of itemId, otherItemId, score. */
  toTable(): Table {
    return new Table({
      itemId: idVector(this.itemIds),
      otherItemId: idVector(this.otherItemIds),
      score: makeVector(this.scores),
    });
  }
}
