import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCsvRatings } from '../../src/load/csv-ratings.js';
import type { ReadRatingsOptions } from '../../src/load/ratings-columns.js';
import { readRatings } from '../../src/load/read-ratings.js';
import { withSource } from '../../src/load/source.js';
import { dataError, folder, leftovers, write } from './fixtures.js';

const HEAD = 'userId,movieId,rating,timestamp\n';
const GOOD = '1,10,4.5,100\n';

/** What a read in the way of a large file says: ids converted by DuckDB, not checked one by one. */
const readAsLarge = (file: string, options: ReadRatingsOptions = {}): Promise<unknown> =>
  withSource(file, 'ratings', options, (source) => readCsvRatings(source, options, 0));

interface Expected {
  line?: number;
  column?: string;
  value?: unknown;
  says: RegExp;
}

async function expectError(
  content: string | Uint8Array,
  expected: Expected,
  options: ReadRatingsOptions = {},
  ways = [readRatings, readAsLarge],
): Promise<void> {
  const file = write('bad.csv', content);
  for (const read of ways) {
    const error = await dataError(read(file, options));
    assert.match(error.message, expected.says);
    assert.ok(error.message.startsWith(file), error.message);
    assert.is(error.file, file);
    assert.is(error.line, expected.line, error.message);
    assert.is(error.column, expected.column);
    assert.is(error.value, expected.value);
    if (expected.line !== undefined) assert.match(error.message, `line ${expected.line}`);
  }
}

const BAD_ROWS: [string, string, Expected][] = [
  [
    'a rating that is no number',
    '2,10,good,100',
    { column: 'rating', value: 'good', says: /column "rating": "good" is not a finite number/ },
  ],
  ['an empty rating', '2,10,,100', { column: 'rating', value: '', says: /column "rating": the field is empty/ }],
  ['a rating of spaces', '2,10,  ,100', { column: 'rating', value: '  ', says: /column "rating": the field is empty/ }],
  ['a rating NaN', '2,10,NaN,100', { column: 'rating', value: 'NaN', says: /"NaN" is not a finite number/ }],
  ['a rating nan', '2,10,nan,100', { column: 'rating', value: 'nan', says: /"nan" is not a finite number/ }],
  ['a rating inf', '2,10,inf,100', { column: 'rating', value: 'inf', says: /"inf" is not a finite number/ }],
  [
    'a rating -Infinity',
    '2,10,-Infinity,100',
    { column: 'rating', value: '-Infinity', says: /is not a finite number/ },
  ],
  ['a rating beyond Float32', '2,10,1e39,100', { column: 'rating', value: '1e39', says: /is not a finite number/ }],
  [
    'a rating with a decimal comma',
    '2,10,"4,5",100',
    { column: 'rating', value: '4,5', says: /"4,5" is not a finite number/ },
  ],
  [
    'a rating in hexadecimal',
    '2,10,0x10,100',
    { column: 'rating', value: '0x10', says: /"0x10" is not a finite number/ },
  ],
  [
    'a quoted word',
    '2,10,"so ""so""",100',
    { column: 'rating', value: 'so "so"', says: /column "rating": "so \\"so\\"" is not/ },
  ],
  ['an empty user', ',10,4,100', { column: 'userId', value: '', says: /column "userId": the field is empty/ }],
  ['an empty quoted user', '"",10,4,100', { column: 'userId', value: '', says: /column "userId": the field is empty/ }],
  ['an item of spaces', '2,  ,4,100', { column: 'movieId', value: '', says: /column "movieId": the field is empty/ }],
  [
    'a time that is no number',
    '2,10,4,noon',
    { column: 'timestamp', value: 'noon', says: /column "timestamp": "noon" is not a finite number of seconds/ },
  ],
  ['an empty time', '2,10,4,', { column: 'timestamp', value: '', says: /column "timestamp": the field is empty/ }],
  ['a short row', '2,10,4', { says: /too few fields: 3 instead of 4/ }],
  ['a very short row', '2', { says: /too few fields: 1 instead of 4/ }],
  ['a long row', '2,10,4,100,7', { says: /too many fields: 5 instead of 4/ }],
  ['a long row with an empty field', '2,10,4,100,,7', { says: /too many fields: 6 instead of 4/ }],
  ['a line of spaces', '   ', { says: /too few fields: 1 instead of 4/ }],
  ['text behind a closing quote', '"2"x,10,4,100', { says: /a closing quote is followed by more text/ }],
  ['a carriage return in the line', '2,10,4\r,100', { says: /a carriage return stands inside the line/ }],
];

