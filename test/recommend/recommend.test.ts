import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import { recommend, recommendChunks } from '../../src/recommend/recommend.js';
import { applyLink } from '../../src/recommend/serve-factors.js';
import type { FactorModelData, Link } from '../../src/types.js';
import { rawScore, tinyModel } from '../support/tiny-model.js';

/** All allowed items of a user, best first, by sorting. */
function expected(data: FactorModelData, user: number, allowed: (item: number) => boolean, k: number): number[] {
  return Array.from({ length: data.items.size }, (_, i) => i)
    .filter(allowed)
    .sort((a, b) => rawScore(data, user, b) - rawScore(data, user, a) || a - b)
    .slice(0, k);
}

for (const link of ['identity', 'sigmoid'] as Link[]) {
  for (const [numItems, dim] of [
    [1, 1],
    [31, 16],
    [33, 7],
    [129, 33],
  ] as const) {
    test(`known users: ${link}, ${numItems} items, dim ${dim}`, () => {
      const data = tinyModel({ link, numItems, dim });
      const result = recommend(data, { users: [30, 10], k: 5 });
      for (const [q, user] of [2, 0].entries()) {
        const seen = new Set(data.seen.itemsOf(user));
        const rows = [...result.queries.keys()].filter((n) => result.queries[n] === q);
        const items = rows.map((n) => result.itemIndices[n] as number);
        assert.equal(
          items,
          expected(data, user, (i) => !seen.has(i), 5),
        );
        assert.equal(
          rows.map((n) => result.ranks[n]),
          items.map((_, n) => n + 1),
        );
        for (const [n, item] of items.entries()) {
          const prediction = applyLink(data.parameters, rawScore(data, user, item));
          assert.ok(Math.abs((result.scores[rows[n] as number] as number) - prediction) < 1e-4);
        }
      }
    });
  }
}

test('k larger than the catalogue gives exactly what there is', () => {
  const data = tinyModel();
  assert.is(recommend(data, { users: [10], k: 1000 }).length, 22);
  assert.is(recommend(data, { users: [10], k: 1000, excludeSeen: false }).length, 33);
  assert.is(recommend(data, { users: [10], k: 2 ** 40 }).length, 22);
});

test('excluded and candidate items', () => {
  const data = tinyModel();
  const candidateItems = [2, 3, 5, 6, 8];
  const result = recommend(data, { users: [10], candidateItems, excludeItems: [5], excludeSeen: false, k: 10 });
  const allowed = new Set([1, 2, 5, 7]);
  assert.equal(
    [...result.itemIndices],
    expected(data, 0, (i) => allowed.has(i), 10),
  );
  assert.equal(recommend(data, { users: [10], candidateItems: [], k: 3 }).length, 0);
});

test('columns, table and rows agree', () => {
  const data = tinyModel();
  const result = recommend(data, { users: [20, 50], k: 3 });
  const table = result.toTable();
  assert.equal(
    table.schema.fields.map((f) => f.name),
    ['userId', 'itemId', 'score', 'rank', 'title'],
  );
  assert.equal(Array.from(table.getChild('userId') ?? []), [20, 20, 20, 50, 50, 50]);
  const values = table.getChild('score')?.data[0]?.values as Float32Array | undefined;
  assert.is(values?.buffer, result.scores.buffer, 'shares memory');
  const rows = result.rows(50);
  assert.equal(
    rows.map((row) => row.itemId),
    [...result.itemIds].slice(3),
  );
  assert.is(rows[0]?.title, `Film ${rows[0]?.itemId} (${1989 + Number(rows[0]?.itemId)})`);
});

test('many users come in chunks with the same results', () => {
  const data = tinyModel({ numUsers: 3, numItems: 31 });
  const users = Uint32Array.from({ length: 20_000 }, (_, n) => n % 3);
  const parts = [...recommendChunks(data, users, { k: 2, excludeSeen: true })];
  assert.ok(parts.length > 1);
  assert.is(
    parts.reduce((sum, part) => sum + part.scores.length, 0),
    40_000,
  );
  const last = parts.at(-1);
  assert.is(last?.queries.at(-1), 19_999);
  assert.equal(
    [...(last?.itemIndices.subarray(-2) ?? [])],
    expected(data, 19_999 % 3, (i) => i % 3 !== 19_999 % 3, 2),
  );
});

