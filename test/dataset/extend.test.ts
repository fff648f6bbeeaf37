// A dataset with more interactions: what it should be is written out as a map of pairs.
import { Field, List, makeVector, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { DataError, Dataset, type Id } from '../../src/index.js';

interface Row {
  user: Id;
  item: Id;
  rating: number;
  time?: number;
}

const ids = (values: readonly Id[]) => {
  if (typeof values[0] === 'string') return vectorFromArray(values as string[], new Utf8());
  return typeof values[0] === 'bigint'
    ? makeVector(BigInt64Array.from(values as bigint[]))
    : makeVector(Int32Array.from(values as number[]));
};

function table(rows: readonly Row[], { ratings = true, times = rows[0].time !== undefined } = {}): Table {
  return new Table({
    userId: ids(rows.map(({ user }) => user)),
    itemId: ids(rows.map(({ item }) => item)),
    ...(ratings && { rating: makeVector(Float32Array.from(rows, ({ rating }) => rating)) }),
    ...(times && { time: makeVector(Float64Array.from(rows, ({ time = 0 }) => time)) }),
  });
}

const rowsOf = ({ users, items, interactions: { users: at, items: what, values, times } }: Dataset): Row[] =>
  Array.from(at, (user, n) => ({
    user: users.id(user),
    item: items.id(what[n]),
    rating: values[n],
    ...(times !== undefined && { time: times[n] }),
  }));

function random(size: number, seed: number, users: number, items: number, id: (n: number) => Id = (n) => n): Row[] {
  const draw = new Random(seed);
  const rows = new Map<string, Row>();
  while (rows.size < size) {
    const [user, item] = [draw.below(users), draw.below(items)];
    rows.set(`${user} ${item}`, {
      user: id(user),
      item: id(3 * item),
      rating: 0.5 + draw.below(10) / 2,
      time: draw.below(1000),
    });
  }
  return [...rows.values()];
}

/** Of a pair that both have, the later list's row. */
function union(one: readonly Row[], other: readonly Row[]): Row[] {
  return [...new Map([...one, ...other].map((row) => [`${row.user} ${row.item}`, row])).values()];
}

for (const [name, id] of [
  ['integers', (n: number) => n * 7],
  ['strings', (n: number) => `id ${n}`],
] as const) {
  for (const [size, more] of [
    [1, 1],
    [31, 33],
    [129, 500],
  ]) {
    test(`${name}: ${size} interactions and ${more} more`, () => {
      const base = random(size, 1, 20, 30, id);
      const added = random(more, 2, 30, 40, (n) => id(n - 5));
      const data = Dataset.fromTable(table(base));
      const both = data.extend(Dataset.fromTable(table(added)));
      const sort = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();
      assert.equal(sort(rowsOf(both)), sort(union(base, added)));
      for (let u = 0; u < data.numUsers; u++) assert.is(both.users.id(u), data.users.id(u));
      for (let i = 0; i < data.numItems; i++) assert.is(both.items.id(i), data.items.id(i));
      for (let u = 0; u < both.numUsers; u++) {
        const list = both.interactions.itemsOf(u);
        assert.ok(list.every((item, n) => n === 0 || item > list[n - 1]));
        assert.is(both.users.index(both.users.id(u)), u);
      }
    });
  }
}

test('ids that follow those that are there: the same as reading both tables as one', () => {
  const base = random(100, 3, 20, 20);
  const added = random(60, 4, 30, 20).filter(({ user }) => (user as number) >= 20);
  const one = Dataset.fromTable(table(base)).extend(Dataset.fromTable(table(added)));
  const whole = Dataset.fromTable(table([...base, ...added]));
  assert.equal(one.interactions.offsets, whole.interactions.offsets);
  assert.equal(rowsOf(one), rowsOf(whole));
  assert.ok(one.users.equals(whole.users) && one.items.equals(whole.items));
});

test('without new ids the vocabularies are the same objects', () => {
  const data = Dataset.fromTable(table(random(100, 5, 10, 15)));
  const both = data.extend(
    Dataset.fromTable(table([{ user: data.users.id(3), item: data.items.id(4), rating: 1, time: 5 }])),
  );
  assert.is(both.users, data.users);
  assert.is(both.items, data.items);
  const at = both.interactions.itemsOf(3).indexOf(4);
  assert.is(both.interactions.valuesOf(3)[at], 1);
});

test('int32 ids with int64 ids are int64', () => {
  const data = Dataset.fromTable(table([{ user: 5, item: 1, rating: 3 }]));
  const both = data.extend(
    Dataset.fromTable(
      table([
        { user: 2n ** 40n, item: 1n, rating: 4 },
        { user: 4n, item: 1n, rating: 4 },
      ]),
    ),
  );
  assert.equal(both.users.ids([0, 1, 2]), [5n, 4n, 2n ** 40n]);
  assert.is(both.items.kind, 'int32');
});

const films = (rows: readonly (readonly [number, string | null, string[]])[], extra = {}): Table =>
  new Table({
    itemId: ids(rows.map(([id]) => id)),
    title: vectorFromArray(
      rows.map(([, title]) => title),
      new Utf8(),
    ),
    genres: vectorFromArray(
      rows.map(([, , genres]) => genres),
      new List(new Field('genre', new Utf8())),
    ),
    ...extra,
  });

test('new items bring their metadata, known ones keep theirs', () => {
  const data = Dataset.fromTable(
    table([
      { user: 1, item: 5, rating: 3 },
      { user: 1, item: 9, rating: 4 },
    ]),
    {
      items: films([
        [5, 'Five', ['War']],
        [9, 'Nine', ['Drama', 'War']],
      ]),
    },
  );
  const more = Dataset.fromTable(
    table([
      { user: 1, item: 2, rating: 3 },
      { user: 2, item: 9, rating: 1 },
    ]),
    {
      items: films(
        [
          [9, 'Other', []],
          [2, 'Two', ['Comedy']],
          [3, 'Three', ['War']],
        ],
        { year: makeVector(Int32Array.of(1, 2, 3)) },
      ),
      includeUnrated: true,
    },
  );
  const both = data.extend(more);
  assert.equal(both.items.ids([0, 1, 2, 3]), [5, 9, 2, 3]);
  assert.equal(
    [0, 1, 2, 3].map((item) => both.title(item)),
    ['Five', 'Nine', 'Two', 'Three'],
  );
  assert.equal(
    [0, 1, 2, 3].map((item) => both.genres(item)),
    [['War'], ['Drama', 'War'], ['Comedy'], ['War']],
  );
  assert.is(both.itemTable?.getChild('year'), null);
  assert.equal([...(both.itemTable?.getChild('itemId') ?? [])], [5, 9, 2, 3]);
  const bare = data.extend(Dataset.fromTable(table([{ user: 1, item: 77, rating: 3 }])));
  assert.is(bare.title(2), undefined);
  assert.equal(bare.genres(2), []);
});

test('times that the dataset does not have are left out', () => {
  const data = Dataset.fromTable(table([{ user: 1, item: 5, rating: 3 }]));
  const both = data.extend(Dataset.fromTable(table([{ user: 1, item: 6, rating: 3, time: 9 }])));
  assert.is(both.interactions.times, undefined);
});

test('what does not fit is refused', () => {
  const rated = Dataset.fromTable(table([{ user: 1, item: 5, rating: 3, time: 1 }]));
  const refused = (other: Dataset, pattern: RegExp, base = rated): void => {
    try {
      base.extend(other);
    } catch (error) {
      assert.instance(error, DataError);
      assert.match((error as Error).message, pattern);
      return;
    }
    assert.unreachable(`not refused: ${pattern}`);
  };
  const likes = Dataset.fromTable(table([{ user: 1, item: 5, rating: 3, time: 1 }], { ratings: false }));
  refused(likes, /have no ratings/);
  refused(rated, /Leave the column `rating` out/, likes);
  refused(Dataset.fromTable(table([{ user: 1, item: 5, rating: 3 }])), /have no times/);
  refused(
    Dataset.fromTable(table([{ user: 'x', item: 5 as never, rating: 3, time: 1 }])),
    /cannot stand in one vocabulary/,
  );
  const base = Dataset.fromTable(table([{ user: 1, item: 5, rating: 3 }]), { items: films([[5, 'Five', []]]) });
  const other = new Table({ itemId: ids([6]), title: makeVector(Int32Array.of(6)) });
  refused(
    Dataset.fromTable(table([{ user: 1, item: 6, rating: 3 }]), { items: other }),
    /Column `title` of the new items holds Int32, that of the known ones Utf8/,
    base,
  );
});

test.run();
