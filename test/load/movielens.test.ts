import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readItems } from '../../src/load/read-items.js';
import { readRatings } from '../../src/load/read-ratings.js';
import { readUsers } from '../../src/load/read-users.js';
import { dataError, folder, leftovers, makeZip, schema, values, write } from './fixtures.js';

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

const flags = (...names: string[]): string => {
  const all =
    'unknown Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western';
  return all
    .split(' ')
    .map((name) => (names.includes(name) ? 1 : 0))
    .join('|');
};
const ML_100K = {
  'u.data': '196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n',
  'u.item': latin(
    `1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)|${flags('Animation', 'Children', 'Comedy')}\n` +
      `267|unknown||||${flags('unknown')}\n` +
      `543|Misérables, Les (1995)|01-Jan-1996||http://us.imdb.com/M/title-exact?Mis%E9rables%2C%20Les%20%281995%29|${flags('Drama', 'Musical')}\n` +
      `999|"Quoted" title|31-Dec-1998|01-Feb-1999|x|${flags()}\n`,
  ),
  'u.user': '1|24|M|technician|85711\n2|53|F|other|94043\n3|23|M|writer|T8H1N\n',
  'u.genre': 'unknown|0\n',
  README: 'SUMMARY',
};
const ML_1M = {
  'ratings.dat': '1::1193::5::978300760\n1::661::3::978302109\n6040::1097::4::956715569\n',
  'movies.dat': latin("1::Toy Story (1995)::Animation|Children's|Comedy\n73::Misérables, Les (1995)::Drama|Musical\n"),
  'users.dat': '1::F::1::10::48067\n2::M::56::16::70072\n3::M::25::20::02460-1234\n',
};
const ML_LATEST = {
  'ratings.csv': 'userId,movieId,rating,timestamp\r\n1,1,4.0,964982703\r\n1,3,4.5,964981247\r\n',
  'movies.csv':
    'movieId,title,genres\r\n1,Toy Story (1995),Adventure|Animation\r\n3,"Grumpier, Old (1995)",(no genres listed)\r\n',
  'links.csv': 'movieId,imdbId,tmdbId\r\n1,0114709,862\r\n',
  'tags.csv': 'userId,movieId,tag,timestamp\r\n1,1,"fun, really",1445714994\r\n',
};

/** The data set as a folder, as a zip with that folder inside, and as a zip without. */
function three(name: string, files: Record<string, string | Uint8Array>): string[] {
  for (const [file, content] of Object.entries(files)) write(`${name}/${file}`, content);
  const entries = Object.entries(files);
  return [
    path.join(folder, name),
    write(`${name}.zip`, makeZip(entries.map(([file, content]) => ({ name: `${name}/${file}`, content })))),
    write(`${name}-flat.zip`, makeZip(entries.map(([file, content]) => ({ name: file, content })))),
  ];
}

test('ml-100k', async () => {
  for (const source of three('ml-100k', ML_100K)) {
    for (const options of [{}, { format: 'ml-100k' }] as const) {
      const ratings = await readRatings(source, options);
      assert.is(schema(ratings), 'userId:Int32 itemId:Int32 rating:Float32 time:Float64');
      assert.equal(
        ratings.toArray().map((row) => Object.values(row.toJSON())),
        [
          [196, 242, 3, 881250949],
          [186, 302, 3, 891717742],
          [22, 377, 1, 878887116],
        ],
      );
      const items = await readItems(source, options);
      assert.is(
        schema(items),
        'itemId:Int32 title:Utf8 genres:List<Utf8> year:Int32 releaseDate:Utf8 videoReleaseDate:Utf8 imdbUrl:Utf8',
      );
      assert.equal(values(items, 'itemId'), [1, 267, 543, 999]);
      assert.equal(values(items, 'title'), ['Toy Story (1995)', 'unknown', 'Misérables, Les (1995)', '"Quoted" title']);
      assert.equal(values(items, 'genres'), [
        ['Animation', 'Children', 'Comedy'],
        ['unknown'],
        ['Drama', 'Musical'],
        [],
      ]);
      assert.equal(values(items, 'year'), [1995, null, 1996, 1998]);
      assert.equal(values(items, 'releaseDate'), ['01-Jan-1995', null, '01-Jan-1996', '31-Dec-1998']);
      const users = await readUsers(source, options);
      assert.is(schema(users), 'userId:Int32 age:Int32 sex:Utf8 occupation:Utf8 zip:Utf8');
      assert.equal(
        users.toArray().map((row) => Object.values(row.toJSON())),
        [
          [1, 24, 'M', 'technician', '85711'],
          [2, 53, 'F', 'other', '94043'],
          [3, 23, 'M', 'writer', 'T8H1N'],
        ],
      );
    }
  }
});

