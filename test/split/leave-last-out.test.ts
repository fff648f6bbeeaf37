import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/dataset/dataset.js';
import { DataError } from '../../src/errors.js';
import { leaveLastOut } from '../../src/split/leave-last-out.js';
import { arbitraryData, datasetOf, expectPartition, keysOf, SIZES } from './fixtures.js';

/** Test and valid rows of each user by sorting all of his rows. */
function slowParts(data: Dataset, n: number, hasValid: boolean): { valid: string[]; test: string[] } {
  const { offsets, items, times } = data.interactions;
  const keys = keysOf(data);
  const out = { valid: [] as string[], test: [] as string[] };
  for (let user = 0; user < data.numUsers; user++) {
    const positions = Array.from(keys.keys()).slice(offsets[user], offsets[user + 1]);
    positions.sort(
      (a, b) => (times?.[a] as number) - (times?.[b] as number) || (items[a] as number) - (items[b] as number),
    );
    if (positions.length <= (hasValid ? 2 * n : n)) continue;
    out.test.push(...positions.splice(-n).map((position) => keys[position] as string));
    if (hasValid) out.valid.push(...positions.splice(-n).map((position) => keys[position] as string));
  }
  return out;
}

test('equals its slow twin', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitraryData(size), fc.integer({ min: 1, max: 4 }), (data, n) => {
        const two = leaveLastOut(data, { n });
        expectPartition(data, [two.train, two.test]);
        assert.equal(keysOf(two.test).sort(), slowParts(data, n, false).test.sort());
        const three = leaveLastOut(data, { n, valid: true });
        expectPartition(data, [three.train, three.valid, three.test]);
        const slow = slowParts(data, n, true);
        assert.equal(keysOf(three.test).sort(), slow.test.sort());
        assert.equal(keysOf(three.valid).sort(), slow.valid.sort());
      }),
      { numRuns: 25 },
    );
  }
});

test('the last by time, of equal times the larger item', () => {
  const data = datasetOf([
    { user: 1, item: 5, time: 9 },
    { user: 1, item: 7, time: 9 },
    { user: 1, item: 8, time: 1 },
    { user: 2, item: 5, time: 1 },
  ]);
  const { train, test: held } = leaveLastOut(data);
  assert.equal(Array.from(held.interactions.values), [1007]);
  assert.is(train.numInteractions, 3);
  assert.not('valid' in leaveLastOut(data));
});

test('misuse', () => {
  const data = datasetOf([{ user: 1, item: 1, time: 1 }]);
  assert.throws(() => leaveLastOut(data, { n: 0 }), /Expected `n` to be an integer >= 1/);
  assert.throws(() => leaveLastOut(data, { valid: 1 } as never), /Expected `valid` to be true or false/);
  assert.throws(
    () => leaveLastOut(datasetOf([{ user: 1, item: 1, time: 1 }], false)),
    (error: unknown) => error instanceof DataError && /leaveLastOut needs times/.test(error.message),
  );
});

test.run();
