import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import type { TuneOptions } from '../../src/tune/options.js';
import type { TuneResult } from '../../src/tune/result.js';
import type { Train } from '../../src/tune/run-trial.js';
import { search } from '../../src/tune/search.js';
import type { Trial } from '../../src/tune/trial.js';
import type { TrainOptions } from '../../src/types.js';
import { dataset, ratings } from '../train/fixtures.js';
import { data, fakeTrain, inFolder, outcome, rejection } from './fixtures.js';

const EPOCHS = 9;
/** Some diverge, and the loss has digits that must survive the file. */
const losses = ({ dim, learningRate = 1 }: Pick<TrainOptions, 'dim' | 'learningRate'>): number[] =>
  Array.from({ length: EPOCHS }, (_, e) =>
    dim === 7 && e === 4 ? Number.NaN : (((dim as number) * 5) % 13) / 3 + learningRate / (e + 1),
  );

const base: TuneOptions = {
  model: 'mf',
  trials: 20,
  space: { dim: { min: 1, max: 13, step: 1 }, learningRate: [0.1, 1] },
  options: { epochs: EPOCHS },
};

const columnNames = (result: TuneResult): string[] => result.toTable().schema.fields.map(({ name }) => name);

/** Trains, and writes down what. */
function watched(trained: string[], jitter = 0): Train {
  const inner = fakeTrain(losses, jitter);
  return (part, options) => {
    trained.push(`${options.dim} ${options.learningRate}`);
    return inner(part, options);
  };
}

for (const strategy of ['random', 'halving'] as const) {
  test(`${strategy}: a search that was stopped goes on from its journal and finds the same`, async () => {
    await inFolder(async (folder) => {
      const whole = await search(data, { ...base, strategy }, fakeTrain(losses));
      assert.is(new Set(whole.trials.map(({ status }) => status)).size, 2);
      for (const [parallel, after] of [
        [1, 1],
        [3, 8],
        [3, 20],
      ]) {
        const journal = path.join(folder, `${strategy}-${parallel}-${after}.jsonl`);
        const stop = new AbortController();
        let ended = 0;
        const onTrial = (): void => {
          if (++ended === after) stop.abort(new Error('enough'));
        };
        const given: TuneOptions = { ...base, strategy, journal, parallel };
        const error = await rejection(search(data, { ...given, signal: stop.signal, onTrial }, fakeTrain(losses, 3)));
        assert.is(error.message, 'enough');
        const kept = readFileSync(journal, 'utf8').split('\n').length - 2;
        assert.ok(kept >= after && kept <= 20);
        const trained: string[] = [];
        const heard: Trial[] = [];
        const again = await search(data, { ...given, onTrial: (trial) => heard.push(trial) }, watched(trained, 4));
        assert.equal(outcome(again), outcome(whole));
        assert.equal(columnNames(again), columnNames(whole));
        assert.is(heard.length, 20 - kept, 'only what was missing');
        const best = `${again.best?.options.dim} ${again.best?.options.learningRate}`;
        assert.is((again.model as unknown as { options: { dim: number } }).options.dim, again.best?.options.dim);
        // The journal has no models: the best is trained again if it came from there.
        assert.is(trained.length, 20 - kept + (heard.some(({ index }) => index === again.best?.index) ? 0 : 1));
        if (kept === 20) assert.equal(trained, [best]);
      }
    });
  });
}

test('a journal has a header and a line for each trial as it ends', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    const lines = (): string[] => readFileSync(journal, 'utf8').split('\n').slice(0, -1);
    const seen: number[] = [];
    const result = await search(
      data,
      { ...base, journal, onTrial: () => seen.push(lines().length) },
      fakeTrain(losses),
    );
    assert.equal(
      seen,
      Array.from({ length: 20 }, (_, n) => n + 2),
    );
    const [header, ...trials] = lines().map((line) => JSON.parse(line));
    assert.equal(
      [header.palateJournal, header.model, header.strategy, header.seed, header.metric, header.validation],
      [1, 'mf', 'random', 42, 'loss', 0.1],
    );
    assert.equal([header.data.users, header.data.items, header.data.interactions], [30, 40, 500]);
    assert.match(header.data.sha256, /^[0-9a-f]{64}$/);
    const { options: _, ...entry } = result.trials[3];
    assert.equal(trials[3], JSON.parse(JSON.stringify(entry)));
  });
});

