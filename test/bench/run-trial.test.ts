import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DriverName } from '../../bench/drivers/index.js';
import type { Progress } from '../../bench/progress.js';
import { countRuns, runTrial } from '../../bench/run-trial.js';
import type { Run } from '../../bench/types.js';
import { fakeTrial, measured } from './fakes.js';

function recorder(): Progress & { lines: string[]; runs: number } {
  const seen = { lines: [] as string[], runs: 0 };
  return {
    ...seen,
    begin() {},
    end(line) {
      this.lines.push(line);
      this.runs += 1;
    },
    note(line, runs) {
      this.lines.push(line);
      this.runs += runs;
    },
    stop() {},
  };
}

const runner = (run: (driver: DriverName, time: number) => Run, missing: Partial<Record<DriverName, string>> = {}) => {
  const order: DriverName[] = [];
  return {
    order,
    whyMissing: (driver: DriverName) => missing[driver],
    run: async (driver: DriverName) => {
      order.push(driver);
      return run(driver, order.filter((name) => name === driver).length);
    },
  };
};

test('drivers take turns, and those of `once` run once', async () => {
  const fake = runner((_, time) => measured(time));
  const progress = recorder();
  const results = await runTrial(fakeTrial(), 3, fake, progress);
  assert.equal(fake.order, [
    ...['palate', 'palate-1-thread', 'faiss', 'numpy'],
    ...['palate', 'faiss', 'numpy'],
    ...['palate', 'faiss', 'numpy'],
  ]);
  assert.equal(
    results.map(({ driver, runs }) => [driver, runs]),
    [
      ['palate', 3],
      ['palate-1-thread', 1],
      ['faiss', 3],
      ['numpy', 3],
    ],
  );
  assert.is(progress.runs, countRuns(fakeTrial(), 3));
  assert.is(progress.runs, 10);
});

test('the median run stands for all, with the extremes of all', async () => {
  const times = [9, 1, 4];
  const fake = runner((_, time) =>
    measured(times[time - 1] as number, { quality: { recall: time }, peakKilobytes: 1024 * time }),
  );
  const [palate] = await runTrial(fakeTrial({ drivers: ['palate'] }), 3, fake, recorder());
  assert.equal(palate?.seconds, { median: 4, min: 0.5, max: 18 });
  assert.equal(palate?.quality, { recall: 3 });
  assert.is(palate?.peakMegabytes, 2);
});

test('a driver that is not there is skipped with the reason, and counts as done', async () => {
  const fake = runner(() => measured(1), { faiss: 'not installed: get it' });
  const progress = recorder();
  const results = await runTrial(fakeTrial(), 2, fake, progress);
  assert.equal(results[2], { driver: 'faiss', skipped: 'not installed: get it' });
  assert.not(fake.order.includes('faiss'));
  assert.is(progress.runs, countRuns(fakeTrial(), 2));
  assert.ok(progress.lines.includes('fake: faiss skipped: not installed: get it'));
});

test('a peer that fails is left out of later rounds', async () => {
  const fake = runner((driver) => (driver === 'numpy' ? { failed: 'Error: no' } : measured(1)));
  const progress = recorder();
  const results = await runTrial(fakeTrial(), 3, fake, progress);
  assert.equal(results[3], { driver: 'numpy', failed: 'Error: no' });
  assert.is(fake.order.filter((driver) => driver === 'numpy').length, 1);
  assert.is(progress.runs, countRuns(fakeTrial(), 3));
});

test('without palate there is no result', async () => {
  const fake = runner((driver) => (driver === 'palate' ? { failed: 'Error: no' } : measured(1)));
  try {
    await runTrial(fakeTrial(), 1, fake, recorder());
    assert.unreachable('a result without palate');
  } catch (error) {
    assert.match((error as Error).message, /fake: palate failed: Error: no/);
  }
});

test.run();
