import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { native, nativePath } from '../../src/native/load.js';
import { callOf, eachLevel, nativeTopk, realProblem } from '../support/topk-problems.js';
import { newFlag } from '../support/train-problems.js';

/** Far below what the search takes that is interrupted here, far above what stopping takes on a loaded machine. */
const PROMPT_MS = 1500;

/** Text of a function that describes a search of many seconds. */
const longCall = `(() => {
  const [numQueries, numItems, dim, k] = [20_000, 20_000, 1024, 3];
  return {
    indices: new Uint32Array(numQueries * k), scores: new Float32Array(numQueries * k),
    queries: new Float32Array(numQueries * dim).fill(1), items: new Float32Array(numItems * dim).fill(1),
    numQueries, numItems, dim, k, cosine: false, threads: 2,
  };
})()`;

test('the same bits as the blocking call, at every level and for any number of threads', async () => {
  const problems = [
    realProblem({ numQueries: 3, numItems: 30_000, dim: 17, k: 12 }, { biases: true, exclude: true, candidates: true }),
    realProblem({ numQueries: 129, numItems: 1500, dim: 33, k: 10, cosine: true }, { exclude: true }),
    realProblem({ numQueries: 0, numItems: 31, dim: 1, k: 1 }),
    realProblem({ numQueries: 31, numItems: 0, dim: 1, k: 1 }),
  ];
  const runs: Promise<void>[] = [];
  eachLevel((level) => {
    for (const problem of problems) {
      const expected = nativeTopk(problem);
      for (const threads of [1, 2, 3]) {
        const call = callOf(problem, threads);
        const check = async (): Promise<void> => {
          assert.is(await native().startTopk(call, newFlag()), 'ok');
          assert.equal(call.indices, expected.indices, level);
          assert.equal(call.scores, expected.scores, level);
        };
        runs.push(check());
      }
    }
  });
  await Promise.all(runs);
});

test('a raised flag stops a search, the event loop stays free meanwhile', async () => {
  const call = new Function(`return ${longCall}`)();
  const flag = newFlag();
  const search = native().startTopk(call, flag);
  let ticks = 0;
  const timer = setInterval(() => {
    if (++ticks === 5) Atomics.store(flag, 0, 1);
  }, 5);
  assert.is(await search, 'cancelled');
  clearInterval(timer);
  assert.ok(ticks >= 5);
  // Raised before: at once; few queries and odd ones have loops of their own.
  assert.is(await native().startTopk(call, flag), 'cancelled');
  call.queries[5] = Number.POSITIVE_INFINITY;
  assert.is(await native().startTopk(call, flag), 'cancelled');
  const few = callOf(realProblem({ numQueries: 2, numItems: 33, dim: 3, k: 2 }), 1);
  assert.is(await native().startTopk(few, flag), 'cancelled');
});

test('arrays of the wrong size are refused before a thread starts', () => {
  const call = callOf(realProblem({ numQueries: 2, numItems: 33, dim: 3, k: 2 }), 1);
  const start =
    (changes: object, flag = newFlag()) =>
    () =>
      native().startTopk({ ...call, ...changes }, flag);
  assert.throws(start({ items: new Float32Array(98) }), /`items` has 98 elements, expected 99/);
  assert.throws(start({ excludeOffsets: Uint32Array.of(0, 2, 1), excludeItems: new Uint32Array(2) }), /descends/);
  assert.throws(start({}, new Int32Array(0)), /`cancel` is empty/);
});

/** Runs a script that begins a long search; `ending` is what it does a moment later. */
function child(ending: string) {
  const script = `
    const { startTopk } = require(${JSON.stringify(nativePath())});
    const flag = new Int32Array(new SharedArrayBuffer(4));
    startTopk(${longCall}, flag).then((outcome) => console.log(outcome));
    setTimeout(() => { process.on('exit', () => console.log('exit')); ${ending} }, 50);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 30_000 });
  return `${status} ${stdout}${stderr}`;
}

test('process.exit() during a search ends the process with its code', () => {
  assert.is(child('process.exit(7);'), '7 exit\n');
});

test('a search keeps the process alive until it is done', () => {
  assert.is(child('Atomics.store(flag, 0, 1);'), '0 cancelled\nexit\n');
});

test('terminate() ends a worker during a search at once and leaves the main thread able to search', async () => {
  const script = `
    require(${JSON.stringify(nativePath())}).startTopk(${longCall}, new Int32Array(1));
    require('node:worker_threads').parentPort.postMessage('running');`;
  const workers = [1, 2].map(() => new Worker(script, { eval: true, execArgv: [] }));
  assert.equal(await Promise.all(workers.map((worker) => once(worker, 'message'))), [['running'], ['running']]);
  const begun = performance.now();
  assert.equal(await Promise.all(workers.map((worker) => worker.terminate())), [1, 1]);
  assert.ok(performance.now() - begun < PROMPT_MS, `${performance.now() - begun} ms`);
  const problem = realProblem({ numQueries: 9, numItems: 5000, dim: 64, k: 3 });
  assert.equal(nativeTopk(problem, 2), nativeTopk(problem, 1));
});

test.run();
