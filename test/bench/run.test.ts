import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withKeptTables } from '../../bench/readme.js';
import { readResults, resultsFolder, writeResult, writeWhole } from '../../bench/results.js';
import { runChild } from '../../bench/run-child.js';
import { fakeResult } from './fakes.js';

const folder = mkdtempSync(path.join(tmpdir(), 'palate-bench-run-'));
test.after(() => rmSync(folder, { recursive: true }));

const script = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

/** Windows ends a process at once instead of telling it. */
const whereSignals = process.platform === 'win32' ? test.skip : test;

interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

/** Runs the benchmark with a temporary folder of its own; `onErrors` sees standard error as it comes. */
function bench(name: string, args: string[], onErrors?: (text: string, stop: () => void) => void): Promise<Ended> {
  const temporary = path.join(folder, name);
  mkdirSync(temporary, { recursive: true });
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', script, '--results', path.join(temporary, 'out'), ...args],
      {
        env: { ...process.env, TMPDIR: temporary, TEMP: temporary },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended: Ended = { code: null, output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ended.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ended.errors += text;
      onErrors?.(ended.errors, () => child.kill('SIGINT'));
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

test('wrong usage ends with one line and code 2', async () => {
  const { code, output, errors } = await bench('usage', ['nonsense']);
  assert.is(code, 2);
  assert.is(output, '');
  assert.match(errors, /^bench: no trial has 'nonsense' in its name; there are: .*\n$/);
});

test('--json prints one object, and the results file holds the same', async () => {
  const { code, output, errors } = await bench('json', ['topk-all', '--json']);
  assert.is(code, 0, errors);
  const { machine, results } = JSON.parse(output);
  assert.is(output.trim().split('\n').length, 1);
  assert.is(machine.node, process.version);
  assert.is(results[0].trial, 'topk-all');
  assert.is(results[0].drivers[0].quality.recall, 1);
  assert.ok(results[0].drivers[0].peakMegabytes > 10);
  const out = path.join(folder, 'json', 'out');
  assert.equal(readdirSync(out), ['topk-all-small.json']);
  assert.equal(JSON.parse(readFileSync(path.join(out, 'topk-all-small.json'), 'utf8')), results[0]);
  assert.match(errors, /\[100%\] topk-all: /);
});

whereSignals('Ctrl-C stops what runs, ends with 130 and leaves no file', async () => {
  let stopped = false;
  const { code, output, errors } = await bench('broken', ['topk-all', '--json'], (text, stop) => {
    if (stopped || !text.includes('making')) return;
    stopped = true;
    setTimeout(stop, 100); // into the child's work
  });
  assert.is(code, 130, errors);
  assert.is(output, '');
  assert.match(errors, /bench: broken off/);
  assert.not(existsSync(path.join(folder, 'broken', 'out')));
  const made = path.join(folder, 'broken', 'palate-bench');
  assert.equal(existsSync(made) ? readdirSync(made) : [], []);
});

test('a child is over when breaking it off has been reported', async () => {
  const broken = new AbortController();
  let pid = 0;
  const command = { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], env: process.env };
  const run = runChild(command, {
    signal: broken.signal,
    onStart: (started) => {
      pid = started;
      setTimeout(() => broken.abort(new Error('enough')), 50);
    },
  });
  await run.then(
    () => assert.unreachable('it ran to its end'),
    (error: Error) => assert.is(error.message, 'enough'),
  );
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test('a child that fails is named by its error', async () => {
  const { signal } = new AbortController();
  const node = (code: string) => runChild({ file: process.execPath, args: ['-e', code], env: process.env }, { signal });
  assert.equal(await node('console.log("noise"); throw new RangeError("too far")'), {
    failed: 'RangeError: too far (exit code 1)',
  });
  assert.equal(await node('process.exit(3)'), { failed: 'no message (exit code 3)' });
  assert.equal(await node('process.stdout.write("fine")'), { output: 'fine' });
});

test('a results file is written whole or not at all', () => {
  const target = path.join(folder, 'whole');
  const result = fakeResult();
  writeResult(target, result);
  assert.equal(readResults(target), new Map([[result.trial, result]]));
  const taken = path.join(target, 'taken.json');
  mkdirSync(taken); // a folder in the way: the last step fails
  assert.throws(() => writeWhole(taken, 'text'));
  assert.equal(readdirSync(target).sort(), ['taken.json', `${result.trial}-full.json`]);
});

test('results of the small size and of scaling are not in the summary', () => {
  const target = path.join(folder, 'sizes');
  writeResult(target, fakeResult({ size: 'small' }));
  writeFileSync(path.join(target, 'scaling-full.json'), '{}');
  assert.is(readResults(target).size, 0);
  assert.is(readResults(path.join(target, 'missing')).size, 0);
});

test("README's tables are what the kept results say", () => {
  const text = readFileSync(readme, 'utf8');
  for (const head of ['| task | palate |', '| ratings | RMSE |', '| likes | ndcg@10 |']) {
    assert.is(text.split(head).length, 2, `one table of ${head}`);
  }
  assert.is(text, withKeptTables(text, resultsFolder), 'run `npm run bench -- --readme`');
});

test.run();
