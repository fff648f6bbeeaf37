import { Table } from 'apache-arrow';
import { DataError } from '../errors.js';
import { expectBoolean, expectInt, expectKnownKeys, expectNumber, expectOneOf, typeError } from '../options.js';
import { alignMetadata, type MetadataIds, readMetadataIds } from './align-metadata.js';
import { buildCsr } from './build-csr.js';
import { expectColumn, type NumberArray, optionalColumn, readNumbers, readTimes } from './columns.js';
import { type Duplicates, resolveDuplicates } from './duplicates.js';
import { encodeIds } from './encode-ids.js';
import { filterCounts } from './filter-counts.js';
import { Interactions } from './interactions.js';
import { type IndexMap, reindex } from './reindex.js';
import type { Vocabulary } from './vocabulary.js';

/** Options of `Dataset.fromTable`. */
export interface DatasetOptions {
  /** Metadata of items: `itemId`, and what there is of `title`, `genres` (list of strings), `year`, further columns. */
  items?: Table;
  /** Metadata of users: `userId`, and what there is of `age`, `sex`, `occupation`, further columns. */
  users?: Table;
  /** Leaves out users with fewer ratings. Together with `minItemRatings` repeated until both hold (k-core). */
  minUserRatings?: number;
  /** Leaves out items with fewer ratings. */
  minItemRatings?: number;
  /** Keeps ratings of at least this, as implicit likes of value 1. Comes before all other filters. */
  positiveThreshold?: number;
  /**
   * Several rows of one user and item. 'last' (default): the latest time, of equal ones or without times the last row.
   * 'mean': the mean rating at the latest time. 'error': DataError.
   */
  duplicates?: Duplicates;
  /** Gives an index to ids of `items` and `users` without ratings, too: needed for cold start. Default false. */
  includeUnrated?: boolean;
}

/** What a dataset is made of. */
export interface DatasetParts {
  users: Vocabulary;
  items: Vocabulary;
  interactions: Interactions;
  implicit: boolean;
  itemTable?: Table | undefined;
  userTable?: Table | undefined;
}

const KNOWN = [
  'items',
  'users',
  'minUserRatings',
  'minItemRatings',
  'positiveThreshold',
  'duplicates',
  'includeUnrated',
] as const satisfies readonly (keyof DatasetOptions)[];

const count = (value: number): string => value.toLocaleString('en-US');

