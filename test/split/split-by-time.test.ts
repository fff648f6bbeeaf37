import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/dataset/dataset.js';
import { DataError } from '../../src/errors.js';
import { partSizes } from '../../src/split/parts.js';
import { splitByTime } from '../../src/split/split-by-time.js';
import { arbitraryData, datasetOf, expectPartition, SIZES } from './fixtures.js';

const timesOf = (data: Dataset): number[] => Array.from(data.interactions.times as Float64Array);

/** Part of each time by definition: rows in order of time, each with the first row of the same time. */
function slowSizes(times: readonly number[], shares: readonly number[]): number[] {
  const sorted = times.slice().sort((a, b) => a - b);
  const bounds = partSizes(times.length, shares);
  const partOf = (rank: number): number => {
    let end = 0;
    for (const [part, size] of bounds.entries()) {
      end += size;
      if (rank < end) return part;
    }
    return bounds.length - 1;
  };
  const sizes = shares.map(() => 0);
  for (const time of sorted) sizes[partOf(sorted.indexOf(time))] = (sizes[partOf(sorted.indexOf(time))] as number) + 1;
  return sizes;
}

test('earlier rows in earlier parts, ties together', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitraryData(size), (data) => {
        const parts = Object.values(splitByTime(data, { fractions: { a: 0.5, b: 0.3, c: 0.2 } }));
        expectPartition(data, parts);
        assert.equal(
          parts.map((part) => part.numInteractions),
          slowSizes(timesOf(data), [0.5, 0.3, 0.2]),
        );
        for (const [i, part] of parts.entries()) {
          for (const later of parts.slice(i + 1)) {
            for (const time of timesOf(part)) assert.ok(timesOf(later).every((other) => other > time));
          }
        }
      }),
      { numRuns: 25 },
    );
  }
});

test('sizes are exact without ties', () => {
  const data = datasetOf(Array.from({ length: 33 }, (_, i) => ({ user: i % 4, item: i, time: (i * 5) % 33 })));
  const { train, test: held } = splitByTime(data, { fractions: { train: 0.8, test: 0.2 } });
  assert.equal([train.numInteractions, held.numInteractions], [26, 7]);
});

test('one time only: all in the first part', () => {
  const data = datasetOf(Array.from({ length: 9 }, (_, i) => ({ user: 1, item: i, time: 5 })));
  const { a, b } = splitByTime(data, { fractions: { a: 0.1, b: 0.9 } });
  assert.equal([a.numInteractions, b.numInteractions], [9, 0]);
});

test('before a moment', () => {
  const data = datasetOf(Array.from({ length: 9 }, (_, i) => ({ user: 1, item: i, time: i })));
  const { train, test: held } = splitByTime(data, { before: 6 });
  expectPartition(data, [train, held]);
  assert.equal(timesOf(train), [0, 1, 2, 3, 4, 5]);
  assert.equal(timesOf(held), [6, 7, 8]);
  assert.is(splitByTime(data, { before: -1 }).train.numInteractions, 0);
});

test('misuse', () => {
  const data = datasetOf([{ user: 1, item: 1, time: 1 }]);
  const none = datasetOf([{ user: 1, item: 1, time: 1 }], false);
  assert.throws(() => splitByTime(data, {} as never), /one of `fractions` and `before`/);
  assert.throws(
    () => splitByTime(data, { before: 1, fractions: { a: 1 } } as never),
    /one of `fractions` and `before`/,
  );
  assert.throws(() => splitByTime(data, { before: '2015' } as never), /Expected `before` to be a number/);
  for (const options of [{ before: 1 }, { fractions: { a: 1 } }]) {
    assert.throws(
      () => splitByTime(none, options as never),
      (error: unknown) => error instanceof DataError && /splitByTime needs times/.test(error.message),
    );
  }
});

test.run();