test('ml-1m, and its successor in UTF-8', async () => {
  for (const encoding of ['latin1', 'utf8'] as const) {
    const movies = Buffer.from(latin('').toString() + ML_1M['movies.dat'].toString('latin1'), encoding);
    for (const source of three(`ml-1m-${encoding}`, { ...ML_1M, 'movies.dat': movies })) {
      const ratings = await readRatings(source);
      assert.equal(
        ratings.toArray().map((row) => Object.values(row.toJSON())),
        [
          [1, 1193, 5, 978300760],
          [1, 661, 3, 978302109],
          [6040, 1097, 4, 956715569],
        ],
      );
      const items = await readItems(source, { format: 'ml-1m' });
      assert.equal(values(items, 'title'), ['Toy Story (1995)', 'Misérables, Les (1995)']);
      assert.equal(values(items, 'genres'), [
        ['Animation', "Children's", 'Comedy'],
        ['Drama', 'Musical'],
      ]);
      assert.equal(values(items, 'year'), [1995, 1995]);
      const users = await readUsers(source);
      assert.is(schema(users), 'userId:Int32 age:Int32 sex:Utf8 occupation:Utf8 zip:Utf8');
      assert.equal(
        users.toArray().map((row) => Object.values(row.toJSON())),
        [
          [1, 1, 'F', 'K-12 student', '48067'],
          [2, 56, 'M', 'self-employed', '70072'],
          [3, 25, 'M', 'writer', '02460-1234'],
        ],
      );
    }
  }
});

test('ml-latest', async () => {
  for (const source of three('ml-latest-tiny', ML_LATEST)) {
    const ratings = await readRatings(source, { format: 'auto' });
    assert.equal(
      ratings.toArray().map((row) => Object.values(row.toJSON())),
      [
        [1, 1, 4, 964982703],
        [1, 3, 4.5, 964981247],
      ],
    );
    const items = await readItems(source);
    assert.equal(values(items, 'title'), ['Toy Story (1995)', 'Grumpier, Old (1995)']);
    assert.equal(values(items, 'genres'), [['Adventure', 'Animation'], []]);
    assert.match((await dataError(readUsers(source))).message, /the layout ml-latest has no users file/);
  }
});

test('single files are recognised by their names', async () => {
  three('ml-100k', ML_100K);
  const file = (name: string): string => path.join(folder, 'ml-100k', name);
  assert.is((await readRatings(file('u.data'))).numRows, 3);
  assert.is((await readItems(file('u.item'))).numRows, 4);
  assert.is((await readUsers(file('u.user'))).numRows, 3);
  assert.match(
    (await dataError(readRatings(file('u.item')))).message,
    /this is the items file of ml-100k, not its ratings file/,
  );
  const renamed = write('films.txt', ML_100K['u.item']);
  assert.is((await readItems(renamed, { format: 'ml-100k' })).numRows, 4);
  assert.is((await readRatings(file('u.data'), { format: 'csv' })).numRows, 3);
  // The layout's columns can be overridden.
  const swapped = await readRatings(file('u.data'), { columns: { user: 1, item: 0, time: false } });
  assert.equal(values(swapped, 'userId'), [242, 302, 377]);
  assert.is(schema(swapped), 'userId:Int32 itemId:Int32 rating:Float32');
});

