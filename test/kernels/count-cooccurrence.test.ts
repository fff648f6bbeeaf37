import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NativeCounts } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { countPairs, type LikeLists } from '../oracle/count-cooccurrence.js';
import { likesConfig, randomLikes } from '../support/like-problems.js';
import { atEachLevel } from '../support/train-problems.js';

interface Counted extends NativeCounts {
  offsets: Uint32Array;
  items: Uint32Array;
  counts: Uint32Array;
}

async function count(likes: LikeLists, numItems: number, threads = 1): Promise<Counted> {
  const counter = new (native().Cooccurrence)(likesConfig(likes, numItems, threads));
  const { seconds: _, ...totals } = await counter.count(new Int32Array(1));
  const offsets = new Uint32Array(numItems + 1);
  const items = new Uint32Array(totals.nonzeros);
  const counts = new Uint32Array(totals.nonzeros);
  counter.read({ offsets, items, counts });
  counter.dispose();
  return { ...totals, seconds: 0, offsets, items, counts };
}

function check(counted: Counted, expected: number[][], what: string): void {
  for (const [i, row] of expected.entries()) {
    const range = [counted.offsets[i], counted.offsets[i + 1]] as const;
    const items = row.flatMap((x, j) => (x > 0 ? [j] : []));
    assert.equal([...counted.items.subarray(...range)], items, `${what}: items of row ${i}`);
    assert.equal(
      [...counted.counts.subarray(...range)],
      items.map((j) => row[j]),
      `${what}: counts of row ${i}`,
    );
  }
  const all = expected.flat();
  assert.is(counted.nonzeros, all.filter((x) => x > 0).length, what);
  assert.is(
    counted.sum,
    all.reduce((sum, x) => sum + x, 0),
    what,
  );
  assert.is(
    counted.sumSquares,
    all.reduce((sum, x) => sum + x * x, 0),
    what,
  );
  assert.is(counted.largest, Math.max(0, ...all), what);
}

for (const numItems of [0, 1, 2, 15, 16, 31, 33, 129, 300]) {
  test(`counts of ${numItems} items: the twin's`, async () => {
    for (const numUsers of [0, 1, 33]) {
      const likes = randomLikes(numUsers, numItems, numItems + numUsers);
      const expected = countPairs(likes, numItems);
      await atEachLevel(async (level) => {
        check(await count(likes, numItems), expected, `${level}, ${numUsers} users`);
        check(await count(likes, numItems, 5), expected, `${level}, ${numUsers} users, five threads`);
      });
    }
  });
}

test('a raised flag stops the counting', async () => {
  const counter = new (native().Cooccurrence)(likesConfig(randomLikes(33, 129, 7), 129));
  assert.is((await counter.count(Int32Array.of(1))).status, 'cancelled');
  counter.dispose();
});

test('misuse is refused before anything is read out of bounds', async () => {
  const { Cooccurrence } = native();
  const likes = likesConfig([[0, 2], [1]], 3);
  assert.throws(() => new Cooccurrence({ ...likes, numItems: 2 }), /index out of range/);
  assert.throws(() => new Cooccurrence({ ...likes, offsets: Uint32Array.of(0, 2) }), /not offsets/);
  const counter = new Cooccurrence(likes);
  const target = { offsets: new Uint32Array(4), items: new Uint32Array(2), counts: new Uint32Array(2) };
  assert.throws(() => counter.read(target), /nothing was counted/);
  await counter.count(new Int32Array(1));
  assert.throws(() => counter.read({ ...target, items: new Uint32Array(1) }), /has 1 elements/);
  assert.throws(() => counter.count(new Int32Array(1)), /counted already/);
  counter.dispose();
  assert.throws(() => counter.count(new Int32Array(1)), /disposed/);
});

test.run();
