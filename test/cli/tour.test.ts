import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutPackage } from '../support/without-package.js';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

const test = suite('tour');
let at: Workplace;

test.before(() => {
  at = new Workplace();
});
test.after(() => at.remove());

interface Report {
  recipes: {
    name: string;
    data: object;
    epochs: unknown[];
    metrics: object;
    recommendations: unknown[];
    similar: unknown[];
  }[];
  source: { simulated: boolean };
  out: string;
}

test('one recipe on a folder: JSON on stdout, the same in the report, losses as CSV', async () => {
  const run = await palate(['tour', '--data', 'ml', '--recipe', 'rating-classifier', '--out', 'report', '--json'], {
    cwd: at.root,
  });
  const report = onlyJson<Report>(run);
  assert.is(report.out, 'report');
  assert.is(report.source.simulated, false);
  assert.is(report.recipes.length, 1);
  const [recipe] = report.recipes;
  assert.is(recipe?.name, 'rating-classifier');
  assert.is(recipe?.recommendations.length, 10);
  assert.is(recipe?.similar.length, 10);
  const names = ['losses-notebook', 'losses-palate', 'map', 'norms'].map(
    (name) => `charts/rating-classifier-${name}.svg`,
  );
  for (const name of ['index.html', 'tour.json', 'charts/data-ratings.svg', 'tables/summary-recipes.csv', ...names]) {
    assert.ok(at.list().includes(`report/${name}`), name);
  }
  assert.equal(JSON.parse(readFileSync(at.file('report/tour.json'), 'utf8')), report);
  const losses = readFileSync(at.file('report/tables/rating-classifier-epochs-notebook.csv'), 'utf8');
  assert.match(losses, /^epoch,seconds,learning_rate,train_loss,train_rmse,valid_loss,valid_rmse\n1,/);
  const page = readFileSync(at.file('report/index.html'), 'utf8');
  for (const text of ['Rating classifier', 'constant BCE', 'Like Toy Story (1995)', 'ndcg@10'])
    assert.match(page, text);
  assert.not.match(page, 'class="notice"');
});

test('a folder that is there keeps its other files; text fits into 80 columns', async () => {
  mkdirSync(at.file('mine'));
  writeFileSync(at.file('mine/notes.txt'), 'mine');
  writeFileSync(at.file('mine/tour.json'), 'old');
  const run = await palate(['tour', '--recipe', 'rating-classifier', '--out', 'mine'], {
    cwd: at.root,
    env: { PALATE_DATA: at.data },
  });
  assert.is(run.code, 0, run.stderr);
  assert.is(readFileSync(at.file('mine/notes.txt'), 'utf8'), 'mine');
  assert.match(readFileSync(at.file('mine/tour.json'), 'utf8'), /"recipes"/);
  assert.not.match(run.stdout, '\u001b');
  assert.match(run.stdout, 'Like Toy Story (1995)');
  assert.equal(
    at.list().filter((name) => name.includes('.part')),
    [],
  );
});

test('without network it says so and runs on the sample', async () => {
  const offline = 'globalThis.fetch = () => Promise.reject(new TypeError("fetch failed"))';
  const run = await palate(['tour', '--recipe', 'rating-classifier', '--out', 'offline'], {
    cwd: at.root,
    env: { XDG_CACHE_HOME: at.file('cache'), NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(offline)}` },
  });
  assert.is(run.code, 0, run.stderr);
  assert.match(run.stderr, /Going on with the built-in sample/);
  assert.match(run.stdout, /^Data: Simulated sample/);
  assert.match(readFileSync(at.file('offline/index.html'), 'utf8'), /<p class="notice">Simulated sample/);
  assert.match(run.stdout, 'Like Toy Story (1995)');
});

test('without the packages that draw, it says so and writes tables', async () => {
  for (const [missing, install] of [
    ['vega', 'npm install vega@6 vega-lite@~6.4'],
    ['umap-js', 'npm install umap-js'],
  ] as const) {
    const run = await palate(['tour', '--data', 'ml', '--recipe', 'rating-classifier', '--out', missing], {
      cwd: at.root,
      env: { NODE_OPTIONS: `--import=${withoutPackage(missing)}` },
    });
    assert.is(run.code, 0, run.stderr);
    assert.match(run.stderr, `\`${install}\`. The report will have tables alone.`);
    assert.not.match(readFileSync(at.file(`${missing}/index.html`), 'utf8'), '<svg');
    assert.ok(at.list().includes(`${missing}/tables/rating-classifier-similar.csv`));
  }
});

test.run();
