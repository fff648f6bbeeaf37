import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readRatings } from '../../src/load/read-ratings.js';
import { folder, leftovers, memory, schema, values, write } from './fixtures.js';

const CSV = 'userId,movieId,rating,timestamp\n1,10,4.5,964982703\n1,20,3,964981247\n2,10,0.5,964982224\n';
const ROWS = {
  userId: [1, 1, 2],
  itemId: [10, 20, 10],
  rating: [4.5, 3, 0.5],
  time: [964982703, 964981247, 964982224],
};
const TYPED = 'userId:Int32 itemId:Int32 rating:Float32 time:Float64';

async function expectRows(file: string, options = {}, rows: Record<string, unknown[]> = ROWS): Promise<void> {
  const table = await readRatings(file, options);
  assert.is(schema(table), TYPED);
  for (const [name, expected] of Object.entries(rows)) assert.equal(values(table, name), expected, name);
}

const utf16 = (text: string, swap = false): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return swap ? bytes.swap16() : bytes;
};

const SAME: [string, string | Uint8Array, object?][] = [
  ['plain.csv', CSV],
  ['no-end.csv', CSV.trimEnd()],
  ['crlf.csv', CSV.replaceAll('\n', '\r\n')],
  ['cr.csv', CSV.replaceAll('\n', '\r')],
  ['mixed.csv', CSV.replace('703\n', '703\r\n')],
  ['mixed-2.csv', CSV.replace('timestamp\n', 'timestamp\r\n')],
  ['bom.csv', `\ufeff${CSV}`],
  ['bom-crlf.csv', `\ufeff${CSV.replaceAll('\n', '\r\n')}`],
  ['utf16le.csv', utf16(CSV)],
  ['utf16be.csv', utf16(CSV, true)],
  ['utf16-without-bom.csv', Buffer.from(CSV, 'utf16le'), { encoding: 'utf-16' }],
  ['tabs.tsv', CSV.replaceAll(',', '\t')],
  ['bars.txt', CSV.replaceAll(',', '|')],
  ['semicolons.csv', CSV.replaceAll(',', ';')],
  ['spaces.txt', CSV.replaceAll(',', ' ')],
  ['colons.dat', CSV.replaceAll(',', '::')],
  ['caret.txt', CSV.replaceAll(',', '^'), { delimiter: '^' }],
  ['paragraph.txt', CSV.replaceAll(',', '§'), { delimiter: '§' }],
  ['latin-delimiter.txt', Buffer.from(CSV.replaceAll(',', '|'), 'latin1'), { encoding: 'latin-1' }],
  ['tab-of-a-shell.tsv', CSV.replaceAll(',', '\t'), { delimiter: '\\t' }],
  ['quoted.csv', CSV.replace(/[^,\n]+/g, '"$&"')],
  ['quoted-crlf.csv', CSV.replace(/[^,\n]+/g, '"$&"').replaceAll('\n', '\r\n')],
  ['delimiter-at-the-end.csv', CSV.replaceAll('\n', ',\n')],
  ['delimiter-at-some-ends.csv', CSV.replace('703\n', '703,,\n')],
  ['blank-lines.csv', `\n\n${CSV.replace('703\n', '703\n\n')}\n\n`],
  ['gzip.csv.gz', gzipSync(CSV)],
  ['gzip-without-the-name.csv', gzipSync(CSV)],
  ['two-members.csv.gz', Buffer.concat([gzipSync(CSV.slice(0, 60)), gzipSync(CSV.slice(60))])],
  ['gzip-utf16.csv.gz', gzipSync(utf16(CSV))],
  ['not-gzip.csv.gz', CSV],
  ['headerless.csv', CSV.slice(CSV.indexOf('\n') + 1)],
  ['headerless.tsv', CSV.slice(CSV.indexOf('\n') + 1).replaceAll(',', '\t')],
  ['headerless-bom.csv', `\ufeff${CSV.slice(CSV.indexOf('\n') + 1)}`],
  ['headerless-forced.csv', CSV.slice(CSV.indexOf('\n') + 1), { header: false }],
  ['further-columns.csv', CSV.replace(/^/, 'x,').replaceAll(/\n(?=.)/g, '\nthe "x" ü,')],
  ['index-of-pandas.csv', CSV.replace(/^/, ',').replaceAll(/\n(?=.)/g, '\n7,')],
  ['spaces-around.csv', CSV.replaceAll(',', ', ')],
  [
    'dates.csv',
    CSV.replace('964982703', '2000-07-30T18:45:03Z')
      .replace('964981247', '2000-07-30 18:20:47')
      .replace('964982224', '2000-07-30T20:37:04+02:00'),
  ],
  ["it's [1] *?.csv", CSV],
  ['a;b "c" {x,y} ü $HOME ~ %20.csv', CSV],
  ["x');DROP TABLE t;--.csv", CSV],
  ['dir [a-z]/*/r.csv', CSV],
];

