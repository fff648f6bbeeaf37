import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readItems } from '../../src/load/read-items.js';
import { readRatings } from '../../src/load/read-ratings.js';
import { dataError, folder, memory, schema, values, write } from './fixtures.js';

const writer = await (await DuckDBInstance.create(':memory:')).connect();

/** Writes the rows of a query as Parquet. */
async function parquet(name: string, query: string): Promise<string> {
  const file = path.join(folder, name);
  await writer.run(`COPY (${query}) TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`);
  return file;
}

test('ratings of the usual types', async () => {
  const file = await parquet(
    'r.parquet',
    'SELECT i AS "userId", i * 2 AS "movieId", i / 2.0 AS rating, i + 1000000000 AS timestamp FROM range(1, 5001) t(i)',
  );
  for (const options of [{}, { format: 'parquet' }] as const) {
    const table = await readRatings(file, options);
    assert.is(schema(table), 'userId:Int32 itemId:Int32 rating:Float32 time:Float64');
    assert.is(table.numRows, 5000);
    assert.equal(Object.values(table.get(4999)?.toJSON() ?? {}), [5000, 10000, 2500, 1000005000]);
    assert.is(table.getChild('rating')?.toArray().buffer, memory(table, 'rating'));
  }
});

test('ids are judged by their values, whatever their type', async () => {
  const cases: [string, string, unknown[]][] = [
    ['5::TINYINT, 6::TINYINT', 'Int32', [5, 6]],
    ['5::UINTEGER, 4000000000::UINTEGER', 'Int64', [5n, 4000000000n]],
    ['5::BIGINT, 6::BIGINT', 'Int32', [5, 6]],
    ['5::BIGINT, (-2147483648)::BIGINT', 'Int64', [5n, -2147483648n]],
    ['5::UBIGINT, 18446744073709551615::UBIGINT', 'Utf8', ['5', '18446744073709551615']],
    ['5::DOUBLE, 6::DOUBLE', 'Int32', [5, 6]],
    ['5.5::DOUBLE, 6::DOUBLE', 'Utf8', ['5.5', '6']],
    ["'5', '6'", 'Int32', [5, 6]],
    ["'5', '007'", 'Utf8', ['5', '007']],
    ["'ann', 'bob of a long, long name'", 'Utf8', ['ann', 'bob of a long, long name']],
    [
      "'2f1d0b1c-0000-4000-8000-000000000001'::UUID, '2f1d0b1c-0000-4000-8000-000000000002'::UUID",
      'Utf8',
      ['2f1d0b1c-0000-4000-8000-000000000001', '2f1d0b1c-0000-4000-8000-000000000002'],
    ],
  ];
  for (const [list, type, expected] of cases) {
    const table = await readRatings(
      await parquet('ids.parquet', `SELECT unnest([${list}]) AS "user", unnest([1, 2]) AS item`),
    );
    assert.is(`${table.schema.fields[0]?.type}`, type, list);
    assert.equal(values(table, 'userId'), expected, list);
  }
});

test('times of every type are seconds', async () => {
  const types = [
    ['100', 100],
    ['100.5::DOUBLE', 100.5],
    ["'1970-01-01 00:01:40'::TIMESTAMP", 100],
    ["'1970-01-01 00:01:40'::TIMESTAMP_MS", 100],
    ["'1970-01-01 00:01:40'::TIMESTAMP_NS", 100],
    ["'1970-01-01 00:01:40+00'::TIMESTAMPTZ", 100],
    ["'1970-01-02'::DATE", 86400],
    ["'100'", 100],
    ["'1970-01-01T01:01:40+01:00'", 100],
  ] as const;
  for (const [sql, seconds] of types) {
    const table = await readRatings(await parquet('times.parquet', `SELECT 1 AS "user", 2 AS item, ${sql} AS time`));
    assert.equal(values(table, 'time'), [seconds], sql);
  }
});

test('column names with quotes and brackets, path with brackets', async () => {
  const file = await parquet("it's [1].parquet", 'SELECT 1 AS "us""er (x)", 2 AS "it;em", 3 AS rating');
  const table = await readRatings(file, { columns: { user: 'us"er (x)', item: 'it;em' } });
  assert.equal(Object.values(table.get(0)?.toJSON() ?? {}), [1, 2, 3]);
});

test('missing and wrong values are named with their row', async () => {
  const cases: [string, RegExp, unknown][] = [
    ['unnest([1, NULL, 3]) AS "user", 2 AS item', /row 2, column "user": the value is missing/, null],
    ['unnest([\'a\', NULL]) AS "user", 2 AS item', /row 2, column "user": the value is missing/, null],
    ["unnest(['a', ' ']) AS \"user\", 2 AS item", /row 2, column "user": " " is not an id/, ' '],
    [
      '1 AS "user", 2 AS item, unnest([1.0, 2.0, NULL]) AS rating',
      /row 3, column "rating": the value is missing/,
      null,
    ],
    [
      '1 AS "user", 2 AS item, unnest([1::FLOAT, \'nan\'::FLOAT]) AS rating',
      /row 2, column "rating": "nan" is not a finite number/,
      'nan',
    ],
    [
      "1 AS \"user\", 2 AS item, unnest(['1', 'x']) AS rating",
      /row 2, column "rating": "x" is not a finite number/,
      'x',
    ],
    ["1 AS \"user\", 2 AS item, unnest(['1', 'x']) AS time", /row 2, column "time": "x" is not a finite number/, 'x'],
  ];
  for (const [query, says, value] of cases) {
    const file = await parquet('bad.parquet', `SELECT ${query}`);
    const error = await dataError(readRatings(file));
    assert.match(error.message, says);
    assert.is(error.value, value);
    assert.is(error.file, file);
  }
});

test('no rows, no roles, no Parquet', async () => {
  assert.match(
    (await dataError(readRatings(await parquet('none.parquet', 'SELECT 1 AS "user", 2 AS item WHERE false')))).message,
    /the file has no rows/,
  );
  assert.match(
    (await dataError(readRatings(await parquet('roles.parquet', 'SELECT 1 AS a, 2 AS b')))).message,
    /no column looks like the user or the item\. Columns: "a", "b"/,
  );
  assert.match(
    (await dataError(readRatings(write('fake.parquet', 'PAR1 and then nothing of the kind')))).message,
    /fake\.parquet: /,
  );
});

test('items', async () => {
  const file = await parquet(
    'items.parquet',
    "SELECT 1.0::DOUBLE AS id, 'Heat (1995)' AS title, ['Action', 'Crime'] AS genres, 7.5 AS score, NULL::VARCHAR AS note UNION ALL SELECT 2, NULL, NULL, NULL, 'x'",
  );
  const table = await readItems(file);
  assert.is(schema(table), 'itemId:Int32 title:Utf8 genres:List<Utf8> year:Int32 score:Float64 note:Utf8');
  assert.equal(values(table, 'itemId'), [1, 2]);
  assert.equal(values(table, 'title'), ['Heat (1995)', null]);
  assert.equal(values(table, 'genres'), [['Action', 'Crime'], []]);
  assert.equal(values(table, 'year'), [1995, null]);
  assert.equal(values(table, 'score'), [7.5, null]);
  assert.equal(values(table, 'note'), [null, 'x']);
});

test.run();
