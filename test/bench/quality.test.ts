// npm run quality: its arguments, its folds, and a small run of both kinds.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments } from '../../bench/quality/arguments.js';
import { explicitFolds, implicitParts } from '../../bench/quality/data.js';
import { measureBiases, measureExplicit, measureImplicit } from '../../bench/quality/measure.js';
import { toJson, toMarkdown, toSummary } from '../../bench/quality/tables.js';
import { REFERENCE, variants } from '../../bench/quality/variants.js';
import { sampleItems, sampleRatings } from '../../src/index.js';
import { fakeMachine } from './fakes.js';

const tables = { ratings: sampleRatings({ users: 60, seed: 3 }), items: sampleItems() };
const { signal } = new AbortController();

test('arguments name models, the data and the seed', () => {
  const args = parseArguments(['--models', 'EASE,bayes', '--seed', '7'], variants, { PALATE_DATA: 'here' });
  const ofFm = variants.filter(({ options }) => options.model === 'bayesianFm').length;
  assert.is(args.chosen.length, 1 + ofFm);
  assert.equal([args.data, args.folds, args.seed], ['here', undefined, 7]);
  assert.is(parseArguments([], variants, { PALATE_DATA: 'here' }).chosen.length, variants.length);
  const wrong =
    (...argv: string[]) =>
    () =>
      parseArguments(argv, variants, { PALATE_DATA: 'here' });
  assert.throws(wrong('--models', 'lstm'), /no model is called 'lstm'/);
  assert.throws(wrong('--seed', '-1'), /--seed/);
  assert.throws(wrong('--model', 'mf'), /--model/);
  assert.throws(() => parseArguments([], variants, {}), /PALATE_DATA/);
});

test('folds come from a file, or are dealt at random; each row is tested once', () => {
  const rows = tables.ratings.numRows;
  const file = path.join(tmpdir(), `palate-folds-${process.pid}.txt`);
  writeFileSync(file, Array.from({ length: rows }, (_, row) => (row * 7) % 5).join('\n'));
  try {
    const folds = explicitFolds(tables, file);
    const [users, items] = (['userId', 'itemId'] as const).map((name) => tables.ratings.getChild(name)?.toArray());
    for (const [fold, { train, test: held }] of folds.entries()) {
      const expected = Array.from({ length: rows }, (_, row) => row)
        .filter((row) => (row * 7) % 5 === fold)
        .map((row) => `${users?.[row]} ${items?.[row]}`);
      const { users: u, items: i } = held.interactions;
      const found = Array.from(u, (user, n) => `${held.users.id(user)} ${held.items.id(i[n])}`);
      assert.equal(found.sort(), expected.sort());
      assert.is(train.numInteractions, rows - found.length);
    }
    writeFileSync(file, '0\n1\n');
    assert.throws(() => explicitFolds(tables, file), /2 folds/);
  } finally {
    rmSync(file);
  }
  const dealt = explicitFolds(tables, undefined).map(({ test: held }) => held.numInteractions);
  assert.is(
    dealt.reduce((sum, size) => sum + size, 0),
    rows,
  );
});

test('both tables of a small run', async () => {
  const folds = explicitFolds(tables, undefined).slice(0, 2);
  const mf = await measureExplicit(
    { name: 'mf', kind: 'explicit', options: { model: 'mf', epochs: 2 } },
    folds,
    signal,
  );
  const biases = measureBiases(folds);
  assert.ok(mf.rmse.mean > 0.3 && mf.rmse.mean < 3 && biases.mae.mean <= biases.rmse.mean);

  const parts = implicitParts(tables, 1);
  const knn = { name: REFERENCE, kind: 'implicit', options: { model: 'itemKnn' } } as const;
  const { result: first, evaluation } = await measureImplicit(knn, parts, undefined, signal);
  const popularity = { name: 'popularity', kind: 'implicit', options: { model: 'popularity' } } as const;
  const { result: second } = await measureImplicit(popularity, parts, evaluation, signal);
  assert.equal(first.differences, {});
  assert.is(second.metrics['ndcg@10'], evaluation.baselines?.popularity?.['ndcg@10'], 'the baseline is the model');
  const { difference, low, high } = second.differences['ndcg@10'];
  assert.ok(Math.abs(difference - (second.metrics['ndcg@10'] - first.metrics['ndcg@10'])) < 1e-12);
  assert.ok(low <= difference && difference <= high);

  const results = {
    palate: '0.0.0',
    date: '2026-01-01',
    machine: fakeMachine,
    load: 0,
    seed: 1,
    explicit: [biases, mf],
    implicit: [first, second],
    baselines: evaluation.baselines ?? {},
  };
  const text = toMarkdown(results);
  for (const name of ['biases (baseline)', 'mf', 'random (baseline)', 'popularity (baseline)', REFERENCE]) {
    assert.match(text, `| ${name} |`);
  }
  const widths = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').length);
  assert.equal([...new Set(widths)], [6, 11]);

  const kept = toJson(results);
  assert.equal(JSON.parse(kept), results);
  assert.is(kept.split('\n').filter((line) => line.includes('"variant"')).length, 4, 'a line for each model');
  const summary = toSummary(results);
  assert.match(summary, `| mf | ${mf.rmse.mean.toFixed(4)} ± `);
  assert.match(summary, `| popularity (baseline) | ${second.metrics['ndcg@10'].toFixed(4)} | – |`);
  assert.match(summary, `| ${REFERENCE} | ${first.metrics['ndcg@10'].toFixed(4)} (`);
});

test.run();