for (const [name, content, options] of SAME) {
  test(`reads ${name}`, async () => {
    await expectRows(write(name, content), options);
  });
}

test('a name with a pattern is read literally, also when the pattern matches another file', async () => {
  write('a1.csv', CSV.replaceAll(',10,', ',99,'));
  await expectRows(write('a[1].csv', CSV));
  write('bxc.csv', CSV.replaceAll(',10,', ',99,'));
  await expectRows(write('b?c.csv', CSV));
  await expectRows(write('b*c.csv', CSV));
});

test('a relative path and a link are followed', async () => {
  const file = write('plain.csv', CSV);
  await expectRows(path.relative(process.cwd(), file));
  const link = path.join(folder, 'link.csv');
  symlinkSync(file, link);
  await expectRows(link);
});

const HEADERS: [string, object?][] = [
  ['user,item,rating,time'],
  ['User ID,Item ID,Rating,Timestamp'],
  ['uid,iid,score,ts'],
  ['customer_id,product_id,stars,date'],
  ['reviewerID,asin,overall,unixReviewTime'],
  ['USER,TRACK,VALUE,TIME'],
  ['who,what,how,when', { columns: { user: 'who', item: 'what', rating: 'how', time: 'when' } }],
  ['who,what,how,when', { columns: { user: 0, item: 1, rating: 2, time: 3 } }],
  ['who,what,how,when', { columns: { user: '0', item: '1', rating: '2', time: '3' } }],
  ['who,what,rating,time', { columns: { user: 'WHO', item: 'wh-at' } }],
  ['user,movieId,rating,time'],
];
for (const [header, options] of HEADERS) {
  test(`guesses or is told: ${header} ${JSON.stringify(options ?? {})}`, async () => {
    await expectRows(write('header.csv', CSV.replace(/^.*/, header)), options);
  });
}

test('columns in another order', async () => {
  await expectRows(
    write('order.csv', 'rating,timestamp,movieId,userId\n4.5,964982703,10,1\n3,964981247,20,1\n0.5,964982224,10,2\n'),
  );
  const headerless = write('order-headerless.csv', '10,1,964982703,4.5\n20,1,964981247,3\n10,2,964982224,0.5\n');
  await expectRows(headerless, { columns: { user: 1, item: 0, rating: 3, time: 2 } });
});

test('`header` says how the first line is read', async () => {
  const all = await readRatings(write('h.csv', '1,2,3\n4,5,6\n'), {
    header: true,
    columns: { user: '1', item: '2', rating: '3' },
  });
  assert.equal(values(all, 'userId'), [4]);
  const text = await readRatings(write('t.csv', 'ann,tea\nbob,milk\n'), {
    header: false,
    columns: { user: 0, item: 1 },
  });
  assert.equal(values(text, 'userId'), ['ann', 'bob']);
});

test('without ratings or times the columns are absent', async () => {
  const implicit = await readRatings(write('implicit.csv', 'user,item\n1,2\n3,4\n'));
  assert.is(schema(implicit), 'userId:Int32 itemId:Int32');
  assert.is(schema(await readRatings(write('pairs.csv', '1,2\n3,4\n'))), 'userId:Int32 itemId:Int32');
  assert.is(
    schema(await readRatings(write('three.csv', '1,2,5\n3,4,1\n'))),
    'userId:Int32 itemId:Int32 rating:Float32',
  );
  const left = await readRatings(write('plain.csv', CSV), { columns: { rating: false, time: false } });
  assert.is(schema(left), 'userId:Int32 itemId:Int32');
});

