import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readItems } from '../../src/load/read-items.js';
import { readUsers } from '../../src/load/read-users.js';
import { dataError, schema, values, write } from './fixtures.js';

const MOVIES = `movieId,title,genres
1,Toy Story (1995),Adventure|Animation|Children
2,"American President, The (1995)",Comedy|Drama
3,"Film ""X"" (2001) ",(no genres listed)
4,Babylon 5,
5,"Series, The (2006-2009)",Drama
6,Still on (2007–),Sci-Fi | War
7,(500) Days of Summer (2009),Romance
8,1984 (1984)x,Drama
9,,Drama
`;

test('movies.csv: titles with commas and quotes, genres, years', async () => {
  for (const text of [MOVIES, MOVIES.replaceAll('\n', '\r\n'), `\ufeff${MOVIES}`]) {
    const table = await readItems(write('m.csv', text));
    assert.is(schema(table), 'itemId:Int32 title:Utf8 genres:List<Utf8> year:Int32');
    assert.equal(values(table, 'itemId'), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(values(table, 'title'), [
      'Toy Story (1995)',
      'American President, The (1995)',
      'Film "X" (2001) ',
      'Babylon 5',
      'Series, The (2006-2009)',
      'Still on (2007–)',
      '(500) Days of Summer (2009)',
      '1984 (1984)x',
      null,
    ]);
    assert.equal(values(table, 'genres'), [
      ['Adventure', 'Animation', 'Children'],
      ['Comedy', 'Drama'],
      [],
      [],
      ['Drama'],
      ['Sci-Fi', 'War'],
      ['Romance'],
      ['Drama'],
      ['Drama'],
    ]);
    assert.equal(values(table, 'year'), [1995, 1995, 2001, null, 2006, 2007, 2009, null, null]);
    assert.is(table.getChild('genres')?.nullCount, 0);
    assert.is(table.getChild('year')?.nullCount, 3);
    assert.is(table.getChild('itemId')?.data.length, 1);
  }
});

test('further columns keep their names; numbers become Float64, the rest Utf8', async () => {
  const text = 'id,name,price,sku,empty,"odd ""name"", x",title\n1,A,1.5,007,,x,t\n2,B,,1,,2,u\n3,C,-3e2,2,,,v\n';
  const table = await readItems(write('f.csv', text), { columns: { title: 'name' } });
  assert.is(
    schema(table),
    'itemId:Int32 title:Utf8 year:Int32 price:Float64 sku:Utf8 empty:Utf8 odd "name", x:Utf8 title_2:Utf8',
  );
  assert.equal(values(table, 'price'), [1.5, null, -300]);
  assert.ok(Number.isNaN(table.getChild('price')?.data[0]?.values[1]), 'NaN under a null');
  assert.equal(values(table, 'sku'), ['007', '1', '2']);
  assert.equal(values(table, 'empty'), [null, null, null]);
  assert.equal(values(table, 'title_2'), ['t', 'u', 'v']);
});

test('ids by their values, and roles by usual names or by choice', async () => {
  const table = await readItems(
    write('books.csv', 'ISBN;Book Title;Year of Publication\n0195153448;Classical Mythology;2002\n000X;Other;0\n'),
  );
  assert.is(schema(table), 'itemId:Utf8 title:Utf8 year:Int32');
  assert.equal(values(table, 'itemId'), ['0195153448', '000X']);
  assert.equal(values(table, 'year'), [2002, null]);
  const big = await readItems(write('big.csv', 'asin,title\n5000000000,A\n1,B\n'));
  assert.equal(values(big, 'itemId'), [5000000000n, 1n]);
  const headerless = await readItems(write('h.csv', '1,Toy Story (1995),x\n2,Heat (1995),y\n'), {
    columns: { item: 0, title: 1 },
  });
  assert.is(schema(headerless), 'itemId:Int32 title:Utf8 year:Int32 column2:Utf8');
  const onlyIds = await readItems(write('o.csv', 'item,colour\n1,red\n'));
  assert.is(schema(onlyIds), 'itemId:Int32 colour:Utf8');
});

test('years from dates; a date is kept beside its year', async () => {
  const dates = [
    '1995',
    '01-Jan-1995',
    '31/12/1996',
    '1997-12-31',
    '1998-12-31T10:00:00',
    'Dec 31 1999',
    '',
    '0',
    'unknown',
  ];
  const table = await readItems(
    write('d.csv', `item,release date\n${dates.map((date, i) => `${i},${date}`).join('\n')}\n`),
  );
  assert.equal(values(table, 'year'), [1995, 1995, 1996, 1997, 1998, 1999, null, null, null]);
  assert.is(schema(table), 'itemId:Int32 year:Int32 release date:Utf8');
});

test('many items, over many chunks', async () => {
  const rows = Array.from({ length: 7000 }, (_, i) => `${i},"Title, ${i} of more than twelve bytes é (1995)",A|B`);
  const table = await readItems(write('many.csv', `itemId,title,genres\n${rows.join('\n')}\n`));
  assert.is(table.numRows, 7000);
  assert.is(table.getChild('title')?.get(6999), 'Title, 6999 of more than twelve bytes é (1995)');
  assert.equal(Array.from(table.getChild('genres')?.get(6999)), ['A', 'B']);
});

test('wrong items and users name line, column and value', async () => {
  const cases: [typeof readItems | typeof readUsers, string | Uint8Array, RegExp, number, string | undefined][] = [
    [readItems, 'movieId,title\n1,A\n,B\n', /line 3, column "movieId": the field is empty/, 3, 'movieId'],
    [readItems, 'movieId,title\n1,"A\nA"\n"",B\n', /line 4, column "movieId": the field is empty/, 4, 'movieId'],
    [readItems, 'movieId,title\n1,A\n2\n', /line 3: too few fields: 1 instead of 2/, 3, undefined],
    [readItems, 'movieId,title\n1,A\n2,B, C\n', /line 3: too many fields: 3 instead of 2/, 3, undefined],
    [readItems, 'movieId,title\n1,A\n2,"B\n3,C\n', /line 3: a quoted field is never closed/, 3, undefined],
    [
      readItems,
      Buffer.from('movieId,title\n1,A\n2,Misérables\n', 'latin1'),
      /line 3, column "title": .*`encoding: 'latin-1'`/,
      3,
      'title',
    ],
    [readUsers, 'userId,age\n1,30\n2,old\n', /line 3, column "age": "old" is not an age in whole years/, 3, 'age'],
    [readUsers, 'userId,age\n1,30\n2,30.5\n', /line 3, column "age": "30\.5" is not an age/, 3, 'age'],
    [readUsers, 'userId,age\n1,30\n2,-1\n', /line 3, column "age": "-1" is not an age/, 3, 'age'],
    [readUsers, 'userId,age\n1,30\n ,2\n', /line 3, column "userId": the field is empty/, 3, 'userId'],
  ];
  for (const [read, content, says, line, column] of cases) {
    const file = write('wrong.csv', content);
    const error = await dataError(read(file));
    assert.match(error.message, says);
    assert.equal([error.file, error.line, error.column], [file, line, column]);
  }
  for (const read of [readItems, readUsers]) {
    assert.match((await dataError(read(write('empty.csv', '')))).message, /empty \(0 bytes\)/);
    assert.match((await dataError(read(write('head.csv', 'id,title\n')))).message, /a header but no rows/);
    assert.match((await dataError(read('/nowhere/at/all.csv'))).message, /no such file/);
    assert.match(
      (await dataError(read(write('x.csv', 'a,b\n1,2\n')))).message,
      /no column looks like the (item|user)\. Columns: "a", "b"\. .* of read(Items|Users)/,
    );
  }
  for (const [read, options] of [
    [readItems, { columns: { user: 0 } }],
    [readUsers, { columns: { title: 0 } }],
  ] as const) {
    try {
      await read(write('x.csv', 'a,b\n1,2\n'), options as never);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, TypeError);
    }
  }
});

