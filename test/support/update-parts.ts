import { makeVector, Table } from 'apache-arrow';
import { Dataset } from '../../src/index.js';

/** Interactions of a dataset with int32 ids as a table. */
export function tableOf({ users, items, interactions: x }: Dataset): Table {
  return new Table({
    userId: makeVector(Int32Array.from(x.users, (user) => users.id(user) as number)),
    itemId: makeVector(Int32Array.from(x.items, (item) => items.id(item) as number)),
    rating: makeVector(x.values.slice()),
    ...(x.times !== undefined && { time: makeVector(x.times.slice()) }),
  });
}

/**
 * A dataset in two: `added` has every ninth user and every twelfth item whole, and every tenth of the other ratings; of
 * `base` these users and items are no part. Their ids stand between those of the others.
 */
export function parts(data: Dataset): { base: Dataset; added: Dataset } {
  const { users, items } = data.interactions;
  const isNew = Uint8Array.from(users, (user, n) =>
    user % 9 === 4 || (items[n] as number) % 12 === 5 || n % 10 === 0 ? 1 : 0,
  );
  const part = (mask: Uint8Array): Dataset => {
    const items = data.itemTable;
    return Dataset.fromTable(tableOf(data.subset(mask)), items && { items });
  };
  return { base: part(isNew.map((x) => 1 - x)), added: part(isNew) };
}