for (const [name, row, expected] of BAD_ROWS) {
  test(name, async () => {
    await expectError(`${HEAD}${GOOD}${row}\n${GOOD}`, { line: 3, ...expected });
    await expectError(`${HEAD}${GOOD}${row}`, { line: 3, ...expected }, {}, [readRatings]);
    await expectError(`${HEAD}${row}\n${GOOD.repeat(3)}`, { line: 2, ...expected }, {}, [readRatings]);
  });
}

test('numbers and dates in one column of times', async () => {
  const date = '2,10,4,1995-12-31\n';
  const column = 'timestamp';
  await expectError(HEAD + GOOD + date, {
    line: 3,
    column,
    value: '1995-12-31',
    says: /not a finite number of seconds/,
  });
  await expectError(HEAD + date + GOOD, {
    line: 3,
    column,
    value: '100',
    says: /"100" is not an ISO 8601 date or date-time/,
  });
  await expectError(`${HEAD}${date}2,10,4,1995-02-30\n`, {
    line: 3,
    column,
    value: '1995-02-30',
    says: /is not an ISO 8601 date/,
  });
});

test('the same rows in files with other line ends and encodings', async () => {
  for (const [name, row, expected] of BAD_ROWS) {
    if (name.includes('carriage')) continue;
    const text = `${HEAD}${GOOD}${row}\n${GOOD}`;
    await expectError(text.replaceAll('\n', '\r\n'), { line: 3, ...expected }, {}, [readRatings]);
    await expectError(`\ufeff${text}`, { line: 3, ...expected }, {}, [readRatings]);
    await expectError(Buffer.from(text, 'latin1'), { line: 3, ...expected }, { encoding: 'latin-1' }, [readRatings]);
    await expectError(gzipSync(text), { line: 3, ...expected }, {}, [readRatings]);
  }
});

test('a quote that is never closed', async () => {
  await expectError(`${HEAD}${GOOD}2,"10,4,100\n${GOOD}`, { line: 3, says: /a quoted field is never closed/ });
  await expectError(`${HEAD}2,"10,4,100\n${GOOD.repeat(200_000)}`, { line: 2, says: /a quoted field is never closed/ });
});

test('the line is the file’s: blank lines and lines inside fields count', async () => {
  const head = 'note,userId,movieId,rating,timestamp\n';
  const text = `\n${head}"two\nlines",1,2,3,4\n\nx,1,2,bad,4\n`;
  await expectError(text, { line: 6, column: 'rating', value: 'bad', says: /line 6/ });
});

test('the first wrong line is named, however far down it stands', async () => {
  const many = Array.from({ length: 40_000 }, (_, i) => `${i},${i},3,${i}\n`);
  many[20_000] = '1,2,worse,3\n';
  many[39_999] = '1,2,bad,3\n';
  await expectError(HEAD + many.join(''), { line: 20_002, column: 'rating', value: 'worse', says: /"worse"/ });
  many[20_000] = 'text,2,3,3\n';
  await expectError(HEAD + many.join(''), { line: 40_001, column: 'rating', value: 'bad', says: /"bad"/ });
  many[10_000] = '1,2\n';
  await expectError(HEAD + many.join(''), { line: 10_002, says: /too few fields: 2/ });
});

test('a fault that DuckDB meets when its result is already under way', async () => {
  // The rows before the fault fill more than its streaming buffer, and are all alike: nothing but the end tells.
  const good = Buffer.alloc(8 * 4_500_000, '1,2,3,4\n');
  const file = write('late.csv', Buffer.concat([Buffer.from(HEAD), good, Buffer.from('1,2,x,4\n1,2,3,4\n')]));
  const error = await dataError(readRatings(file));
  assert.match(error.message, /"x" is not a finite number/);
  assert.is(error.line, 4_500_002);
});

test('invalid UTF-8', async () => {
  const latin = Buffer.from(`user,item,rating\nann,tea,5\nbob,caf\xe9,4\n`, 'latin1');
  await expectError(latin, {
    line: 3,
    column: 'item',
    value: 'caf\ufffd',
    says: /not valid UTF-8; if the file is latin-1, set `encoding: 'latin-1'` \(`--encoding latin-1`\)/,
  });
  const table = await readRatings(write('latin.csv', latin), { encoding: 'latin-1' });
  assert.is(table.getChild('itemId')?.get(1), 'café');
  // A column that is not read is not looked at.
  const unused = await readRatings(write('unused.csv', Buffer.from('user,item,note\n1,2,caf\xe9\n', 'latin1')));
  assert.is(unused.numRows, 1);
});