test('popularity ranks by bias alone and reports it as score', () => {
  const data = tinyModel({ dim: 0 });
  const zero = {
    ...data,
    name: 'popularity' as const,
    parameters: {
      ...data.parameters,
      globalBias: 0,
      userBiases: new Float32Array(5),
      itemBiases: Float32Array.from({ length: 33 }, (_, i) => (i * 7) % 33),
    },
  };
  const result = recommend(zero, { users: [10], k: 2, excludeSeen: false });
  assert.equal([...result.scores], [32, 31]);
  assert.equal([...recommend(zero, { history: [{ item: 1 }], k: 2 }).scores], [32, 31]);
});

test('errors name the option, the id and the nearest title', () => {
  const data = tinyModel();
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    throw new Error('no error');
  };
  assert.match(
    message(() => recommend(data, { users: [11] })),
    /DataError: Unknown user 11; the data has 5 users/,
  );
  assert.match(
    message(() => recommend(data, { users: [10], k: 0 })),
    /RangeError: Expected `k` to be an integer >= 1, received 0/,
  );
  assert.match(
    message(() => recommend(data, { users: [10], k: 1.5 })),
    /RangeError: Expected `k`/,
  );
  assert.match(
    message(() => recommend(data, {})),
    /exactly one of `users`, `history`, `histories`, `titles`/,
  );
  assert.match(
    message(() => recommend(data, { users: [10], titles: ['x'] })),
    /exactly one of/,
  );
  assert.match(
    message(() => recommend(data, { user: [10] } as object)),
    /Unknown option `user`.*did you mean `users`/,
  );
  assert.match(
    message(() => recommend(data, { titles: ['Fiml 3'] })),
    /Unknown title "Fiml 3"; nearest: "Film 3 /,
  );
  assert.match(
    message(() => recommend(data, { history: [] })),
    /`history`/,
  );
  assert.match(
    message(() => recommend(data, { history: [{ item: 1, rating: 9 }] })),
    /`history\[0\].rating` to be a number >= 0.5 and <= 5/,
  );
  assert.throws(
    () => recommend(data, { users: [10], excludeItems: [999] }),
    (e: unknown) => e instanceof DataError && e.code === 'ERR_PALATE_UNKNOWN_ID',
  );
});

test('several histories are told apart by their place', () => {
  const data = tinyModel();
  const histories = [[{ item: 3, rating: 4 }], [{ item: 9, rating: 1 }, { item: 10 }], [{ item: 3, rating: 4 }]];
  const found = recommend(data, { histories, k: 4, candidateItems: [3, 9, 10, 20, 21] });
  assert.equal([...found.queries], [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
  assert.is(found.userIds, undefined);
  assert.equal(found.rowsOf(2), found.rowsOf(0));
  assert.equal(
    found
      .rowsOf(1)
      .map(({ itemId }) => itemId)
      .sort((a, b) => Number(a) - Number(b)),
    [3, 20, 21],
  );
  assert.equal([...(found.toTable().getChild('query') ?? [])], [...found.queries]);
  const all = recommend(data, { histories, k: 33, excludeSeen: false });
  assert.is(all.length, 99);
  const sums = recommend(data, { histories, k: 33, foldIn: 'sum' });
  assert.equal(sums.rowsOf(1), recommend(data, { history: histories[1], k: 33, foldIn: 'sum' }).rows());
});

test('what is wrong in several histories is named by its place', () => {
  const data = tinyModel();
  const refused = (options: object, pattern: RegExp): void => {
    assert.throws(() => recommend(data, options as never), pattern);
  };
  refused({ histories: [] }, /`histories` to be at least one history/);
  refused({ histories: 'x' }, /`histories` to be an array of histories/);
  refused({ histories: [[{ item: 1 }], []] }, /`histories\[1\]` to be a list with at least one item/);
  refused({ histories: [[{ item: 1 }], [{ item: 2, rating: 9 }]] }, /`histories\[1\]\[0\].rating`/);
  refused({ histories: [[{ item: 1 }]], users: [10] }, /exactly one of/);
});

test.run();
