import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { partSizes } from '../../src/split/parts.js';
import { splitByUser } from '../../src/split/split-by-user.js';
import { arbitraryData, datasetOf, expectPartition, keysOf, SIZES } from './fixtures.js';

test('each user is shared out; every user stands in the first part', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitraryData(size), fc.integer(), (data, seed) => {
        for (const shares of [
          [0.9, 0.05, 0.05],
          [0.2, 0.7, 0.1],
        ] as const) {
          const fractions = { first: shares[0], second: shares[1], third: shares[2] };
          const { first, second, third } = splitByUser(data, { fractions, seed });
          expectPartition(data, [first, second, third]);
          const counts = [first, second, third].map((part) => part.interactions.userCounts());
          for (const [user, count] of data.interactions.userCounts().entries()) {
            const sizes = partSizes(count, shares);
            assert.equal(
              counts.map((of) => of[user]),
              sizes[0] === 0 ? [count, 0, 0] : sizes,
            );
          }
          assert.equal(keysOf(splitByUser(data, { fractions, seed }).second), keysOf(second));
        }
      }),
      { numRuns: 20 },
    );
  }
});

test('small users stay in the first part', () => {
  for (const [count, expected] of [
    [1, 0],
    [5, 0],
    [6, 1],
    [15, 1],
    [16, 2],
  ] as const) {
    const data = datasetOf(Array.from({ length: count }, (_, item) => ({ user: 3, item, time: 0 })));
    const { valid } = splitByUser(data, { fractions: { train: 0.9, valid: 0.1 } });
    assert.is(valid.numInteractions, expected, `${count} rows`);
  }
});

test('the seed matters', () => {
  const data = datasetOf(Array.from({ length: 129 }, (_, i) => ({ user: i % 3, item: i, time: 0 })));
  const parts = [1, 2].map((seed) => keysOf(splitByUser(data, { fractions: { a: 0.5, b: 0.5 }, seed }).a));
  assert.not.equal(parts[0], parts[1]);
});

test.run();