test('errors inside folders and zips name the inner file and line', async () => {
  const bad = { ...ML_100K, 'u.data': '196\t242\t3\t881250949\n186\t302\tx\t891717742\n' };
  const [asFolder, asZip, flat] = three('bad-100k', bad) as [string, string, string];
  for (const [source, file] of [
    [asFolder, `${asFolder}/u.data`],
    [asZip, `${asZip}/bad-100k/u.data`],
    [flat, `${flat}/u.data`],
  ] as const) {
    const error = await dataError(readRatings(source));
    assert.is(error.message, `${file}, line 2, column 2: "x" is not a finite number`);
    assert.equal([error.file, error.line, error.column, error.value], [file, 2, '2', 'x']);
  }
  const flag = {
    ...ML_100K,
    'u.item': latin(ML_100K['u.item'].toString('latin1').replace('|1|0\n', '|1|0\n').replace(/0\n$/, '7\n')),
  };
  const wrong = await dataError(readItems(three('flags', flag)[0] as string));
  assert.match(wrong.message, /line 4, column 23: "7" is no flag: 0 or 1 for Western/);
  const few = { ...ML_100K, 'u.item': '1|A|01-Jan-1995\n' };
  assert.match(
    (await dataError(readItems(three('few', few)[0] as string))).message,
    /the items file of ml-100k has 24 columns, this one 3/,
  );
});

test('a layout without the file that is asked for, or more than one layout', async () => {
  write('only-movies/movies.csv', ML_LATEST['movies.csv']);
  const only = path.join(folder, 'only-movies');
  assert.is((await readItems(only)).numRows, 2);
  assert.match((await dataError(readRatings(only))).message, /it has the layout ml-latest, but no ratings\.csv/);
  const zip = write('only-movies.zip', makeZip([{ name: 'd/movies.csv', content: ML_LATEST['movies.csv'] }]));
  assert.match((await dataError(readRatings(zip))).message, /it has the layout ml-latest, but no d\/ratings\.csv/);
  const [both] = three('both', { ...ML_LATEST, ...ML_1M }) as [string];
  assert.match(
    (await dataError(readRatings(both))).message,
    /several MovieLens layouts lie in it; choose one with the option `format` \('ml-latest', 'ml-1m'\)/,
  );
  assert.is((await readRatings(both, { format: 'ml-1m' })).numRows, 3);
  mkdirSync(path.join(folder, 'nothing'), { recursive: true });
  assert.match((await dataError(readRatings(path.join(folder, 'nothing')))).message, /none of the MovieLens layouts/);
  const strange = write('strange.zip', makeZip([{ name: 'readme.txt', content: 'hello' }]));
  assert.match((await dataError(readRatings(strange))).message, /none of the MovieLens layouts/);
});

test('a folder with a strange name', async () => {
  const [source] = three("it's [1] ml *", ML_LATEST) as [string];
  assert.is((await readRatings(source)).numRows, 2);
});

test('no temporary file is left', () => {
  assert.equal(leftovers(), []);
});

const real = process.env.PALATE_DATA;
if (real !== undefined && existsSync(real)) {
  test('the real ml-latest-small', async () => {
    const ratings = await readRatings(real);
    assert.is(schema(ratings), 'userId:Int32 itemId:Int32 rating:Float32 time:Float64');
    assert.is(ratings.numRows, 100_836);
    const column = (name: string): number[] => Array.from(ratings.getChild(name)?.toArray() as Float64Array);
    assert.is(new Set(column('userId')).size, 610);
    assert.is(new Set(column('itemId')).size, 9724);
    assert.is(
      column('rating').reduce((sum, rating) => sum + rating, 0),
      353_083,
    );
    assert.equal([column('rating')[0], column('time')[0]], [4, 964982703]);
    const items = await readItems(real);
    assert.is(schema(items), 'itemId:Int32 title:Utf8 genres:List<Utf8> year:Int32');
    assert.is(items.numRows, 9742);
    assert.equal(Array.from(items.getChild('genres')?.get(0)), [
      'Adventure',
      'Animation',
      'Children',
      'Comedy',
      'Fantasy',
    ]);
    assert.is(items.getChild('year')?.nullCount, 12);
    const links = await readItems(path.join(real, 'links.csv'));
    assert.is(schema(links), 'itemId:Int32 imdbId:Utf8 tmdbId:Float64');
    assert.is(links.getChild('tmdbId')?.nullCount, 8);
  });
}

test.run();
