import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { drawParts, expectFractions, partSizes } from '../../src/split/parts.js';

test('largest remainder', () => {
  assert.equal(partSizes(10, [0.9, 0.1]), [9, 1]);
  assert.equal(partSizes(5, [0.9, 0.1]), [5, 0]);
  assert.equal(partSizes(6, [0.9, 0.1]), [5, 1]);
  assert.equal(partSizes(1, [0.5, 0.5]), [1, 0]);
  assert.equal(partSizes(0, [0.5, 0.5]), [0, 0]);
  assert.equal(partSizes(60_565_552, [0.6, 0.2, 0.2]), [36_339_331, 12_113_111, 12_113_110]);
});

test('sizes sum up and are off by less than one', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31),
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 }),
      (total, weights) => {
        const sum = weights.reduce((a, b) => a + b, 0);
        const sizes = partSizes(
          total,
          weights.map((weight) => weight / sum),
        );
        assert.is(
          sizes.reduce((a, b) => a + b, 0),
          total,
        );
        for (const [i, size] of sizes.entries())
          assert.ok(Math.abs(size - (total * (weights[i] as number)) / sum) < 1 + 1e-6);
      },
    ),
  );
});

test('every arrangement is equally likely', () => {
  const random = new Random(3);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const labels = new Uint8Array(6);
    drawParts(labels, 1, 5, [2, 1, 1], random);
    assert.is(labels[0], 0);
    assert.is(labels[5], 0);
    const key = labels.subarray(1, 5).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.is(counts.size, 12);
  for (const [key, count] of counts) assert.ok(Math.abs(count - 500) < 110, `${key}: ${count}`);
});

test('fractions are checked', () => {
  assert.equal(expectFractions({ a: 0.1, b: 0.2, c: 0.7 }).names, ['a', 'b', 'c']);
  assert.equal(expectFractions({ all: 1 }).shares, [1]);
  for (const [fractions, message] of [
    [{ train: 0.9 }, /Expected `fractions` to be numbers that sum to 1, received 0.9/],
    [{ train: 0.9, valid: 0.1 + 1e-8 }, /numbers that sum to 1/],
    [{ train: 1, valid: 0 }, /Expected `fractions.valid` to be a number > 0 and <= 1, received 0/],
    [{ train: '0.9', valid: 0.1 }, /Expected `fractions.train` to be a number .* received "0.9" \(string\)/],
    [{}, /1 to 255 named parts/],
    [[0.9, 0.1], /an object of numbers/],
    [undefined, /an object of numbers that sum to 1.* received undefined/],
  ] as const) {
    assert.throws(() => expectFractions(fractions), message);
  }
  assert.equal(expectFractions({ train: 0.9, valid: 0.1 + 5e-10 }).names, ['train', 'valid']);
});

test.run();
