import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../../src/dataset/interactions.js';
import { Random } from '../../../src/dataset/random.js';
import { queryAt } from '../../../src/recommend/moments.js';
import { layOutMoments, withoutMoments } from '../../../src/train/bayesian/moments.js';

function randomInteractions(
  sizes: readonly number[],
  seed: number,
): { interactions: Interactions; times: Float64Array } {
  const random = new Random(seed);
  const offsets = Uint32Array.from([0, ...sizes.map((_, u) => sizes.slice(0, u + 1).reduce((a, b) => a + b, 0))]);
  const size = offsets.at(-1) as number;
  const items = Uint32Array.from(sizes.flatMap((count) => Array.from({ length: count }, (_, n) => n)));
  const times = Float64Array.from({ length: size }, () => random.below(3) * 86_400 + random.below(5) * 500 - 90_000);
  const interactions = new Interactions({
    numUsers: sizes.length,
    numItems: 200,
    offsets,
    items,
    values: new Float32Array(size),
    times,
  });
  return { interactions, times };
}

test('every rating is in the day and the ten minutes of its user, days hold their minutes', () => {
  for (const [seed, sizes] of [[3, 0, 1, 33, 129], [0], [1], [31]].entries()) {
    const { interactions, times } = randomInteractions(sizes, seed);
    const { order, levels, queries } = layOutMoments(interactions, times);
    assert.equal(
      Array.from(order).sort((a, b) => a - b),
      [...order.keys()],
    );
    let first = sizes.length;
    let rows = interactions.users;
    for (const { seconds, offsets, slots, ratings, parents } of levels) {
      const finer = new Uint32Array(order.length);
      for (let user = 0; user < sizes.length; user++) {
        for (let label = offsets[user] as number; label < (offsets[user + 1] as number); label++) {
          assert.ok((ratings[label] as number) < (ratings[label + 1] as number), 'no empty slot');
          for (let t = ratings[label] as number; t < (ratings[label + 1] as number); t++) {
            assert.is(interactions.users[order[t] as number], user);
            assert.is(Math.floor((times[order[t] as number] as number) / seconds), slots[label]);
            assert.is(parents[label], rows[t]);
            finer[t] = first + label;
          }
          if (label > (offsets[user] as number)) assert.ok((slots[label] as number) > (slots[label - 1] as number));
        }
      }
      assert.is(ratings.at(-1), order.length);
      assert.is(slots.length, offsets.at(-1));
      first += slots.length;
      rows = finer;
    }
    assert.equal(queries, rows);
    for (const [t, at] of order.entries()) {
      assert.is(queryAt(levels, sizes.length, interactions.users[at] as number, times[at] as number), queries[t]);
    }
  }
});

test('a time finds the finest slot that there is, else the user', () => {
  const [day, sitting] = [86_400, 600];
  const levels = [
    { name: 'day', seconds: day, offsets: Uint32Array.of(0, 2, 2), slots: Float64Array.of(-1, 5) },
    { name: 'sitting', seconds: sitting, offsets: Uint32Array.of(0, 1, 1), slots: Float64Array.of(5 * 144) },
  ];
  assert.is(queryAt(levels, 2, 0, 5 * day + 599.5), 4);
  assert.is(queryAt(levels, 2, 0, 5 * day + 600), 3);
  assert.is(queryAt(levels, 2, 0, -1), 2);
  assert.is(queryAt(levels, 2, 0, 0), 0);
  assert.is(queryAt(levels, 2, 0, Number.NaN), 0);
  assert.is(queryAt(levels, 2, 1, 5 * day), 1);
  assert.is(queryAt([], 2, 1, 5 * day), 1);
});

test('without moments ratings stay in their order', () => {
  const { interactions } = randomInteractions([2, 0, 3], 1);
  assert.equal(withoutMoments(interactions), {
    order: Uint32Array.of(0, 1, 2, 3, 4),
    levels: [],
    queries: interactions.users,
  });
});

test.run();
