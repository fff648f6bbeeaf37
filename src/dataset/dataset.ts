import { makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { extendDataset } from './extend-dataset.js';
import { type DatasetOptions, type DatasetParts, readDataset } from './from-table.js';
import type { Interactions } from './interactions.js';
import { Titles } from './titles.js';
import type { Vocabulary } from './vocabulary.js';

export type { DatasetOptions, DatasetParts } from './from-table.js';

/** Figures of a dataset; ratings are NaN when there are no interactions. */
export interface DatasetSummary {
  users: number;
  items: number;
  interactions: number;
  /** interactions / (users * items) */
  density: number;
  ratingMin: number;
  ratingMax: number;
  ratingMean: number;
}

/** Ratings with the ids and the metadata of their users and items. Immutable. */
export class Dataset {
  readonly users: Vocabulary;
  readonly items: Vocabulary;
  readonly interactions: Interactions;
  /** Every value is 1: there were no ratings, or `positiveThreshold` made likes of them. */
  readonly implicit: boolean;
  /** Metadata with one row an item index, undefined where none was given; a row is null where it lacks the item. */
  readonly itemTable: Table | undefined;
  /** The same for users. */
  readonly userTable: Table | undefined;
  #titles: Titles | undefined;

  constructor({ users, items, interactions, implicit, itemTable, userTable }: DatasetParts) {
    this.users = users;
    this.items = items;
    this.interactions = interactions;
    this.implicit = implicit;
    this.itemTable = itemTable;
    this.userTable = userTable;
  }

  /**
   * A dataset from a table with the columns `userId`, `itemId` and, where there are any, `rating` and `time` (unix
   * seconds or a Timestamp). Indices follow ascending ids and interactions are sorted, so the order of the rows does not
   * matter but for duplicates. Rows that already stand in that order (as in MovieLens files) leave ratings and times where
   * they are: do not write to the memory of the table afterwards. DataError on an empty table, a missing column, nulls,
   * ratings that are not finite, and filters that leave nothing.
   */
  static fromTable(ratings: Table, options: DatasetOptions = {}): Dataset {
    return new Dataset(readDataset(ratings, options));
  }

  get numUsers(): number {
    return this.users.size;
  }

  get numItems(): number {
    return this.items.size;
  }

  get numInteractions(): number {
    return this.interactions.size;
  }

  /** Smallest and largest rating of these interactions; NaN when there are none. */
  get ratingRange(): { min: number; max: number } {
    return this.interactions.valueRange();
  }

  /** Title of an item; undefined where the metadata has none. */
  title(itemIndex: number): string | undefined {
    this.items.id(itemIndex);
    const title: unknown = this.itemTable?.getChild('title')?.get(itemIndex);
    return title == null ? undefined : String(title);
  }

  /** Genres of an item; empty where the metadata has none. */
  genres(itemIndex: number): readonly string[] {
    this.items.id(itemIndex);
    const genres: unknown = this.itemTable?.getChild('genres')?.get(itemIndex);
    if (genres == null) return [];
    return typeof genres === 'string' ? [genres] : Array.from(genres as Iterable<string>);
  }

  /** The item index of a title, as `Titles.find` says. DataError when it is unknown or there are no titles. */
  findTitle(text: string): number {
    this.#titles ??= new Titles(this.itemTable, this.interactions.itemCounts());
    return this.#titles.find(text);
  }

  /**
   * How often each genre occurs: genre (Utf8), items and interactions of it (Uint32), most items first, then by name. An
   * item counts once for each of its genres.
   */
  genreCounts(): Table {
    const counts = new Map<string, { items: number; interactions: number }>();
    const itemCounts = this.interactions.itemCounts();
    for (let item = 0; item < itemCounts.length; item++) {
      for (const genre of this.genres(item)) {
        const count = counts.get(genre) ?? { items: 0, interactions: 0 };
        count.items++;
        count.interactions += itemCounts[item] as number;
        counts.set(genre, count);
      }
    }
    const rows = Array.from(counts, ([genre, count]) => ({ genre, ...count }));
    rows.sort((a, b) => b.items - a.items || (a.genre < b.genre ? -1 : 1));
    return new Table({
      genre: vectorFromArray(
        rows.map((row) => row.genre),
        new Utf8(),
      ),
      items: makeVector(Uint32Array.from(rows, (row) => row.items)),
      interactions: makeVector(Uint32Array.from(rows, (row) => row.interactions)),
    });
  }

  /** Some of the interactions, by positions or mask as in `Interactions.select`; same vocabularies and metadata. */
  subset(chosen: Uint32Array | Uint8Array): Dataset {
    return new Dataset({ ...this, interactions: this.interactions.select(chosen) });
  }

  /**
   * These interactions and those of another dataset; of a pair that both have, the other's. Ids that this one lacks get the
   * indices behind its own, in ascending order, so that old indices stay; known ids keep their metadata, and columns that
   * this one does not have are left out, as are times where it has none. DataError when one has ratings and the other
   * likes, when this one has times and the other none, and on ids or metadata columns of different types.
   */
  extend(other: Dataset): Dataset {
    return new Dataset(extendDataset(this, other));
  }

  describe(): DatasetSummary {
    const { min, max } = this.ratingRange;
    return {
      users: this.numUsers,
      items: this.numItems,
      interactions: this.numInteractions,
      density: this.numInteractions / (this.numUsers * this.numItems),
      ratingMin: min,
      ratingMax: max,
      ratingMean: this.interactions.meanValue(),
    };
  }
}
