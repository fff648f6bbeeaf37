import { makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import type { Id } from '../dataset/vocabulary.js';
import { expectInt, expectKnownKeys, typeError } from '../options.js';
import type { ExplainOptions, HistoryEntry, ModelData } from '../types.js';
import { findTitle, titleOf } from './metadata.js';
import { type IdColumn, idColumn, idVector } from './ranked-items.js';
import { servingOf } from './serving-of.js';

/** What carried a recommendation, as columns: the items of the history with the greatest shares first. */
export class Explanation {
  /** The score of the item: `base` and the sum of all contributions, also of those that are not listed. */
  readonly score: number;
  /** What the score is without a history: of models of ratings the mean with the item's bias; else 0. */
  readonly base: number;
  /** (rows) items of the history. */
  readonly itemIndices: Uint32Array;
  /** (rows) what each adds to the score; negative where it speaks against the item. */
  readonly contributions: Float32Array;
  /** (rows) the same, divided by the sum of the sizes of all contributions: -1 to 1. */
  readonly shares: Float32Array;
  readonly #data: ModelData;
  #itemIds: IdColumn | undefined;

  constructor(
    data: ModelData,
    columns: Pick<Explanation, 'score' | 'base' | 'itemIndices' | 'contributions' | 'shares'>,
  ) {
    this.#data = data;
    this.score = columns.score;
    this.base = columns.base;
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
 * The items of a user's history that carry the score of an item, exactly: their contributions and `base` add up to it. The
 * item itself, where the history has it, is none of them if the model leaves it out of its score.
 *
 * Of models with user factors the score is that of the user whom fold-in makes of the history, before it is clipped to the
 * range of ratings: the row of a known user was fitted together with the items, and differs from that a little. They can be
 * explained where such a row is linear in the ratings: ials, and models of ratings with link 'identity'.
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
  const item = data.items.expectIndex(options.item, 'item');
  const { items, terms, base } = servingOf(data).termsOf(userOf(data, options), item);
  const score = terms.reduce((sum, term) => sum + term, base);
  const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
  const best = Array.from(terms.keys())
    .filter((n) => terms[n] !== 0)
    .sort((a, b) => (terms[b] as number) - (terms[a] as number) || a - b)
    .slice(0, k);
  return new Explanation(data, {
    score,
    base,
    itemIndices: Uint32Array.from(best, (n) => items[n] as number),
    contributions: Float32Array.from(best, (n) => terms[n] as number),
    shares: Float32Array.from(best, (n) => (terms[n] as number) / size),
  });
}
