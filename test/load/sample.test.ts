import { createHash } from 'node:crypto';
import { DataType, tableFromIPC, tableToIPC } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SAMPLE_LABEL, type SampleOptions, sampleItems, sampleRatings } from '../../src/load/sample.js';
import { SAMPLE_FILMS } from '../../src/load/sample-films.js';

const GENRES =
  'Action Adventure Animation Children Comedy Crime Documentary Drama Fantasy Film-Noir Horror Musical Mystery ' +
  'Romance Sci-Fi Thriller War Western';

function columns(options?: SampleOptions) {
  const table = sampleRatings(options);
  return {
    user: table.getChild('userId')?.toArray() as Int32Array,
    item: table.getChild('itemId')?.toArray() as Int32Array,
    rating: table.getChild('rating')?.toArray() as Float32Array,
    time: table.getChild('time')?.toArray() as Float64Array,
  };
}

function hash(options?: SampleOptions): string {
  const digest = createHash('sha256');
  for (const column of Object.values(columns(options))) digest.update(column);
  return digest.digest('hex').slice(0, 16);
}

const { user, item, rating, time } = columns();

test('the same seed gives the same bytes', () => {
  assert.is(hash(), '42ce65f874d1bec6');
  assert.is(hash({ users: 1000, seed: 42 }), '42ce65f874d1bec6');
  assert.is(hash({ users: 50, seed: 4_294_967_295 }), 'd44bef1dc69279a2');
  assert.is.not(hash({ seed: 43 }), hash());
});

test('a smaller sample is a prefix of a larger one', () => {
  const small = columns({ users: 30 });
  const rows = small.user.length;
  assert.ok(rows >= 600);
  assert.equal(small.user, user.slice(0, rows));
  assert.equal(small.item, item.slice(0, rows));
  assert.equal(small.rating, rating.slice(0, rows));
  assert.equal(small.time, time.slice(0, rows));
});

test('the ratings table has the stated columns, rows and label', () => {
  const table = sampleRatings();
  assert.equal(
    table.schema.fields.map((field) => `${field.name}: ${field.type}`),
    ['userId: Int32', 'itemId: Int32', 'rating: Float32', 'time: Float64'],
  );
  assert.ok(table.numRows >= 50_000 && table.numRows <= 60_000, `${table.numRows} rows`);
  assert.is(table.schema.metadata.get('label'), SAMPLE_LABEL);
  assert.match(SAMPLE_LABEL, /simulated/i);
  const back = tableFromIPC(tableToIPC(table));
  assert.is(back.numRows, table.numRows);
  assert.is(back.schema.metadata.get('label'), SAMPLE_LABEL);
});

test('ratings are half stars that use the whole scale', () => {
  const seen = new Set<number>();
  for (const stars of rating) {
    if (!(stars >= 0.5 && stars <= 5 && Number.isInteger(stars * 2))) assert.unreachable(`rating ${stars}`);
    seen.add(stars);
  }
  assert.is(seen.size, 10);
  const mean = rating.reduce((sum, x) => sum + x, 0) / rating.length;
  assert.ok(mean > 3.4 && mean < 3.9, `mean ${mean}`);
});

test('every person has 20 to 150 ratings, of distinct films, in order of time', () => {
  const counts = new Int32Array(1001);
  const pairs = new Set<number>();
  for (let row = 0; row < user.length; row++) {
    const who = user[row] as number;
    counts[who] = (counts[who] as number) + 1;
    pairs.add(who * 10_000 + (item[row] as number));
    if (row === 0) continue;
    const before = user[row - 1] as number;
    if (who !== before) assert.is(who, before + 1);
    else if (!((time[row] as number) > (time[row - 1] as number))) assert.unreachable(`time goes back at row ${row}`);
  }
  assert.is(pairs.size, user.length);
  assert.is(user[0], 1);
  assert.is(user.at(-1), 1000);
  const given = [...counts.subarray(1)];
  assert.ok(Math.min(...given) >= 20 && Math.max(...given) <= 150);
  assert.ok(Math.max(...given) > 120, 'some people rate much');
});