test('ids are Int32, Int64 or Utf8 by their values', async () => {
  const ids = async (...users: string[]): Promise<[string, unknown[]]> => {
    const rows = users.map((user) => `${user},1,5`).join('\n');
    const table = await readRatings(write('ids.csv', `user,item,rating\n${rows}\n`));
    return [`${table.schema.fields[0]?.type}`, values(table, 'userId')];
  };
  assert.equal(await ids('2147483647', '-2147483647', '0'), ['Int32', [2147483647, -2147483647, 0]]);
  assert.equal(await ids('2147483648', '1'), ['Int64', [2147483648n, 1n]]);
  assert.equal(await ids('-2147483648', '1'), ['Int64', [-2147483648n, 1n]]);
  assert.equal(await ids('9223372036854775807', '1'), ['Int64', [9223372036854775807n, 1n]]);
  assert.equal(await ids('-9223372036854775808', '1'), ['Utf8', ['-9223372036854775808', '1']]);
  assert.equal(await ids('9223372036854775808', '1'), ['Utf8', ['9223372036854775808', '1']]);
  for (const text of [
    '007',
    '7.0',
    '7.5',
    '+7',
    '1e3',
    '0x10',
    '1_000',
    '-0',
    'A1',
    'ü',
    'a long id of more than twelve bytes €',
  ]) {
    assert.equal(await ids('5', text, '6'), ['Utf8', ['5', text, '6']], text);
  }
  assert.equal(await ids(' 5', '6 ', '\t7\t'), ['Int32', [5, 6, 7]]);
  assert.equal(await ids(' a', 'b '), ['Utf8', ['a', 'b']]);
  assert.equal(await ids('"x, y"', '"say ""hi"""'), ['Utf8', ['x, y', 'say "hi"']]);
});

/** More rows than the sniffed head of the file holds, so that the last ones are a surprise unless sampled. */
function long(last: string, at: number): string {
  const rows = Array.from({ length: 60_000 }, (_, i) =>
    i === at ? last : `${i % 500},${i % 77},${(i % 10) / 2},${1e9 + i}`,
  );
  return `user,item,rating,time\n${rows.join('\n')}\n`;
}

test('a late id of another kind makes the whole column that kind', async () => {
  for (const at of [30_011, 59_999]) {
    const wide = await readRatings(write('wide.csv', long('5000000000,1,2,3', at)));
    assert.is(schema(wide), 'userId:Int64 itemId:Int32 rating:Float32 time:Float64');
    assert.is(wide.numRows, 60_000);
    assert.is(wide.getChild('userId')?.get(at), 5000000000n);
    assert.is(wide.getChild('userId')?.get(12), 12n);
    const text = await readRatings(write('text.csv', long('7,007,2,3', at)));
    assert.is(schema(text), 'userId:Int32 itemId:Utf8 rating:Float32 time:Float64');
    assert.equal([text.getChild('itemId')?.get(at), text.getChild('itemId')?.get(78)], ['007', '1']);
  }
});

test('more rows than estimated', async () => {
  // The head and every window hold long rows, the rest short ones: the estimate is too low.
  const shorts = '1,2,3\n'.repeat(60_000);
  const longs = `${'1'.repeat(9)},${'2'.repeat(9)},${'0'.repeat(200)}3\n`.repeat(1000);
  const table = await readRatings(write('uneven.csv', `user,item,rating\n${longs}${shorts}`));
  assert.is(table.numRows, 61_000);
  assert.equal(Object.values(table.get(60_999)?.toJSON() ?? {}), [1, 2, 3]);
  assert.equal(Object.values(table.get(999)?.toJSON() ?? {}), [111111111, 222222222, 3]);
});

test('order and values of many rows, over many chunks and threads', async () => {
  const table = await readRatings(write('many.csv', long('1,2,3,4', -1)));
  const columns = ['userId', 'itemId', 'rating', 'time'].map(
    (name) => table.getChild(name)?.toArray() as ArrayLike<number>,
  );
  for (let i = 0; i < 60_000; i++) {
    if (
      columns[0]?.[i] !== i % 500 ||
      columns[1]?.[i] !== i % 77 ||
      columns[2]?.[i] !== (i % 10) / 2 ||
      columns[3]?.[i] !== 1e9 + i
    ) {
      assert.unreachable(`row ${i}`);
    }
  }
});

