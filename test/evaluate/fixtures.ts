import { makeVector, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { Dataset } from '../../src/dataset/dataset.js';
import type { Measurable } from '../../src/evaluate/measure.js';
import type { RankQuery } from '../../src/evaluate/ranker.js';
import type { OracleRow } from '../oracle/metrics.js';

export const NONE = 0xffffffff;

type Ids = readonly number[] | readonly string[] | readonly bigint[];

function idColumn(ids: Ids): Vector {
  if (typeof ids[0] === 'string') return vectorFromArray(ids as string[], new Utf8());
  if (typeof ids[0] === 'bigint') return makeVector(BigInt64Array.from(ids as bigint[]));
  return makeVector(Int32Array.from(ids as number[]));
}

/** A ratings table; `rename` makes ids of the row's numbers. */
export function ratingsTable(
  rows: readonly OracleRow[],
  { rated = true, rename = (n: number): number | string | bigint => n } = {},
): Table {
  const columns: Record<string, Vector> = {
    userId: idColumn(rows.map(({ user }) => rename(user)) as Ids),
    itemId: idColumn(rows.map(({ item }) => rename(item)) as Ids),
  };
  if (rated) columns.rating = makeVector(Float32Array.from(rows, ({ rating }) => rating));
  return new Table(columns);
}

export const dataset = (rows: readonly OracleRow[], rated = true): Dataset =>
  Dataset.fromTable(ratingsTable(rows, { rated }));

/** A model that is a table of scores over the indices of `train`, ranking by sorting. Notes what it is asked. */
export function tableModel(
  train: Dataset,
  score: (user: number, item: number) => number,
  dim = 1,
): Measurable & { queries: { users: number; k: number }[] } {
  const queries: { users: number; k: number }[] = [];
  const rankAmong = (user: number, items: Uint32Array): Uint32Array =>
    items.slice().sort((a, b) => score(user, b) - score(user, a) || a - b);
  const allOf = (query: RankQuery, row: number): Uint32Array => {
    const { users, exclude, candidates } = query;
    const excluded = exclude.items.subarray(exclude.offsets[row], exclude.offsets[row + 1]);
    assertAscending(excluded);
    const allowed = Uint32Array.from(candidates.keys()).filter((i) => candidates[i] === 1 && !excluded.includes(i));
    return rankAmong(users[row] as number, allowed);
  };
  return {
    training: { users: train.users, items: train.items, seen: train.interactions },
    ranker: {
      dim,
      async rank({ k, ...query }) {
        queries.push({ users: query.users.length, k });
        const out = new Uint32Array(query.users.length * k).fill(NONE);
        query.users.forEach((_, row) => void out.set(allOf(query, row).subarray(0, k), row * k));
        return out;
      },
      async rankFirst({ targets, listed, ...query }) {
        queries.push({ users: query.users.length, k: 0 });
        return query.users.map((_, row) => {
          const wanted = targets.items.subarray(targets.offsets[row], targets.offsets[row + 1]);
          const first = allOf(query, row).findIndex((item) => wanted.includes(item));
          if (first >= 0 && first < listed) throw new Error('was in the list');
          return first + 1;
        });
      },
      rankAmong(user, items) {
        assertAscending(items);
        return rankAmong(user, items);
      },
    },
    predict: (users, items) =>
      Float32Array.from(users, (user, i) => (user === NONE || items[i] === NONE ? 3 : score(user, items[i] as number))),
    queries,
  };
}

function assertAscending(items: Uint32Array): void {
  if (items.some((item, i) => i > 0 && item <= (items[i - 1] as number))) throw new Error('not ascending');
}

export function assertNear(actual: number | undefined, expected: number | undefined, what: string): void {
  const same = Math.abs((actual as number) - (expected as number)) < 1e-9 || Object.is(actual, expected);
  if (!same) throw new Error(`${what}: ${actual} is not ${expected}`);
}