test('invalid UTF-16', async () => {
  const bytes = Buffer.concat([Buffer.from(`\ufeff${HEAD}`, 'utf16le'), Buffer.from([0x00, 0xd8, 0x0a, 0x00])]);
  await expectError(bytes, { says: /not valid UTF-16/ });
});

test('empty and header-only files', async () => {
  await expectError('', { says: /the file is empty \(0 bytes\)/ });
  await expectError(gzipSync(''), { says: /the file is empty \(0 bytes\)/ });
  await expectError('\n\r\n\n', { says: /nothing but empty lines/ });
  await expectError('\ufeff', { says: /nothing but empty lines/ });
  for (const content of [HEAD, HEAD.trim(), `\ufeff${HEAD}`, `${HEAD}\n\n`]) {
    const file = write('header-only.csv', content);
    const error = await dataError(readRatings(file));
    assert.match(error.message, /a header but no rows/);
  }
});

test('missing, unreadable and strange paths', async () => {
  const missing = await dataError(readRatings(path.join(folder, 'nowhere.csv')));
  assert.match(missing.message, /nowhere\.csv: no such file$/);
  const inFile = await dataError(readRatings(path.join(write('plain.csv', HEAD + GOOD), 'x')));
  assert.match(inFile.message, /no such file/);
  const directory = path.join(folder, 'some-folder');
  mkdirSync(directory, { recursive: true });
  const unknown = await dataError(readRatings(directory));
  assert.match(
    unknown.message,
    /none of the MovieLens layouts ml-latest \(ratings\.csv, movies\.csv\), ml-1m \(ratings\.dat, .*ml-100k \(u\.data, u\.item, u\.user\)/,
  );
  const device = await dataError(readRatings('/dev/null'));
  assert.match(device.message, /neither a regular file nor a folder/);
  if (process.getuid?.() !== 0) {
    const locked = write('locked.csv', HEAD + GOOD);
    chmodSync(locked, 0);
    assert.match((await dataError(readRatings(locked))).message, /cannot be opened/);
  }
});

test('no temporary folder', async () => {
  const was = process.env.TMPDIR;
  process.env.TMPDIR = path.join(folder, 'gone');
  try {
    const error = await dataError(readRatings(write('plain.csv', HEAD + GOOD)));
    assert.match(error.message, /cannot make a folder in the temporary folder \(TMPDIR names another\): ENOENT/);
  } finally {
    process.env.TMPDIR = was;
  }
});

test('damaged gzip', async () => {
  const before = leftovers();
  const packed = gzipSync(HEAD + GOOD.repeat(1000));
  for (const cut of [packed.length - 1, packed.length - 8, packed.length - 20, 12]) {
    assert.match(
      (await dataError(readRatings(write('cut.csv.gz', packed.subarray(0, cut))))).message,
      /damaged: unexpected end of file/,
    );
  }
  const flipped = Buffer.from(packed);
  flipped[flipped.length - 6] = (flipped[flipped.length - 6] as number) ^ 0xff;
  assert.match((await dataError(readRatings(write('crc.csv.gz', flipped)))).message, /damaged: incorrect data check/);
  assert.equal(leftovers(), before);
});

test('a bomb is not unpacked to its end', async () => {
  const before = leftovers();
  const packed = gzipSync(Buffer.alloc(300 * 2 ** 20, `${GOOD}`));
  const error = await dataError(readRatings(write('bomb.csv.gz', packed)));
  assert.match(error.message, /unpacks to more than \d+ bytes/);
  assert.equal(leftovers(), before);
});

test('roles that are missing or ambiguous name the columns and the option', async () => {
  const cases: [string, RegExp, object?][] = [
    [
      'a,b,c\n1,2,3\n',
      /no column looks like the user or the item\. Columns: "a", "b", "c"\. Say which with the option `columns: \{ user: …, item: … \}` of readRatings \(`--columns user=,item=`\)/,
    ],
    ['user,thing,c\n1,2,3\n', /no column looks like the item\. .*--columns item=/],
    ['user,book,track\n1,2,3\n', /"book" and "track" could each be the item/],
    ['user,item,stars,score\n1,2,3,4\n', /"stars" and "score" could each be the rating/],
    ['user_id,userId,item\n1,2,3\n', /"user_id" and "userId" could each be the user/],
    [
      '1,2,3,4,5\n1,2,3,4,5\n',
      /no column looks like the user or the item\. Columns: 5 without a header \(positions 0 to 4\)/,
    ],
    ['ann,5,tea\nbob,4,milk\n', /Columns: 3 without a header/],
    [
      'user,item\n1,2\n',
      /no column "usr" for the user; did you mean "user"\? Columns: "user", "item"/,
      { columns: { user: 'usr' } },
    ],
    [
      'user,item\n1,2\n',
      /no column 7 for the rating; it has 2 columns, so positions 0 to 1/,
      { columns: { rating: 7 } },
    ],
    [
      '1,2\n1,2\n',
      /no column "user" for the user; the file has no header, so give a 0-based position/,
      { columns: { user: 'user' } },
    ],
    ['user,x,x\n1,2,3\n', /no column "x" for the item; several columns have that name/, { columns: { item: 'x' } }],
    ['one column\nvalue\n', /no delimiter separates|no column looks like/],
    ['user\n1\n', /no delimiter separates its columns; set the option `delimiter`/],
  ];
  for (const [content, says, options] of cases) {
    const error = await dataError(readRatings(write('roles.csv', content), options));
    assert.match(error.message, says);
  }
});

test('wrong options', async () => {
  const file = write('plain.csv', HEAD + GOOD);
  const rejects = async (options: unknown, type: typeof TypeError | typeof RangeError, says: RegExp): Promise<void> => {
    try {
      await readRatings(file, options as ReadRatingsOptions);
    } catch (error) {
      assert.instance(error, type);
      assert.match((error as Error).message, says);
      return;
    }
    assert.unreachable(`${JSON.stringify(options)} was taken`);
  };
  await rejects({ colums: {} }, TypeError, /Unknown option `colums` in readRatings; did you mean `columns`\?/);
  await rejects({ columns: { usr: 'x' } }, TypeError, /did you mean `user`/);
  await rejects({ columns: { user: false } }, TypeError, /columns\.user/);
  await rejects({ columns: { user: -1 } }, RangeError, /columns\.user/);
  await rejects({ columns: { user: 1.5 } }, RangeError, /columns\.user/);
  await rejects({ columns: { user: 'userId', item: 0 } }, RangeError, /another column than `columns\.user`/);
  await rejects({ format: 'ml-10m' }, RangeError, /one of 'auto'/);
  await rejects({ encoding: 'latin1' }, RangeError, /did you mean 'latin-1'/);
  await rejects({ delimiter: '' }, RangeError, /1-4 bytes/);
  await rejects({ delimiter: '12345' }, RangeError, /1-4 bytes/);
  await rejects({ delimiter: '"' }, RangeError, /1-4 bytes/);
  await rejects({ header: 'yes' }, TypeError, /`header`/);
  await rejects({ signal: {} }, TypeError, /AbortSignal/);
  await rejects({ onProgress: 1 }, TypeError, /a function/);
  await rejects([], TypeError, /an options object/);
  try {
    await readRatings(5 as never);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TypeError);
  }
  const parquet = await dataError(readRatings(file, { format: 'parquet' }));
  assert.match(parquet.message, /not a Parquet file/);
});

test('in the way of a large file: surprises behind the sample', async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i % 9},3,${i}\n`);
  const kinds = async (at: number, row: string): Promise<string[]> => {
    const file = write('large.csv', HEAD + rows.with(at, row).join(''));
    const columns = (await readAsLarge(file)) as { name: string; data: { constructor: { name: string } } }[];
    return columns.slice(0, 2).map(({ data }) => data.constructor.name);
  };
  assert.equal(await kinds(5, '5,6,7,8\n'), ['Int32Array', 'Int32Array']);
  assert.equal(await kinds(30_011, 'x,6,7,8\n'), ['Object', 'Int32Array']);
  assert.equal(await kinds(30_011, '3000000000,6,7,8\n'), ['BigInt64Array', 'Int32Array']);
  assert.equal(await kinds(30_011, '-2147483648,6,7,8\n'), ['BigInt64Array', 'Int32Array']);
  assert.equal(await kinds(10, '007,6,7,8\n'), ['Object', 'Int32Array'], 'seen in the head');
  assert.equal(await kinds(59_999, '007,6,7,8\n'), ['Object', 'Int32Array'], 'seen in the last window');
});

test.run();
