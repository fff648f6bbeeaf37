import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';
import { Random } from '../../src/dataset/random.js';
import { itemsByTime } from '../../src/dataset/time-order.js';

/** Users with 0, 1, 2, 40 and 33 items; `timeOf` draws a time. */
function interactions(timeOf: (random: Random) => number): Interactions {
  const random = new Random(3);
  const offsets = Uint32Array.of(0, 0, 1, 3, 43, 76);
  const items = Uint32Array.from({ length: 76 }, (_, n) => n - offsets[offsets.findLastIndex((o) => o <= n)]);
  const times = Float64Array.from(items, () => timeOf(random));
  return new Interactions({ numUsers: 5, numItems: 40, offsets, items, values: new Float32Array(76), times });
}

function naive(data: Interactions): number[] {
  const { offsets, items, times } = data;
  return Array.from({ length: data.numUsers }, (_, user) =>
    Array.from(items.keys())
      .slice(offsets[user], offsets[user + 1])
      .sort((a, b) => (times as Float64Array)[a] - (times as Float64Array)[b] || a - b)
      .map((n) => items[n]),
  ).flat();
}

const kinds: Record<string, (random: Random) => number> = {
  seconds: (random) => 1_500_000_000 + random.below(10),
  'seconds before 1970': (random) => -random.below(1_000_000),
  fractions: (random) => random.below(20) / 8,
  'whole numbers too far apart to hold a place': (random) => random.below(3) * 2 ** 51,
};

for (const [name, timeOf] of Object.entries(kinds)) {
  test(`${name}: by time, then by item`, () => {
    const data = interactions(timeOf);
    assert.equal(Array.from(itemsByTime(data, data.times as Float64Array)), naive(data));
  });
}

test.run();
