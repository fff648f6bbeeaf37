import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kFold } from '../../src/split/k-fold.js';
import { arbitraryData, datasetOf, expectPartition, keysOf, SIZES } from './fixtures.js';

test('test parts are a partition, each with the rest as train', () => {
  for (const size of SIZES.filter((size) => size > 1)) {
    fc.assert(
      fc.property(
        arbitraryData(size),
        fc.integer({ min: 2, max: Math.min(size, 7) }),
        fc.integer(),
        (data, folds, seed) => {
          const parts = kFold(data, { folds, seed });
          assert.is(parts.length, folds);
          expectPartition(
            data,
            parts.map((part) => part.test),
          );
          for (const part of parts) expectPartition(data, [part.train, part.test]);
          const sizes = parts.map((part) => part.test.numInteractions);
          assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
          assert.equal(
            kFold(data, { folds, seed }).map((part) => keysOf(part.test)),
            parts.map((part) => keysOf(part.test)),
          );
        },
      ),
      { numRuns: 15 },
    );
  }
});

test('five folds of seed 42 by default; the seed matters', () => {
  const data = datasetOf(Array.from({ length: 129 }, (_, i) => ({ user: i % 3, item: i, time: 0 })));
  const first = (seed?: number): string[] => keysOf((kFold(data, { seed })[0] as (typeof folds)[number]).test);
  const folds = kFold(data);
  assert.is(folds.length, 5);
  assert.equal(first(42), first());
  assert.not.equal(first(43), first());
});

test('misuse', () => {
  const data = datasetOf([
    { user: 1, item: 1, time: 1 },
    { user: 1, item: 2, time: 1 },
  ]);
  assert.throws(() => kFold(data, { folds: 1 }), /Expected `folds` to be an integer >= 2 and <= 2, received 1/);
  assert.throws(() => kFold(data, { folds: 3 }), /Expected `folds`/);
  assert.throws(() => kFold(data, { fold: 3 } as never), /did you mean `folds`/);
});

test.run();
