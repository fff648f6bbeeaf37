import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { aliasTable, dealItems, drawSlot } from '../oracle/item-groups.js';
import { OracleRng } from '../oracle/train-rng.js';

/** Popularity as in real data: a few items with most of the weight. */
const noise = Float64Array.from({ length: 300 }, (_, item) => (item % 7 === 6 ? 0 : (1000 / (item + 1)) ** 0.75));

test('an alias table holds each item with its share of the weight', () => {
  const items = [3, 0, 1, 2, 9];
  const total = items.reduce((sum, item) => sum + noise[item], 0);
  const slots = aliasTable(items, noise);
  for (const item of items) {
    const chance = slots.reduce((sum, { threshold, items: [first, second] }) => {
      const share = threshold / 2 ** 32;
      return sum + (first === item ? share : 0) + (second === item ? 1 - share : 0);
    }, 0);
    assert.ok(Math.abs(chance / items.length - noise[item] / total) < 1e-8, `item ${item}`);
  }
});

test('draws follow the weights: chi-square', () => {
  const items = Array.from(noise.keys()).filter((item) => noise[item] > 0);
  const total = noise.reduce((a, b) => a + b, 0);
  const slots = aliasTable(items, noise);
  const rng = new OracleRng(5, 0n);
  const draws = 200_000;
  const counts = new Float64Array(noise.length);
  for (let n = 0; n < draws; n++) counts[drawSlot(slots, rng.next())]++;
  let chiSquare = 0;
  for (const item of items) {
    const expected = (draws * noise[item]) / total;
    assert.ok(expected > 20);
    chiSquare += (counts[item] - expected) ** 2 / expected;
  }
  assert.is(counts[6], 0, 'an item without weight');
  const freedom = items.length - 1;
  // Five standard deviations of a chi-square distribution; a seed that passes goes on passing.
  assert.ok(Math.abs(chiSquare - freedom) < 5 * Math.sqrt(2 * freedom), `${chiSquare} of ${freedom}`);
});

test('groups share the weight about equally, and are dealt anew from each state', () => {
  const rng = new OracleRng(5, 1n);
  const groups = dealItems(noise, rng);
  assert.is(groups.length, 2);
  assert.equal(
    groups.flat().sort((a, b) => a - b),
    Array.from(noise.keys()).filter((item) => noise[item] > 0),
  );
  assert.ok(Math.abs(groups[0].length - groups[1].length) <= 1);
  assert.not.equal(dealItems(noise, rng), groups);
});

test.run();