test('quotes as ordinary characters', async () => {
  const file = write('quotes.tsv', 'id\ttitle\n1\t"Heroes" we were\n2\t"Open\n3\tC "D"\n');
  const error = await dataError(readItems(file));
  assert.match(error.message, /line 2: a closing quote is followed by more text; .* set `quotes: false`/);
  const table = await readItems(file, { quotes: false });
  assert.equal(values(table, 'title'), ['"Heroes" we were', '"Open', 'C "D"']);
});

test('lines that end in both ways', async () => {
  const table = await readItems(write('mixed.csv', 'id,title\r\n1,"A, B"\n2,C\r\n'));
  assert.equal(values(table, 'title'), ['A, B', 'C']);
});

test('users with every column, and nulls', async () => {
  const text = 'user_id,Age,gender,occupation,Zip Code,points\nu1,24,M,writer,02139,1\nu2,,F,,,\n';
  const table = await readUsers(write('u.csv', text));
  assert.is(schema(table), 'userId:Utf8 age:Int32 sex:Utf8 occupation:Utf8 zip:Utf8 points:Float64');
  assert.equal(values(table, 'age'), [24, null]);
  assert.equal(values(table, 'sex'), ['M', 'F']);
  assert.equal(values(table, 'occupation'), ['writer', null]);
  assert.equal(values(table, 'zip'), ['02139', null]);
  assert.equal(values(table, 'points'), [1, null]);
});

test('abort and progress', async () => {
  const file = write('many.csv', `id,title\n${Array.from({ length: 5000 }, (_, i) => `${i},t`).join('\n')}`);
  const seen: unknown[] = [];
  await readItems(file, { onProgress: (progress) => seen.push(progress) });
  assert.equal(seen, [{ phase: 'read', unit: 'rows', done: 5000, total: 5000 }]);
  const reason = new Error('enough');
  try {
    await readItems(file, { signal: AbortSignal.abort(reason) });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test.run();
