import { Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';

interface Entry {
  user: number;
  item: number;
  value: number;
  time: number;
}

function fromEntries(entries: readonly Entry[], numUsers: number, numItems: number, withTimes = true): Interactions {
  const offsets = Uint32Array.from({ length: numUsers + 1 }, (_, user) => entries.filter((e) => e.user < user).length);
  return new Interactions({
    numUsers,
    numItems,
    offsets,
    items: Uint32Array.from(entries, (e) => e.item),
    values: Float32Array.from(entries, (e) => e.value),
    times: withTimes ? Float64Array.from(entries, (e) => e.time) : undefined,
  });
}

const entriesOf = ({ users, items, values, times }: Interactions): Entry[] =>
  Array.from(users, (user, i) => ({
    user,
    item: items[i] as number,
    value: values[i] as number,
    time: times?.[i] ?? 0,
  }));

/** Up to 11 users and 7 items, some without entries, in canonical order. */
const arbitrary = (size: number): fc.Arbitrary<Entry[]> =>
  fc.uniqueArray(fc.nat(size * 3), { minLength: size, maxLength: size }).map((cells) =>
    cells
      .sort((a, b) => a - b)
      .map((cell) => ({
        user: Math.floor(cell / 7),
        item: cell % 7,
        value: (cell % 10) / 2,
        time: (cell * 31) % 17,
      })),
  );
const SIZES = [0, 1, 31, 33, 129];

test('users, counts, range and mean', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitrary(size), (entries) => {
        const numUsers = Math.floor((size * 3) / 7) + 2;
        const data = fromEntries(entries, numUsers, 9);
        assert.equal(entriesOf(data), entries);
        assert.is(data.users, data.users);
        const counts = (key: 'user' | 'item', length: number): number[] =>
          Array.from({ length }, (_, i) => entries.filter((e) => e[key] === i).length);
        assert.equal(Array.from(data.userCounts()), counts('user', numUsers));
        assert.equal(Array.from(data.itemCounts()), counts('item', 9));
        const values = entries.map((e) => e.value);
        const none = size === 0;
        assert.equal(data.valueRange(), {
          min: none ? Number.NaN : Math.min(...values),
          max: none ? Number.NaN : Math.max(...values),
        });
        const mean = values.reduce((sum, value) => sum + value, 0) / size;
        assert.ok(none ? Number.isNaN(data.meanValue()) : Math.abs(data.meanValue() - mean) < 1e-12);
      }),
      { numRuns: 30 },
    );
  }
});

test('rows of a user are views', () => {
  const data = fromEntries([{ user: 1, item: 2, value: 3, time: 4 }], 3, 3);
  assert.equal(
    [0, 1, 2].map((user) => Array.from(data.itemsOf(user))),
    [[], [2], []],
  );
  assert.equal(Array.from(data.valuesOf(1)), [3]);
  assert.is(data.itemsOf(1).buffer, data.items.buffer);
  assert.is(data.valuesOf(1).buffer, data.values.buffer);
  for (const user of [-1, 3, 0.5, Number.NaN]) {
    assert.throws(
      () => data.itemsOf(user),
      (error: unknown) => error instanceof RangeError,
    );
    assert.throws(
      () => data.valuesOf(user),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

test('byItem is the transpose', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitrary(size), (entries) => {
        const data = fromEntries(entries, Math.floor((size * 3) / 7) + 1, 8);
        const { offsets, users, values, positions } = data.byItem();
        const expected = entries
          .map((e, position) => ({ ...e, position }))
          .sort((a, b) => a.item - b.item || a.user - b.user);
        assert.equal(
          Array.from(users),
          expected.map((e) => e.user),
        );
        assert.equal(
          Array.from(values),
          expected.map((e) => e.value),
        );
        assert.equal(
          Array.from(positions),
          expected.map((e) => e.position),
        );
        assert.equal(
          Array.from(offsets),
          Array.from({ length: 9 }, (_, i) => entries.filter((e) => e.item < i).length),
        );
        assert.is(data.byItem(), data.byItem());
      }),
      { numRuns: 30 },
    );
  }
});

test('select by positions and by mask', () => {
  for (const size of SIZES) {
    fc.assert(
      fc.property(arbitrary(size), fc.infiniteStream(fc.boolean()), fc.boolean(), (entries, coins, withTimes) => {
        const data = fromEntries(entries, Math.floor((size * 3) / 7) + 1, 7, withTimes);
        const mask = Uint8Array.from(entries, () => (coins.next().value ? 255 : 0));
        const expected = entries.filter((_, i) => mask[i] !== 0).map((e) => (withTimes ? e : { ...e, time: 0 }));
        const positions = Uint32Array.from(mask.keys())
          .filter((i) => mask[i] !== 0)
          .reverse();
        for (const chosen of [mask, positions]) {
          const part = data.select(chosen);
          assert.equal(entriesOf(part), expected);
          assert.equal([part.numUsers, part.numItems, part.size], [data.numUsers, data.numItems, expected.length]);
          assert.is(part.times === undefined, !withTimes);
        }
      }),
      { numRuns: 30 },
    );
  }
});

test('select refuses what does not fit', () => {
  const data = fromEntries([{ user: 0, item: 0, value: 1, time: 1 }], 1, 1);
  assert.throws(() => data.select(Uint32Array.of(1)), /Position 1 is outside 1 interactions/);
  assert.throws(() => data.select(Uint32Array.of(0, 0)), /Position 0 is chosen twice/);
  assert.throws(
    () => data.select(new Uint8Array(2)),
    /Expected a mask of 1 bytes, one for each interaction, received 2/,
  );
});

test('toTable shares memory', () => {
  const data = fromEntries([{ user: 1, item: 2, value: 3.5, time: 4 }], 3, 3);
  const table = data.toTable();
  assert.equal(
    table.toArray().map((row) => row.toJSON()),
    [{ userIndex: 1, itemIndex: 2, value: 3.5, time: 4 }],
  );
  for (const [name, array] of [
    ['userIndex', data.users],
    ['itemIndex', data.items],
    ['value', data.values],
    ['time', data.times],
  ] as const) {
    const values = table.getChild(name)?.data[0]?.values;
    assert.is(values.buffer, array?.buffer);
    assert.is(values.byteOffset, array?.byteOffset);
  }
  assert.equal(
    fromEntries([], 2, 2, false)
      .toTable()
      .schema.fields.map((field) => field.name),
    ['userIndex', 'itemIndex', 'value'],
  );
  assert.is(fromEntries([], 2, 2).toTable().numRows, 0);
  assert.instance(tableFromIPC(tableToIPC(table)), Table);
});

test.run();
