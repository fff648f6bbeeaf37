// Ratings as dense indices in one file that Node and Python read alike, so that a training process holds what training
// needs and no parser: a header of 4,096 bytes (JSON, filled up with spaces), then offsets (users + 1), items and values
// of the training part by user, then the same of the test part, all of 4 bytes.
import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { Interactions } from '../../src/index.js';
import { partialName } from './partial.js';

export const HEADER_BYTES = 4096;

export interface ColumnsHeader {
  users: number;
  items: number;
  trainRatings: number;
  testRatings: number;
}

/** Ratings by user. */
export interface RatingColumns {
  offsets: Uint32Array;
  items: Uint32Array;
  values: Float32Array;
}

type Words = Uint32Array | Float32Array;

/** Writes a header and arrays; the file appears when it is whole. */
export function writeArrays(file: string, header: object, arrays: readonly Words[]): void {
  const partial = partialName(file);
  const descriptor = openSync(partial, 'w');
  writeSync(descriptor, JSON.stringify(header).padEnd(HEADER_BYTES));
  for (const array of arrays) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  }
  closeSync(descriptor);
  renameSync(partial, file);
}

export function readHeader<H>(file: string): H {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, bytes, 0, HEADER_BYTES, 0);
  closeSync(descriptor);
  return JSON.parse(bytes.toString('utf8')) as H;
}

/** Fills arrays from the file, the first from byte `position` on. */
export function readArrays(file: string, position: number, arrays: readonly Words[]): void {
  const descriptor = openSync(file, 'r');
  const { size } = fstatSync(descriptor);
  let from = position;
  for (const array of arrays) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (from + bytes.length > size) throw new Error(`${file} is cut off; remove it, and it will be made again`);
    for (let at = 0; at < bytes.length; ) at += readSync(descriptor, bytes, at, bytes.length - at, from + at);
    from += bytes.length;
  }
  closeSync(descriptor);
}

/** The interactions with the place of each in the history of its user as its value: 0 is the first by time. */
export function withPlaces(data: Interactions): Interactions {
  const { offsets, size, times } = data;
  if (times === undefined) throw new Error('histories need ratings with times');
  const values = new Float32Array(size);
  for (let user = 0; user < data.numUsers; user++) {
    const begin = offsets[user] as number;
    const order = Array.from(times.subarray(begin, offsets[user + 1]), (_, n) => begin + n);
    order.sort((a, b) => (times[a] as number) - (times[b] as number));
    for (const [place, n] of order.entries()) values[n] = place;
  }
  return new Interactions({ ...data, values, times: undefined });
}

export function writeColumns(file: string, train: Interactions, test: Interactions): void {
  const header: ColumnsHeader = {
    users: train.numUsers,
    items: train.numItems,
    trainRatings: train.size,
    testRatings: test.size,
  };
  const arraysOf = ({ offsets, items, values }: Interactions): Words[] => [offsets, items, values];
  writeArrays(file, header, [...arraysOf(train), ...arraysOf(test)]);
}

const empty = (users: number, ratings: number): RatingColumns => ({
  offsets: new Uint32Array(users + 1),
  items: new Uint32Array(ratings),
  values: new Float32Array(ratings),
});

const bytesOf = (users: number, ratings: number): number => 4 * (users + 1 + 2 * ratings);

/** One part alone: a run that does not test never has the test part in memory. */
export function readPart(file: string, part: 'train' | 'test'): RatingColumns {
  const { users, trainRatings, testRatings } = readHeader<ColumnsHeader>(file);
  const columns = empty(users, part === 'train' ? trainRatings : testRatings);
  const position = HEADER_BYTES + (part === 'train' ? 0 : bytesOf(users, trainRatings));
  readArrays(file, position, [columns.offsets, columns.items, columns.values]);
  return columns;
}