test('columns are one chunk, and toArray() is their memory', async () => {
  for (const file of [write('plain.csv', CSV), write('many.csv', long('1,2,3,4', -1))]) {
    const table = await readRatings(file);
    for (const name of ['userId', 'itemId', 'rating', 'time']) {
      const column = table.getChild(name);
      assert.is(column?.nullCount, 0);
      const array = column?.toArray() as Float32Array;
      assert.is(array.buffer, memory(table, name));
      assert.is(array.length, table.numRows);
      assert.is(column?.toArray().buffer, array.buffer);
      assert.ok(array.buffer.byteLength <= array.byteLength * 1.2 + 1024, 'little memory beyond the values');
    }
  }
});

test('numbers as they may be written', async () => {
  const table = await readRatings(
    write('numbers.csv', 'user,item,rating,time\n1,1,.5,1e9\n1,2,5.,-5\n1,3,+4,1.5\n1,4,"1e0",0\n'),
  );
  assert.equal(values(table, 'rating'), [0.5, 5, 4, 1]);
  assert.equal(values(table, 'time'), [1e9, -5, 1.5, 0]);
});

test('dates and date-times are UTC unless they say otherwise', async () => {
  const times = [
    '1970-01-02',
    '1970-01-01T00:00:01Z',
    '1970-01-01 00:00:01.250',
    '1970-01-01T01:00:00+01:00',
    '1969-12-31 23:59:59',
    '1970-01-01 00:00:02 UTC',
    '1970-01-01T02:30:03.5+0230',
  ];
  const table = await readRatings(
    write('times.csv', `user,item,date\n${times.map((time) => `1,2,${time}`).join('\n')}\n`),
  );
  assert.equal(values(table, 'time'), [86400, 1, 1.25, 0, -1, 2, 3.5]);
});

test('progress is reported, and an error of the callback ends the read', async () => {
  const file = write('many.csv', long('1,2,3,4', -1));
  const seen: unknown[] = [];
  await readRatings(file, { onProgress: (progress) => seen.push(progress) });
  assert.equal(seen.at(-1), { phase: 'read', unit: 'rows', done: 60_000, total: 60_000 });
  const mine = new Error('mine');
  try {
    await readRatings(file, {
      onProgress: () => {
        throw mine;
      },
    });
    assert.unreachable();
  } catch (error) {
    assert.is(error, mine);
  }
});

test('abort before, while unpacking and while reading', async () => {
  const before = leftovers();
  const file = write('many.csv', long('1,2,3,4', -1));
  const packed = write('many.csv.gz', gzipSync(long('1,2,3,4', -1)));
  const reason = new Error('enough');
  for (const [target, delay] of [
    [file, -1],
    [file, 0],
    [packed, 0],
    [file, 20],
    [packed, 5],
  ] as const) {
    const controller = new AbortController();
    if (delay < 0) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), delay);
    try {
      await readRatings(target, { signal: controller.signal });
      assert.ok(delay > 0, 'a read may be faster than a late abort');
    } catch (error) {
      assert.is(error, reason);
    }
  }
  assert.equal(leftovers(), before);
});

test('several files at once', async () => {
  const files = Array.from({ length: 6 }, (_, i) => write(`at-once-${i}.csv`, CSV.replaceAll(',10,', `,${i + 100},`)));
  const tables = await Promise.all(files.map((file) => readRatings(file)));
  assert.equal(
    tables.map((table) => table.getChild('itemId')?.get(0)),
    [100, 101, 102, 103, 104, 105],
  );
});

test('the table goes through Arrow IPC', async () => {
  const { tableFromIPC, tableToIPC } = await import('apache-arrow');
  const table = await readRatings(write('ipc.csv', 'user,item,rating\na,1,2\nbb,2,3\n'));
  const back = tableFromIPC(tableToIPC(table));
  assert.equal(values(back, 'userId'), ['a', 'bb']);
  assert.equal(values(back, 'rating'), [2, 3]);
});

test.run();
