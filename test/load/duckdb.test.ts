import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { QueryError, withDuckDB } from '../../src/load/duckdb.js';
import { readRatings } from '../../src/load/read-ratings.js';
import { withoutPackage } from '../support/without-package.js';
import { dataError, folder, makeZip, write } from './fixtures.js';

const root = path.resolve(import.meta.dirname, '../..');

test('nothing but the one file can be read, and nothing written, loaded or configured', async () => {
  const file = write('one.csv', 'a,b\n1,2\n');
  const other = write('other.csv', 'a,b\n1,2\n');
  await withDuckDB([file], async (db) => {
    assert.equal(await db.rows(`SELECT a::INTEGER FROM read_csv(${db.fileLiterals[0]})`), [[1]]);
    for (const sql of [
      `SELECT * FROM read_csv('${other}')`,
      `SELECT * FROM read_text('/etc/passwd')`,
      `SELECT * FROM glob('${folder}/*')`,
      `SELECT * FROM read_csv('https://127.0.0.1:9/x.csv')`,
      `COPY (SELECT 1) TO '${folder}/out.csv'`,
      `COPY (SELECT 1) TO '${file}'`,
      `ATTACH '${folder}/x.db'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      'SET enable_external_access = true',
      'SET threads = 1',
    ]) {
      try {
        await db.rows(sql);
        assert.unreachable(sql);
      } catch (error) {
        assert.instance(error, QueryError, `${sql}: ${error}`);
        assert.not.match((error as Error).message, '\n');
      }
    }
  });
  assert.not.ok(existsSync(path.join(folder, 'out.csv')));
});

test('names of columns and files are never SQL', async () => {
  const header = `"user'); COPY (SELECT 1) TO '${folder}/evil.csv'; --","item"" x",rating`;
  const file = write(`x'); COPY (SELECT 1) TO 'evil.csv'; --.csv`.replaceAll('/', '_'), `${header}\n1,2,3\n`);
  const table = await readRatings(file, { columns: { user: 0, item: 'item" x' } });
  assert.equal(Object.values(table.get(0)?.toJSON() ?? {}), [1, 2, 3]);
  for (const delimiter of ["'", "');", '\\']) {
    const odd = write('odd.csv', `user${delimiter}item\n1${delimiter}2\n`);
    assert.is((await readRatings(odd, { delimiter })).numRows, 1, delimiter);
  }
  assert.not.ok(existsSync(path.join(folder, 'evil.csv')) || existsSync('evil.csv'));
});

if (path.sep === '/')
  test('a path with a backslash', async () => {
    assert.is((await readRatings(write('a\\b.csv', 'user,item\n1,2\n'))).numRows, 1);
    await dataError(readRatings(write('a\\[b].csv', 'user,item\n1,2\n')));
  });

/** Runs `code` in a process where the package `name` cannot be found. */
function without(name: string, code: string): { status: number | null; out: string } {
  const script = write('without.mts', code);
  const imports = ['--import', 'tsx', '--import', withoutPackage(name)];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...imports, script], { cwd: root, encoding: 'utf8' });
  return { status, out: stdout + stderr };
}

const reading = (file: string): string => `import { readRatings } from '${root}/src/load/read-ratings.js';
  await readRatings(${JSON.stringify(file)}).then(() => console.log('read'), (e) => console.log(e.name, e.code, e.message));`;

test('a missing package is named with its command', () => {
  const csv = write('plain.csv', 'user,item\n1,2\n');
  const zip = write('plain.zip', makeZip([{ name: 'd/ratings.csv', content: 'user,item\n1,2\n' }]));
  assert.match(
    without('@duckdb/node-api', reading(csv)).out,
    /MissingPackageError ERR_PALATE_MISSING_PACKAGE .*`npm install @duckdb\/node-api`/,
  );
  assert.match(
    without('yauzl', reading(zip)).out,
    /MissingPackageError ERR_PALATE_MISSING_PACKAGE .*`npm install yauzl`/,
  );
  assert.match(without('yauzl', reading(csv)).out, /^read/);
});

test('DuckDB is loaded on first use only', () => {
  const code = `const all = await Promise.all(['read-ratings', 'read-items', 'read-users', 'download'].map((name) => import('${root}/src/load/' + name + '.js')));
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /duckdb|yauzl/.test(file));
    console.log(all.length, loaded.length);`;
  assert.match(without('nothing', code).out, /^4 0/);
});

test('the process ends by itself after a read, also after one that failed', () => {
  const bad = write('bad.csv', 'user,item,rating\n1,2,x\n');
  const started = Date.now();
  assert.is(without('nothing', reading(bad)).status, 0);
  assert.ok(Date.now() - started < 20_000);
});

test('temporary files are removed when the process exits in the middle', () => {
  const zip = write(
    'big.zip',
    makeZip([{ name: 'd/ratings.csv', content: `user,item\n${'1,2\n'.repeat(3_000_000)}` }]),
  );
  const temporary = path.join(folder, 'tmp');
  const code = `import { mkdirSync, readdirSync } from 'node:fs';
    mkdirSync(${JSON.stringify(temporary)}, { recursive: true });
    process.env.TMPDIR = ${JSON.stringify(temporary)};
    const { readRatings } = await import('${root}/src/load/read-ratings.js');
    readRatings(${JSON.stringify(zip)});
    const wait = setInterval(() => { if (readdirSync(${JSON.stringify(temporary)}).length > 0) { console.log('there'); process.exit(0); } }, 1);`;
  assert.match(without('nothing', code).out, /^there/);
  assert.equal(readdirSync(temporary), []);
});

test.run();
