import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/dataset/dataset.js';
import { partSizes } from '../../src/split/parts.js';
import { splitRandom } from '../../src/split/split-random.js';
import { arbitraryData, datasetOf, expectPartition, keysOf, SIZES } from './fixtures.js';

test('parts are disjoint, complete and of the sizes asked for; the seed decides', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitraryData(size), fc.integer(), (data, seed) => {
        const fractions = { train: 0.6, valid: 0.3, test: 0.1 };
        const { train, valid, test: held } = splitRandom(data, { fractions, seed });
        expectPartition(data, [train, valid, held]);
        assert.equal(
          [train, valid, held].map((part) => part.numInteractions),
          partSizes(size, [0.6, 0.3, 0.1]),
        );
        assert.equal(keysOf(splitRandom(data, { fractions, seed }).train), keysOf(train));
        if (size < 31) return;
        assert.not.equal(keysOf(splitRandom(data, { fractions, seed: seed + 1 }).train), keysOf(train));
      }),
      { numRuns: 20 },
    );
  }
});

test('keys are typed and kept, the seed is 42 by default', () => {
  const data = datasetOf(Array.from({ length: 100 }, (_, i) => ({ user: i % 7, item: i, time: i })));
  const { train, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 } });
  const parts: readonly Dataset[] = [train, valid];
  assert.equal(
    parts.map((part) => part.numInteractions),
    [90, 10],
  );
  assert.equal(keysOf(train), keysOf(splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: 42 }).train));
  // @ts-expect-error only the keys given are there
  assert.is(splitRandom(data, { fractions: { train: 0.9, valid: 0.1 } }).test, undefined);
});

test('the order of the rows read does not matter', () => {
  const rows = Array.from({ length: 129 }, (_, i) => ({ user: (i * 7) % 13, item: i, time: i }));
  const split = (data: Dataset): string[] => keysOf(splitRandom(data, { fractions: { a: 0.5, b: 0.5 } }).a);
  assert.equal(split(datasetOf(rows)), split(datasetOf(rows.slice().reverse())));
});

test('misuse', () => {
  const data = datasetOf([{ user: 1, item: 1, time: 1 }]);
  assert.throws(
    () => splitRandom(data, { fraction: { a: 1 } } as never),
    /Unknown option `fraction`.*did you mean `fractions`/,
  );
  assert.throws(
    () => splitRandom(data, { fractions: { a: 1 }, seed: 0.5 }),
    /Expected `seed` to be an integer, received 0.5/,
  );
  assert.throws(() => splitRandom(data, undefined as never), /Expected `splitRandom` to be an options object/);
});

test.run();
