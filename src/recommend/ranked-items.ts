import { makeVector, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import type { Id, Vocabulary } from '../dataset/vocabulary.js';
import type { ModelData } from '../types.js';
import { genresOf, titleOf } from './metadata.js';

/** One result as an object, for people. */
export interface RankedRow {
  /** From 1. */
  rank: number;
  itemId: Id;
  title?: string;
  genres: string[];
  score: number;
}

/** Ids as one column: typed where they are integers. */
export type IdColumn = Int32Array | BigInt64Array | string[];

/** Ids at some indices. */
export function idColumn(vocabulary: Vocabulary, indices: Uint32Array): IdColumn {
  const ids = vocabulary.ids(indices);
  if (vocabulary.kind === 'int32') return Int32Array.from(ids as number[]);
  if (vocabulary.kind === 'int64') return BigInt64Array.from(ids as bigint[]);
  return ids as string[];
}

export const idVector = (ids: IdColumn): Vector =>
  ids instanceof Int32Array || ids instanceof BigInt64Array
    ? makeVector(ids as Int32Array)
    : vectorFromArray(ids, new Utf8());

/** Ranked items of several queries, as columns of equal length: the results of a query follow each other, best first. */
export class RankedItems {
  /** (rows) which query a row answers, from 0. */
  readonly queries: Uint32Array;
  /** (rows) */
  readonly itemIndices: Uint32Array;
  /** (rows) */
  readonly scores: Float32Array;
  /** (rows) from 1 within each query. */
  readonly ranks: Uint32Array;
  protected readonly data: ModelData;
  #itemIds: IdColumn | undefined;

  constructor(
    data: ModelData,
    columns: { queries: Uint32Array; itemIndices: Uint32Array; scores: Float32Array; ranks: Uint32Array },
  ) {
    this.data = data;
    this.queries = columns.queries;
    this.itemIndices = columns.itemIndices;
    this.scores = columns.scores;
    this.ranks = columns.ranks;
  }

  get length(): number {
    return this.scores.length;
  }

  /** (rows) ids of the recommended items. */
  get itemIds(): IdColumn {
    this.#itemIds ??= idColumn(this.data.items, this.itemIndices);
    return this.#itemIds;
  }

  /** Rows of one query, by its place from 0, with titles and genres. */
  rowsOf(query: number): RankedRow[] {
    return this.rowsWhere((other) => other === query);
  }

  /** Rows of the queries that `wanted` accepts (by position, from 0), with titles and genres. */
  protected rowsWhere(wanted: (query: number) => boolean): RankedRow[] {
    const rows: RankedRow[] = [];
    for (let n = 0; n < this.length; n++) {
      if (!wanted(this.queries[n] as number)) continue;
      const item = this.itemIndices[n] as number;
      const title = titleOf(this.data, item);
      rows.push({
        rank: this.ranks[n] as number,
        itemId: this.data.items.id(item),
        ...(title !== undefined && { title }),
        genres: genresOf(this.data, item),
        score: this.scores[n] as number,
      });
    }
    return rows;
  }

  protected itemColumns(): Record<string, Vector> {
    const columns: Record<string, Vector> = {
      itemId: idVector(this.itemIds),
      score: makeVector(this.scores),
      rank: makeVector(this.ranks),
    };
    if (this.data.itemTable?.getChild('title') != null) {
      columns.title = vectorFromArray(
        Array.from(this.itemIndices, (item) => titleOf(this.data, item) ?? null),
        new Utf8(),
      );
    }
    return columns;
  }
}

/** What `recommend` returns. */
export class Recommendations extends RankedItems {
  /** (queries) user indices; undefined for users given by histories. */
  readonly userIndices: Uint32Array | undefined;
  #userIds: IdColumn | undefined;

  constructor(
    data: ModelData,
    columns: ConstructorParameters<typeof RankedItems>[1],
    userIndices: Uint32Array | undefined,
  ) {
    super(data, columns);
    this.userIndices = userIndices;
  }

  /** (rows) ids of the users; undefined for users given by histories. */
  get userIds(): IdColumn | undefined {
    const { userIndices } = this;
    if (userIndices === undefined) return undefined;
    this.#userIds ??= idColumn(
      this.data.users,
      Uint32Array.from(this.queries, (q) => userIndices[q] as number),
    );
    return this.#userIds;
  }

  /** Rows of one user, or of all, with titles and genres. DataError for an unknown id. */
  rows(user?: Id): RankedRow[] {
    if (user === undefined || this.userIndices === undefined) return this.rowsWhere(() => true);
    const index = this.data.users.expectIndex(user, 'user');
    return this.rowsWhere((query) => this.userIndices?.[query] === index);
  }

  /**
   * Table of userId (of known users) or query (the place in `histories`), itemId, score, rank and title (where known).
   * Numbers share memory.
   */
  toTable(): Table {
    const users = this.userIds;
    const whose: Record<string, Vector> =
      users === undefined ? { query: makeVector(this.queries) } : { userId: idVector(users) };
    return new Table({ ...whose, ...this.itemColumns() });
  }
}

/** What `similarItems` returns. */
export class SimilarItems extends RankedItems {
  /** (queries) indices of the items asked for. */
  readonly queryIndices: Uint32Array;
  #queryIds: IdColumn | undefined;

  constructor(data: ModelData, columns: ConstructorParameters<typeof RankedItems>[1], queryIndices: Uint32Array) {
    super(data, columns);
    this.queryIndices = queryIndices;
  }

  /** (rows) ids of the items asked for. */
  get queryIds(): IdColumn {
    this.#queryIds ??= idColumn(
      this.data.items,
      Uint32Array.from(this.queries, (q) => this.queryIndices[q] as number),
    );
    return this.#queryIds;
  }

  /** Rows of one item asked for, or of all, with titles and genres. DataError for an unknown id. */
  rows(item?: Id): RankedRow[] {
    if (item === undefined) return this.rowsWhere(() => true);
    const index = this.data.items.expectIndex(item, 'item');
    return this.rowsWhere((query) => this.queryIndices[query] === index);
  }

  /** Table of queryId, itemId, score, rank and title (where known). */
  toTable(): Table {
    return new Table({ queryId: idVector(this.queryIds), ...this.itemColumns() });
  }
}
