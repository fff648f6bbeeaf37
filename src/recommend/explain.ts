import { makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import type { Id } from '../dataset/vocabulary.js';
import { expectInt, expectKnownKeys, rangeError, typeError } from '../options.js';
import type { ExplainOptions, HistoryEntry, ModelData } from '../types.js';
import { findTitle, titleOf } from './metadata.js';
import { type IdColumn, idColumn, idVector } from './ranked-items.js';
import { servingOf } from './serving-of.js';

/** What carried a recommendation, as columns: the items of the history with the greatest shares first. */
export class Explanation {
  /** The score of the item: the sum of all contributions, also of those that are not listed. */
  readonly score: number;
  /** (rows) items of the history. */
  readonly itemIndices: Uint32Array;
  /** (rows) what each adds to the score; negative where it speaks against the item. */
  readonly contributions: Float32Array;
  /** (rows) the same, divided by the sum of the sizes of all contributions: -1 to 1. */
  readonly shares: Float32Array;
  readonly #data: ModelData;
  #itemIds: IdColumn | undefined;

  constructor(data: ModelData, columns: Pick<Explanation, 'score' | 'itemIndices' | 'contributions' | 'shares'>) {
    this.#data = data;
    this.score = columns.score;
    this.itemIndices = columns.itemIndices;
    this.contributions = columns.contributions;
    this.shares = columns.shares;
  }

  get length(): number {
    return this.itemIndices.length;
  }

  /** (rows) ids of the items of the history. */
  get itemIds(): IdColumn {
    this.#itemIds ??= idColumn(this.#data.items, this.itemIndices);
    return this.#itemIds;
  }

  /** With titles where they are known. */
  rows(): { rank: number; itemId: Id; title?: string; contribution: number; share: number }[] {
    return Array.from(this.itemIndices, (item, n) => {
      const title = titleOf(this.#data, item);
      return {
        rank: n + 1,
        itemId: this.#data.items.id(item),
        ...(title !== undefined && { title }),
        contribution: this.contributions[n] as number,
        share: this.shares[n] as number,
      };
    });
  }

  /** Table of itemId, contribution, share and title (where known). */
  toTable(): Table {
    const columns = {
      itemId: idVector(this.itemIds),
      contribution: makeVector(this.contributions),
      share: makeVector(this.shares),
    };
    if (this.#data.itemTable?.getChild('title') == null) return new Table(columns);
    const titles = Array.from(this.itemIndices, (item) => titleOf(this.#data, item) ?? null);
    return new Table({ ...columns, title: vectorFromArray(titles, new Utf8()) });
  }
}

/** The user that the options name: an index, or a history. */
function userOf(data: ModelData, { user, history, titles }: ExplainOptions): number | readonly HistoryEntry[] {
  if (user !== undefined) return data.users.expectIndex(user, 'user');
  if (history !== undefined) return history;
  if (!Array.isArray(titles)) throw typeError('titles', 'an array of titles', titles);
  return titles.map((title: string) => ({ item: data.items.id(findTitle(data, title)) }));
}

/**
 * The items of a user's history that carry the score of an item, exactly: their contributions add up to it. The item
 * itself, where the history has it, is none of them if the model leaves it out of its score.
 *
 * @throws TypeError, RangeError for wrong options and for a model whose scores are no sums over a history; DataError for
 *   an unknown user, item or title.
 */
export function explain(data: ModelData, options: ExplainOptions): Explanation {
  expectKnownKeys('explain', options, ['user', 'history', 'titles', 'item', 'k']);
  const given = (['user', 'history', 'titles'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) throw typeError('explain', 'given exactly one of `user`, `history`, `titles`', given);
  if (options.item === undefined) throw typeError('item', 'an item id', options.item);
  const k = expectInt('k', options.k ?? 10, { min: 1 });
  const { termsOf } = servingOf(data);
  if (termsOf === undefined) {
    throw rangeError('model', 'one whose scores are sums over the items of a history, to explain them', data.name);
  }
  const item = data.items.expectIndex(options.item, 'item');
  const { items, terms } = termsOf(userOf(data, options), item);
  const score = terms.reduce((sum, term) => sum + term, 0);
  const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
  const best = Array.from(terms.keys())
    .filter((n) => terms[n] !== 0)
    .sort((a, b) => (terms[b] as number) - (terms[a] as number) || a - b)
    .slice(0, k);
  return new Explanation(data, {
    score,
    itemIndices: Uint32Array.from(best, (n) => items[n] as number),
    contributions: Float32Array.from(best, (n) => terms[n] as number),
    shares: Float32Array.from(best, (n) => (terms[n] as number) / size),
  });
}
