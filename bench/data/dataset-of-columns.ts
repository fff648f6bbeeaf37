import { Dataset, Interactions, Vocabulary } from '../../src/index.js';
import { type ColumnsHeader, type RatingColumns, readHeader, readPart } from './columns-file.js';

/** One part of a columns file as a Dataset, without a copy; its ids are the indices. */
export function readDatasetPart(file: string, part: 'train' | 'test'): Dataset {
  return datasetOf(file, readPart(file, part), undefined);
}

/** The training part of a file of histories: the places in time stand for times. */
export function readTimedPart(file: string): Dataset {
  const columns = readPart(file, 'train');
  return datasetOf(file, columns, Float64Array.from(columns.values));
}

function datasetOf(file: string, columns: RatingColumns, times: Float64Array | undefined): Dataset {
  const { users, items } = readHeader<ColumnsHeader>(file);
  const indices = (size: number): Vocabulary => new Vocabulary(Int32Array.from({ length: size }, (_, n) => n));
  return new Dataset({
    users: indices(users),
    items: indices(items),
    interactions: new Interactions({ ...columns, numUsers: users, numItems: items, times }),
    implicit: false,
    itemTable: undefined,
    userTable: undefined,
  });
}
