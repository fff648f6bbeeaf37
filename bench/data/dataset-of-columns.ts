import { Dataset, Interactions, Vocabulary } from '../../src/index.js';
import { type ColumnsHeader, readHeader, readPart } from './columns-file.js';

/** One part of a columns file as a Dataset, without a copy; its ids are the indices. */
export function readDatasetPart(file: string, part: 'train' | 'test'): Dataset {
  const { users, items } = readHeader<ColumnsHeader>(file);
  const columns = readPart(file, part);
  const indices = (size: number): Vocabulary => new Vocabulary(Int32Array.from({ length: size }, (_, n) => n));
  return new Dataset({
    users: indices(users),
    items: indices(items),
    interactions: new Interactions({ ...columns, numUsers: users, numItems: items, times: undefined }),
    implicit: false,
    itemTable: undefined,
    userTable: undefined,
  });
}
