// npm test [-- FILTER…]: runs the test files whose path contains one of the filters (all of them without).
//   --match REGEX        which files are tests (default \.test\.ts$)
//   --file-limit SECONDS, --run-limit SECONDS
// The last line is always "N passed, N failed[, N skipped]", and the exit code is 0 only when nothing failed.
//
// uvu alone cannot be trusted with the exit code: a hook that throws, or a test that throws a string, leaves 0. And
// nothing inside a process can report that the addon has just crashed it. So children (run-files.mjs) run the files that
// they are given, one after another, and report the end of each; a file that began and did not end has failed, whatever
// killed it (process.exit, a promise that never settles, SIGSEGV, a time limit), and a new child goes on behind it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SLOW_FILE_SECONDS = 5;
/** Children at a time: many tests have threads of their own. */
const MOST_LANES = 4;
const LAST_WORDS_MS = 500;
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

/** Files of the CUDA tests build in the same folder, so they take turns; any other file is a unit of its own. */
const unitOf = (/** @type {string} */ file) => (file.startsWith('cuda/') ? 'cuda' : file);

/** Files that have not begun, by unit. */
const units = [...new Set(files.map(unitOf))].map((unit) => files.filter((file) => unitOf(file) === unit));
const lanes = Math.min(availableParallelism(), MOST_LANES, units.length);
/** Of several children each file's text is shown whole, when the file has ended. */
const output = lanes > 1 ? 'pipe' : 'inherit';

/**
 * Runs units in one child for as long as there are any and it lives. False when it died before its first file: so would
 * another.
 * @param {string[]} unit files of the unit that the lane is at
 * @returns {Promise<boolean>}
 */
function runInChild(unit) {
  return new Promise((resolve) => {
    const child = fork(path.join(folder, 'run-files.mjs'), [], {
      execArgv: [...process.execArgv, '--import', 'tsx'],
      stdio: ['ignore', output, output, 'ipc'],
    });
    let text = '';
    const show = () => {
      process.stdout.write(text);
      text = '';
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
    }
    /** @type {string | undefined} */
    let running;
    /** @type {string | undefined} */
    let overtime;
    let ready = false;
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
    const next = () => {
      if (unit.length === 0) unit.push(...(units.shift() ?? []));
      running = unit.shift();
      if (running === undefined) {
        child.disconnect();
        return;
      }
      since = performance.now();
      watch(fileLimit);
      child.send(running);
    };
    watch(); // the start of the child, too, ends one day
    child.on('message', (/** @type {import('./run-files.mjs').Report} */ report) => {
      if (report.event === 'ready') {
        ready = true;
        next();
        return;
      }
      const seconds = (performance.now() - since) / 1000;
      if (seconds >= SLOW_FILE_SECONDS) slow.push({ file: report.file, seconds });
      total.passed += report.passed;
      total.skipped += report.skipped;
      if (report.failed > 0) fail(`${report.file}: ${report.failed} failed`, report.failed);
      show();
      next();
    });
    child.on('exit', async (code, signal) => {
      clearTimeout(timer);
      // What it wrote last is on its way; but a process that it left behind may hold the pipe open.
      const closed = Promise.all([child.stdout, child.stderr].map((stream) => stream && once(stream, 'close')));
      await Promise.race([closed, delay(LAST_WORDS_MS)]);
      child.stdout?.destroy();
      child.stderr?.destroy();
      show();
      const how = overtime ? `stopped at the ${overtime}` : signal ? `killed by ${signal}` : `ended with code ${code}`;
      if (running !== undefined) fail(`${running}: ${how} before all its tests had run`);
      else if (!ready) fail(`the test process was ${how} before its first file`);
      resolve(ready);
    });
  });
}

async function runLane() {
  /** @type {string[]} */
  const unit = [];
  let lives = true;
  while (lives && unit.length + units.length > 0 && performance.now() < runEnd) lives = await runInChild(unit);
  units.unshift(unit);
}

if (files.length === 0) fail(`no test file matches ${[options.match, ...filters].join(' ')}`);
for (const file of files) checkOnly(file);
await Promise.all(Array.from({ length: lanes }, runLane));
const rest = units.flat();
if (rest.length > 0) fail(`not run: ${rest.join(', ')}`, rest.length);

for (const { file, seconds } of slow) console.log(`slow: ${seconds.toFixed(1)} s  ${file}`);
if (problems.length > 0) console.error(`\nFailures:\n  ${problems.join('\n  ')}\n`);
// On a line of its own, whatever a test that died has left unfinished on the one before.
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
