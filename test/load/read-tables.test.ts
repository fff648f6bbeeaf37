import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTables } from '../../src/load/read-tables.js';

const folder = mkdtempSync(path.join(tmpdir(), 'palate-tables-'));
test.after(() => rmSync(folder, { recursive: true }));

function place(name: string, files: Record<string, string>): string {
  const where = path.join(folder, name);
  mkdirSync(where);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(where, file), text);
  return where;
}

const ratings = 'userId,movieId,rating,timestamp\n1,10,4.0,964982703\n2,20,3.5,964982704\n';
const movies = 'movieId,title,genres\n10,Heat (1995),Action|Crime\n20,"Net, The (1995)",Thriller\n';

test('a MovieLens folder brings its items', async () => {
  const tables = await readTables(place('latest', { 'ratings.csv': ratings, 'movies.csv': movies }));
  assert.is(tables.ratings.numRows, 2);
  assert.equal(Array.from(tables.items?.getChild('title') ?? []), ['Heat (1995)', 'Net, The (1995)']);
  assert.is(tables.users, undefined);
});

test('a folder without its items gives the ratings alone', async () => {
  const tables = await readTables(place('bare', { 'ratings.csv': ratings }));
  assert.is(tables.ratings.numRows, 2);
  assert.is(tables.items, undefined);
});

test('ml-1m brings its users too', async () => {
  const tables = await readTables(
    place('ml-1m', {
      'ratings.dat': '1::10::4::964982703\n2::20::3::964982704\n',
      'movies.dat': '10::Heat (1995)::Action|Crime\n20::Net, The (1995)::Thriller\n',
      'users.dat': '1::F::25::10::48067\n2::M::56::16::70072\n',
    }),
  );
  assert.equal(Array.from(tables.users?.getChild('age') ?? []), [25, 56]);
  assert.is(tables.items?.numRows, 2);
});

test('a single file has what is named beside it', async () => {
  const where = place('files', { 'r.csv': ratings, 'm.csv': movies, 'u.csv': 'userId,age\n1,31\n2,44\n' });
  const file = (name: string): string => path.join(where, name);
  const alone = await readTables(file('r.csv'));
  assert.equal([alone.items, alone.users], [undefined, undefined]);
  const all = await readTables(file('r.csv'), { items: file('m.csv'), users: file('u.csv') });
  assert.is(all.items?.numRows, 2);
  assert.equal(Array.from(all.users?.getChild('age') ?? []), [31, 44]);
});

test.run();