test('a last line that was cut is dropped, a cut header is written anew', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    const whole = outcome(await search(data, { ...base, journal }, fakeTrain(losses)));
    const text = readFileSync(journal, 'utf8');
    const headerLength = text.indexOf('\n') + 1;
    for (const length of [0, 10, headerLength - 1, headerLength, headerLength + 5, text.length - 7, text.length - 1]) {
      writeFileSync(journal, text.slice(0, length));
      const trained: string[] = [];
      assert.equal(outcome(await search(data, { ...base, journal }, watched(trained))), whole);
      const now = readFileSync(journal, 'utf8').split('\n');
      assert.equal([now.length, now.at(-1)], [22, ''], `cut at ${length}`);
      const kept = Math.max(0, text.slice(0, length).split('\n').length - 2);
      assert.ok(trained.length === 20 - kept || trained.length === 21 - kept);
    }
  });
});

test('a search of more or fewer trials uses the same journal', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    const run = async (trials: number, trained: string[] = []) =>
      outcome(await search(data, { ...base, trials, journal }, watched(trained)));
    await run(5);
    const trained: string[] = [];
    assert.equal(await run(12, trained), outcome(await search(data, { ...base, trials: 12 }, fakeTrain(losses))));
    assert.ok(trained.length === 7 || trained.length === 8);
    assert.equal(await run(3), outcome(await search(data, { ...base, trials: 3 }, fakeTrain(losses))));
  });
});

test('the journal of another search, a damaged one and another file are refused and left as they are', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    await search(data, { ...base, trials: 3, journal }, fakeTrain(losses));
    const text = readFileSync(journal, 'utf8');
    const rows = ratings();
    const refuses = async (message: RegExp, given: Partial<TuneOptions> = {}, part = data): Promise<void> => {
      const before = readFileSync(journal, 'utf8');
      const error = await rejection(search(part, { ...base, trials: 3, journal, ...given }, fakeTrain(losses)));
      assert.instance(error, DataError);
      assert.match(error.message, message);
      assert.is(readFileSync(journal, 'utf8'), before);
    };
    await refuses(/was begun with another `seed`/, { seed: 1 });
    await refuses(/with another `space`/, { space: { dim: [1, 2] } });
    await refuses(/with another `space`/, { space: Object.fromEntries(Object.entries(base.space ?? {}).reverse()) });
    await refuses(/with another `strategy`/, { strategy: 'halving' });
    await refuses(/with another `metric`/, { metric: 'rmse' });
    await refuses(/with another `model`/, { model: 'fm' });
    await refuses(/with another `options`/, { options: { epochs: 8 } });
    await refuses(/with another `validation`/, { validation: 0.2 });
    await refuses(/with another `data`/, {}, dataset(rows.slice(1)));
    await refuses(
      /with another `data`/,
      {},
      dataset(rows.map((row, n) => (n === 7 ? { ...row, rating: 6 - row.rating } : row))),
    );
    await refuses(/with another `data`/, {}, dataset(rows.map((row) => ({ ...row, user: row.user + 1 }))));

    const line = (n: number): string => text.split('\n')[n];
    writeFileSync(journal, text.replace(line(2), line(2).slice(0, 40)));
    await refuses(/j\.jsonl, line 3: not a trial/);
    writeFileSync(journal, text.replace('"status":"ok"', '"status":"fine"'));
    await refuses(/line \d: not a trial/);
    writeFileSync(journal, text.replace(line(2), line(2).replace(/"dim":\d+/, '"dim":99')));
    await refuses(/line 3: trial 1 has other values than this search/);
    for (const other of ['userId,movieId,rating\n1,2,3\n', 'one line without an end', '{"a":1}\n']) {
      writeFileSync(journal, other);
      await refuses(/is not the journal of a search/);
    }
    const nowhere = path.join(folder, 'no', 'j.jsonl');
    const missing = await rejection(search(data, { ...base, journal: nowhere }, fakeTrain(losses)));
    assert.match(missing.message, /The journal .*j\.jsonl cannot be opened: ENOENT/);
    assert.not(existsSync(nowhere));
    const at = (file: string) => rejection(search(data, { ...base, journal: file }, fakeTrain(losses)));
    assert.match((await at(folder)).message, /cannot be opened: EISDIR/);
    if (process.platform !== 'win32') assert.match((await at('/dev/zero')).message, /is no regular file/);
  });
});

test('a blank or foreign line in the middle names its number', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    await search(data, { ...base, trials: 1, journal }, fakeTrain(losses));
    appendFileSync(journal, '\n');
    const error = (await rejection(search(data, { ...base, trials: 1, journal }, fakeTrain(losses)))) as DataError;
    assert.equal([error.line, error.file], [3, journal]);
  });
});

test.run();
