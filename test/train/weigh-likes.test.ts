import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { weighLikes } from '../../src/train/weigh-likes.js';
import { denseOf, randomInteractions } from '../support/weight-problems.js';

/** The formulas of weighLikes, on a dense matrix. */
function weighed(x: readonly number[][], weighting: 'tfIdf' | 'bm25'): number[][] {
  const total = (item: number): number => x.reduce((sum, row) => sum + row[item], 0);
  const items = x[0].map((_, item) => item).filter((item) => total(item) > 0);
  const mean = items.reduce((sum, item) => sum + total(item), 0) / items.length;
  return x.map((row) => {
    const count = row.filter((value) => value > 0).length;
    return row.map((value, item) => {
      if (value === 0) return 0;
      if (weighting === 'tfIdf') return Math.sqrt(value) * Math.log(items.length / count);
      const rarity = Math.log(1 + (items.length - count + 0.5) / (count + 0.5));
      return ((2.2 * value) / (value + 1.2 * (0.25 + (0.75 * total(item)) / mean))) * rarity;
    });
  });
}

for (const rated of [false, true]) {
  test(`likes are weighed as text is, ${rated ? 'by ratings' : 'all 1'}`, () => {
    const likes = randomInteractions(31, 33, 4, rated);
    assert.is(weighLikes(likes, likes.values, 'none'), likes.values);
    for (const weighting of ['tfIdf', 'bm25'] as const) {
      const expected = weighed(denseOf(likes), weighting);
      const found = weighLikes(likes, likes.values, weighting);
      for (const [n, item] of likes.items.entries()) {
        const value = expected[likes.users[n]][item];
        assert.ok(Math.abs(found[n] - value) <= 1e-6 * Math.abs(value), `${weighting} at ${n}`);
      }
    }
  });
}

test.run();
