// npm test [-- FILTER…]: runs the test files whose path contains one of the filters (all of them without).
//   --match REGEX        which files are tests (default \.test\.ts$)
//   --file-limit SECONDS, --run-limit SECONDS
// The last line is always "N passed, N failed[, N skipped]", and the exit code is 0 only when nothing failed.
//
// uvu alone cannot be trusted with the exit code: a hook that throws, or a test that throws a string, leaves 0. And
// nothing inside a process can report that the addon has just crashed it. So a child (run-files.mjs) runs the files
// one after another and reports each as it begins and ends; a file that began and did not end has failed, whatever
// killed it (process.exit, a promise that never settles, SIGSEGV, a time limit), and a new child goes on behind it.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SLOW_FILE_SECONDS = 5;
const folder = path.dirname(fileURLToPath(import.meta.url));
const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    match: { type: 'string', default: '\\.test\\.ts$' },
    'file-limit': { type: 'string', default: '300' },
    'run-limit': { type: 'string', default: '900' },
  },
});
const fileLimit = Number(options['file-limit']) * 1000;
const runEnd = performance.now() + Number(options['run-limit']) * 1000;

const match = new RegExp(options.match);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => match.test(file) && (filters.length === 0 || filters.some((filter) => file.includes(filter))))
  .sort();

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const problems = [];
/** @type {{ file: string, seconds: number }[]} */
const slow = [];

/** @param {string} problem */
function fail(problem, count = 1) {
  total.failed += count;
  problems.push(problem);
}

/** A test left with `.only` silently turns off its neighbours: fine at a desk, not in CI. @param {string} file */
function checkOnly(file) {
  const lines = readFileSync(path.join(folder, file), 'utf8').split('\n');
  const line = lines.findIndex((text) => /^\s*[\w$]+\.only\(/.test(text)) + 1;
  if (line === 0) return;
  const problem = `${file}:${line}: .only leaves out the other tests of the suite`;
  if (process.env.CI === 'true') fail(problem);
  else console.error(`warning: ${problem}`);
}

/**
 * Runs files in one child until they are done or the child has died; returns those that it did not begin.
 * @param {string[]} todo
 * @returns {Promise<string[]>}
 */
function runInChild(todo) {
  return new Promise((resolve) => {
    const child = fork(path.join(folder, 'run-files.mjs'), todo, {
      execArgv: [...process.execArgv, '--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    /** @type {string | undefined} */
    let running;
    /** @type {string | undefined} */
    let overtime;
    let begun = 0;
    let since = 0;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const watch = (limit = Number.POSITIVE_INFINITY) => {
      const left = runEnd - performance.now();
      const stop = () => {
        overtime = left < limit ? `run limit of ${options['run-limit']} s` : `limit of ${limit / 1000} s`;
        child.kill('SIGKILL');
      };
      clearTimeout(timer);
      timer = setTimeout(stop, Math.min(left, limit));
    };
    watch(); // the start of the child, too, ends one day
    child.on('message', (/** @type {import('./run-files.mjs').Report} */ report) => {
      if (report.event === 'begin') {
        running = report.file;
        begun += 1;
        since = performance.now();
        watch(fileLimit);
        return;
      }
      const seconds = (performance.now() - since) / 1000;
      if (seconds >= SLOW_FILE_SECONDS) slow.push({ file: report.file, seconds });
      total.passed += report.passed;
      total.skipped += report.skipped;
      if (report.failed > 0) fail(`${report.file}: ${report.failed} failed`, report.failed);
      running = undefined;
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const how = overtime ? `stopped at the ${overtime}` : signal ? `killed by ${signal}` : `ended with code ${code}`;
      if (running !== undefined) fail(`${running}: ${how} before all its tests had run`);
      else if (begun < todo.length) fail(`the test process was ${how} before ${todo[begun]}`);
      // A child that died before its first file would die again: its files are not tried once more.
      const rest = begun === 0 ? [] : todo.slice(begun);
      if (performance.now() < runEnd) resolve(rest);
      else {
        if (rest.length > 0) fail(`not run for lack of time: ${rest.join(', ')}`, rest.length);
        resolve([]);
      }
    });
  });
}

if (files.length === 0) fail(`no test file matches ${[options.match, ...filters].join(' ')}`);
for (const file of files) checkOnly(file);
for (let todo = files; todo.length > 0; ) todo = await runInChild(todo);

for (const { file, seconds } of slow) console.log(`slow: ${seconds.toFixed(1)} s  ${file}`);
if (problems.length > 0) console.error(`\nFailures:\n  ${problems.join('\n  ')}\n`);
// On a line of its own, whatever a test that died has left unfinished on the one before.
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
