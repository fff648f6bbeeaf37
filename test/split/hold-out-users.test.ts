import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { holdOutUsers } from '../../src/split/hold-out-users.js';
import { partSizes } from '../../src/split/parts.js';
import { arbitraryData, expectPartition, keysOf, SIZES } from './fixtures.js';

test('held-out users stand in histories and test alone, shared out to the row', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitraryData(size), fc.integer(), (data, seed) => {
        const all = data.interactions.userCounts();
        if (all.length < 2) return;
        const users = 1 + (Math.abs(seed) % (all.length - 1));
        const { train, histories, test: held } = holdOutUsers(data, { users, history: 0.7, seed });
        expectPartition(data, [train, histories, held]);
        const [kept, known, tested] = [train, histories, held].map((part) => part.interactions.userCounts());
        let heldOut = 0;
        for (const [user, count] of all.entries()) {
          if (kept?.[user] === count) continue;
          heldOut++;
          assert.is(kept?.[user], 0);
          assert.equal([known?.[user], tested?.[user]], partSizes(count, [0.7, 0.3]));
        }
        assert.is(heldOut, users);
        assert.equal(keysOf(holdOutUsers(data, { users, history: 0.7, seed }).test), keysOf(held));
      }),
      { numRuns: 20 },
    );
  }
});

test('every user is held out as often', () => {
  const [data] = fc.sample(arbitraryData(129), { seed: 1, numRuns: 1 });
  const counts = new Uint32Array(data?.numUsers ?? 0);
  for (let seed = 0; seed < 2000; seed++) {
    const { train } = holdOutUsers(data as never, { users: 3, seed });
    train.interactions.userCounts().forEach((count, user) => {
      if (count === 0) counts[user] = (counts[user] as number) + 1;
    });
  }
  const expected = (2000 * 3) / counts.length;
  for (const count of counts)
    assert.ok(Math.abs(count - expected) < 5 * Math.sqrt(expected), `${count} of ${expected}`);
});

test('a tenth by default; misuse is refused', () => {
  const [data] = fc.sample(arbitraryData(129), { seed: 1, numRuns: 1 });
  const { train } = holdOutUsers(data as never);
  assert.is(
    train.interactions.userCounts().filter((count) => count === 0).length,
    Math.ceil((data?.numUsers ?? 0) / 10),
  );
  assert.throws(() => holdOutUsers(data as never, { users: 0 }), /`users`/);
  assert.throws(() => holdOutUsers(data as never, { users: data?.numUsers }), /`users`/);
  assert.throws(() => holdOutUsers(data as never, { history: 1 }), /`history`.*< 1/);
  assert.throws(() => holdOutUsers(data as never, { share: 0.5 } as never), /`share`/);
});

test.run();