/** What `Dataset.fromTable` does. */
export function readDataset(ratings: Table, options: DatasetOptions = {}): DatasetParts {
  expectKnownKeys('Dataset.fromTable', options, KNOWN);
  if (!Table.isTable(ratings)) throw typeError('ratings', 'an Arrow Table', ratings);
  for (const name of ['items', 'users'] as const) {
    if (options[name] !== undefined && !Table.isTable(options[name])) {
      throw typeError(name, 'an Arrow Table', options[name]);
    }
  }
  const minUser = expectInt('minUserRatings', options.minUserRatings ?? 0, { min: 0 });
  const minItem = expectInt('minItemRatings', options.minItemRatings ?? 0, { min: 0 });
  const duplicates = expectOneOf('duplicates', options.duplicates ?? 'last', ['last', 'mean', 'error']);
  const includeUnrated = expectBoolean('includeUnrated', options.includeUnrated ?? false);
  const threshold =
    options.positiveThreshold === undefined ? undefined : expectNumber('positiveThreshold', options.positiveThreshold);
  if (ratings.numRows === 0) throw new DataError('The ratings table has no rows');

  const users = encodeIds(expectColumn(ratings, 'userId', 'ratings'), 'userId', 'ratings');
  const items = encodeIds(expectColumn(ratings, 'itemId', 'ratings'), 'itemId', 'ratings');
  const ratingColumn =
    threshold === undefined ? optionalColumn(ratings, 'rating', 'ratings') : expectColumn(ratings, 'rating', 'ratings');
  const timeColumn = optionalColumn(ratings, 'time', 'ratings');
  const values = ratingColumn && readNumbers(ratingColumn, 'rating', 'ratings');
  const times = timeColumn && readTimes(timeColumn, 'time', 'ratings');
  const implicit = values === undefined || threshold !== undefined;
  const kept = values && threshold !== undefined ? maskPositive(values, threshold) : undefined;
  const itemIds = options.items && readMetadataIds(options.items, 'itemId', 'items', items.vocabulary);
  const userIds = options.users && readMetadataIds(options.users, 'userId', 'users', users.vocabulary);

  const all = buildCsr(users, items, implicit ? undefined : values, times, kept);
  const unique = resolveDuplicates(all, duplicates, users.vocabulary, items.vocabulary);
  const alive = filterCounts(unique, minUser, minItem);
  if (!alive.users.includes(1)) throw nothingLeft(minUser, minItem);

  const userSpace = keepIds(users.vocabulary, alive.users, includeUnrated ? userIds : undefined);
  const itemSpace = keepIds(items.vocabulary, alive.items, includeUnrated ? itemIds : undefined);
  const csr =
    userSpace.map === undefined && itemSpace.map === undefined
      ? unique
      : reindex(
          unique,
          userSpace.map ?? identity(unique.numUsers),
          userSpace.vocabulary.size,
          itemSpace.map ?? identity(unique.numItems),
          itemSpace.vocabulary.size,
        );
  return {
    users: userSpace.vocabulary,
    items: itemSpace.vocabulary,
    interactions: new Interactions(csr),
    implicit,
    itemTable: itemIds && alignMetadata(options.items as Table, 'itemId', itemIds, itemSpace.vocabulary),
    userTable: userIds && alignMetadata(options.users as Table, 'userId', userIds, userSpace.vocabulary),
  };
}

/** (rows) 1 where the rating reaches the threshold, both as float32: 4.1 read from a Float32 column reaches 4.1. */
function maskPositive(values: NumberArray, threshold: number): Uint8Array {
  const limit = Math.fround(threshold);
  const mask = new Uint8Array(values.length);
  let positive = 0;
  let max = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < mask.length; row++) {
    const value = Math.fround(values[row] as number);
    if (value > max) max = value;
    if (value >= limit) {
      mask[row] = 1;
      positive++;
    }
  }
  if (positive === 0) {
    throw new DataError(
      `\`positiveThreshold\` ${threshold} leaves none of ${count(mask.length)} ratings; the largest is ${max}`,
    );
  }
  return mask;
}

function nothingLeft(minUser: number, minItem: number): DataError {
  const filters = [minUser > 0 && `\`minUserRatings\` ${minUser}`, minItem > 0 && `\`minItemRatings\` ${minItem}`];
  const named = filters.filter((filter) => filter !== false);
  return new DataError(`${named.join(' and ')} ${named.length > 1 ? 'together leave' : 'leaves'} no ratings`);
}

/** The ids that stay, and where old indices go; no map when nothing changes. */
function keepIds(
  vocabulary: Vocabulary,
  alive: Uint8Array,
  metadata: MetadataIds | undefined,
): { vocabulary: Vocabulary; map: IndexMap | undefined } {
  const isComplete = !alive.includes(0);
  if (isComplete && metadata === undefined) return { vocabulary, map: undefined };
  const kept = isComplete
    ? vocabulary
    : vocabulary.subset(Uint32Array.from(alive.keys()).filter((i) => alive[i] === 1));
  const target = metadata === undefined ? kept : kept.union(metadata.vocabulary);
  const map = new Int32Array(vocabulary.size);
  for (let i = 0; i < map.length; i++) map[i] = alive[i] === 1 ? target.index(vocabulary.id(i)) : -1;
  return { vocabulary: target, map };
}

function identity(size: number): IndexMap {
  return Int32Array.from({ length: size }, (_, i) => i);
}