test('ratings are given from 2005 to 2020, after the release of the film, in sittings', () => {
  let withinSitting = 0;
  for (let row = 0; row < time.length; row++) {
    const at = time[row] as number;
    const year = new Date(at * 1000).getUTCFullYear();
    const film = SAMPLE_FILMS[(item[row] as number) - 1];
    const release = Number(film?.[1].slice(-5, -1));
    if (!(Number.isInteger(at) && year >= 2005 && year <= 2020 && year >= release)) {
      assert.unreachable(`row ${row}: time ${at}, film of ${release}`);
    }
    if (row > 0 && user[row] === user[row - 1] && at - (time[row - 1] as number) <= 60) withinSitting++;
  }
  assert.ok(withinSitting > 0.85 * time.length);
});

test('every film is in the items table, with valid genres and year', () => {
  const items = sampleItems();
  assert.ok(items.numRows >= 300);
  const list = items.getChild('genres')?.type;
  assert.ok(DataType.isList(list) && DataType.isUtf8(list.valueType));
  assert.ok(DataType.isUtf8(items.getChild('title')?.type));
  assert.ok(DataType.isInt(items.getChild('year')?.type) && DataType.isInt(items.getChild('itemId')?.type));
  const known = new Set(GENRES.split(' '));
  const titles = new Set<string>();
  for (let row = 0; row < items.numRows; row++) {
    const { itemId, title, genres, year } = (items.get(row) as NonNullable<ReturnType<typeof items.get>>).toJSON();
    assert.is(itemId, row + 1);
    titles.add(title);
    assert.ok(year >= 1920 && year <= 2018, `${title}: ${year}`);
    assert.ok(title.endsWith(` (${year})`), title);
    assert.not.match(title, /^(The|A|An) /, 'MovieLens style moves the article');
    const names = [...genres].filter((name) => name !== null);
    assert.ok(names.length > 0 && new Set(names).size === names.length, title);
    for (const name of names) assert.ok(known.has(name), `${title}: ${name}`);
  }
  assert.is(titles.size, items.numRows, 'no film twice');
  assert.is(items.get(0)?.title, 'Toy Story (1995)');
  for (const title of ['Apollo 13 (1995)', 'Home Alone (1990)', "Bug's Life, A (1998)", 'Jurassic Park (1993)']) {
    assert.ok(titles.has(title), title);
  }
  const rated = new Set(item);
  assert.is(Math.min(...rated), 1);
  assert.is(Math.max(...rated), items.numRows);
  assert.is(rated.size, items.numRows, 'every film is rated by someone');
});

test('the neighbours of Toy Story are mostly family animation', () => {
  const films = SAMPLE_FILMS.length;
  const means = new Float64Array(1001);
  const counts = new Float64Array(1001);
  user.forEach((who, row) => {
    means[who] = (means[who] as number) + (rating[row] as number);
    counts[who] = (counts[who] as number) + 1;
  });
  const centred = Array.from({ length: films + 1 }, () => new Float64Array(1001));
  user.forEach((who, row) => {
    const mean = (means[who] as number) / (counts[who] as number);
    (centred[item[row] as number] as Float64Array)[who] = (rating[row] as number) - mean;
  });
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  const toyStory = centred[1] as Float64Array;
  const scored = SAMPLE_FILMS.slice(1).map((film) => {
    const other = centred[film[0]] as Float64Array;
    return { film, cosine: dot(toyStory, other) / Math.sqrt(dot(toyStory, toyStory) * dot(other, other)) };
  });
  const top = scored.sort((a, b) => b.cosine - a.cosine).slice(0, 10);
  const family = top.filter(({ film }) => /Animation|Children/.test(film[2]));
  assert.ok(family.length >= 8, top.map(({ film }) => film[1]).join('; '));
  assert.ok(top.some(({ film }) => film[1] === 'Toy Story 2 (1999)'));
});

test('bad options are refused by name', () => {
  assert.throws(() => sampleRatings({ users: 0 }), /`users`.*>= 1.*received 0/);
  assert.throws(() => sampleRatings({ users: '9' as unknown as number }), /`users`.*received "9" \(string\)/);
  assert.throws(() => sampleRatings({ seed: -1 }), /`seed`/);
  assert.throws(() => sampleRatings({ seed: 1.5 }), /`seed`/);
  assert.throws(() => sampleRatings({ user: 5 } as SampleOptions), /did you mean `users`/);
});

test.run();
