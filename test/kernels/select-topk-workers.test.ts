import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nativePath } from '../../src/native/load.js';

/** A search on two threads, large enough for the pool; `repeats` of them. */
const search = `
  function search(repeats) {
    const numItems = 20000, dim = 32, k = 3;
    const indices = new Uint32Array(k), scores = new Float32Array(k);
    const items = new Float32Array(numItems * dim).fill(1);
    for (let n = 0; n < repeats; n++) {
      require(${JSON.stringify(nativePath())}).selectTopk({
        indices, scores, queries: new Float32Array(dim).fill(1), items, numQueries: 1, numItems, dim, k,
        cosine: false, threads: 2,
      });
    }
    return indices.join() + ' ' + scores.join();
  }`;

/** Runs a script in a Node of its own; the addon is loaded by workers alone unless the script does it. */
function run(script: string): { code: number | null; output: string } {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { timeout: 60_000 });
  return { code: signal === null ? status : -1, output: `${stdout}${stderr}` };
}

const inWorker = (body: string): string =>
  `new (require('node:worker_threads').Worker)(${JSON.stringify(`${search}\n${body}`)}, { eval: true })`;
const report = "require('node:worker_threads').parentPort.postMessage(search(5));";

test('the addon goes with the last worker that used it, and can come back', () => {
  const { code, output } = run(`
    const once = () => new Promise((done, fail) => {
      const worker = ${inWorker(report)};
      let answer;
      worker.on('message', (m) => { answer = m; }).on('error', fail).on('exit', () => done(answer));
    });
    (async () => {
      for (let round = 0; round < 3; round++) console.log(await once());
      console.log((await Promise.all([once(), once(), once()])).join('\\n'));
    })();`);
  assert.is(code, 0, output);
  assert.is(output, '0,1,2 32,32,32\n'.repeat(6));
});

test('terminating a worker in the middle of searches leaves the others alone', () => {
  const { code, output } = run(`${search}
    const busy = ${inWorker("require('node:worker_threads').parentPort.postMessage(0); search(1e9);")};
    busy.on('message', async () => {
      search(50);
      await new Promise((done) => setTimeout(done, 50));
      await busy.terminate();
      console.log(search(5));
    });`);
  assert.is(code, 0, output);
  assert.is(output, '0,1,2 32,32,32\n');
});

test('the process exits while a worker searches', () => {
  const { code, output } = run(`
    const busy = ${inWorker("require('node:worker_threads').parentPort.postMessage(0); search(1e9);")};
    busy.on('message', () => setTimeout(() => process.exit(3), 20));`);
  assert.is(code, 3, output);
});

test.run();
