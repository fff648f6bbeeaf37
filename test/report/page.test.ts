import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, dataChapter, modelChapter, type Report, sampleRatings, writeReport } from '../../src/index.js';
import { renderPage } from '../../src/report/page.js';
import { countOf, modelOf } from './fixtures.js';

const test = suite('report page');
const hostile = `<script>alert('x')</script>"&`;
let folder: string;

test.before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'palate-report-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A chapter with one table. */
const chapter = (rows: object[], name = 'one'): Report['chapters'][number] => ({
  name,
  title: 'One',
  parts: [{ tables: [{ name: 'table', title: 'Table', rows }] }],
});

test('every text is escaped, and nothing but our own script may run', () => {
  const page = renderPage({
    title: hostile,
    about: hostile,
    notice: hostile,
    chapters: [
      {
        name: 'one',
        title: hostile,
        about: hostile,
        figures: [{ label: hostile, value: hostile }],
        parts: [
          { title: hostile, tables: [{ name: 't', title: hostile, caption: hostile, rows: [{ [hostile]: hostile }] }] },
        ],
      },
    ],
  });
  assert.is(countOf(page, /<script/g), 1);
  assert.not.match(page, "alert('x')");
  assert.is(countOf(page, /&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&quot;&amp;/g), 14);
  assert.match(page, /default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-/);
});

test('a model and its data: whole, in one file that loads nothing', async () => {
  const data = Dataset.fromTable(sampleRatings({ users: 60 }));
  const report = { title: 'Films', chapters: [await dataChapter(data), await modelChapter(modelOf())] };
  const out = path.join(folder, 'whole');
  const files = await writeReport(report, { out });
  assert.equal(
    files.toSorted(),
    readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(out, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
      .sort(),
  );
  const page = readFileSync(path.join(out, 'index.html'), 'utf8');
  assert.is(countOf(page, /<svg /g), 6);
  assert.is(countOf(page.replaceAll(/xmlns(:xlink)?="[^"]*"/g, ''), /https?:\/\/|@import|url\(/g), 0);
  assert.equal(
    [...page.matchAll(/(?:src|href)="([^"]*)"/g)]
      .map((match) => match[1])
      .filter((to) => !/^(#|data:)/.test(to as string)),
    [],
  );
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
  assert.equal(ids, ['data', 'mf']);
  for (const text of ['For user', 'Like Film', 'Map of the items', 'Loss by epoch', 'Ratings given'])
    assert.match(page, text);
  assert.match(
    readFileSync(path.join(out, 'tables/mf-epochs.csv'), 'utf8'),
    /^epoch,learning_rate,train_loss,.*\n1,0.01,1,/m,
  );
  assert.match(readFileSync(path.join(out, 'charts/mf-map.svg'), 'utf8'), /^<svg /);
});

test('metrics on held-out ratings come with intervals', async () => {
  const model = modelOf();
  const test = Dataset.fromTable(sampleRatings({ users: 60 }));
  const { parts } = await modelChapter(model, { test, name: 'films', title: 'Films' });
  const metrics = parts.flatMap(({ tables = [] }) => tables).find(({ name }) => name === 'metrics');
  const rmse = metrics?.rows.find((row) => (row as { metric: string }).metric === 'rmse') as Record<string, string>;
  assert.match(rmse.value as string, /^\d\.\d+$/);
  const [low, high] = (rmse['95 % interval'] as string).split(' to ').map(Number) as [number, number];
  assert.ok(low < Number(rmse.value) && Number(rmse.value) < high, JSON.stringify(rmse));
  assert.match(rmse.meaning as string, 'mean squared error');
});

test('a folder that is there keeps other files', async () => {
  const out = path.join(folder, 'kept');
  await writeReport({ title: 'One', chapters: [chapter([{ a: 1 }])] }, { out });
  writeFileSync(path.join(out, 'notes.txt'), 'mine');
  await writeReport({ title: 'Two', chapters: [chapter([{ a: 2 }])] }, { out });
  assert.is(readFileSync(path.join(out, 'notes.txt'), 'utf8'), 'mine');
  assert.match(readFileSync(path.join(out, 'index.html'), 'utf8'), '<title>Two</title>');
  assert.is(readFileSync(path.join(out, 'tables/one-table.csv'), 'utf8'), 'a\n2\n');
  assert.equal(
    readdirSync(folder).filter((name) => name.includes('.part')),
    [],
  );
});

test('names that could leave the folder, or take the place of others, are refused before anything is written', async () => {
  const out = path.join(folder, 'refused');
  const wrong: Report['chapters'][] = [
    [chapter([], '../up')],
    [chapter([], 'one'), chapter([], 'one')],
    [{ ...chapter([]), parts: [...chapter([{ a: 1 }]).parts, ...chapter([{ a: 2 }]).parts] }],
    [{ ...chapter([]), parts: [{ tables: [{ name: 'A b', title: 't', rows: [] }] }] }],
  ];
  for (const chapters of wrong) {
    try {
      await writeReport({ title: 't', chapters }, { out });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError, String(error));
    }
  }
  assert.equal(
    readdirSync(folder).filter((name) => name.includes('refused')),
    [],
  );
});

test.run();
