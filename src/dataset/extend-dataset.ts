import { DataError } from '../errors.js';
import { extendMetadata } from './extend-metadata.js';
import type { DatasetParts } from './from-table.js';
import { mergeInteractions, moveInteractions } from './merge-interactions.js';

/** What `Dataset.extend` does. */
export function extendDataset(base: DatasetParts, added: DatasetParts): DatasetParts {
  if (base.implicit !== added.implicit) {
    throw new DataError(
      base.implicit
        ? 'The new interactions have ratings, the known ones are likes without. Leave the column `rating` out, or make likes of them with `positiveThreshold`.'
        : 'The new interactions have no ratings, the known ones do; the column `rating` is missing',
      { column: 'rating' },
    );
  }
  if (base.interactions.times !== undefined && added.interactions.times === undefined) {
    throw new DataError('The new interactions have no times, the known ones do; the column `time` is missing', {
      column: 'time',
    });
  }
  const users = base.users.extend(added.users);
  const items = base.items.extend(added.items);
  const of = (side: 'user' | 'item') => ({ key: `${side}Id`, what: `${side}s` });
  return {
    users,
    items,
    interactions: mergeInteractions(base.interactions, moveInteractions(added, users, items)),
    implicit: base.implicit,
    itemTable: extendMetadata(
      { vocabulary: base.items, table: base.itemTable },
      { vocabulary: added.items, table: added.itemTable },
      items,
      of('item'),
    ),
    userTable: extendMetadata(
      { vocabulary: base.users, table: base.userTable },
      { vocabulary: added.users, table: added.userTable },
      users,
      of('user'),
    ),
  };
}
