import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nativePath } from '../../src/native/load.js';
import { longEpochConfig } from '../support/long-epoch.mjs';
import { newFlag, newTrainer, readRaw, runEpochs, trainerConfig } from '../support/train-problems.js';

/** Far below what the epochs take that are interrupted here, far above what stopping takes on a loaded machine. */
const PROMPT_MS = 1500;

for (const kind of ['rows', 'batches'] as const) {
  test(`${kind}: a raised flag stops an epoch at once, the event loop stays free meanwhile`, async () => {
    const trainer = newTrainer(longEpochConfig(kind));
    const flag = newFlag();
    const epoch = trainer.runEpoch(0, 1e-4, flag);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await wait(100);
    clearInterval(timer);
    assert.ok(ticks >= 3, `${ticks} ticks`);
    const raised = performance.now();
    Atomics.store(flag, 0, 1);
    const { status, seconds } = await epoch;
    assert.is(status, 'cancelled');
    assert.ok(seconds >= 0.05, `${seconds} s`);
    assert.ok(performance.now() - raised < PROMPT_MS, `${performance.now() - raised} ms`);
    trainer.dispose();
  });
}

test('a flag raised before the epoch leaves the parameters as they are', async () => {
  for (const batchSize of [0, 1, 7]) {
    const shape = { users: 9, items: 9, ratings: 30, dim: 4, fields: 'both' } as const;
    const config = trainerConfig(shape, { batchSize, threads: 2, link: 'sigmoid' });
    const trainer = newTrainer(config);
    const before = readRaw(trainer, config);
    const flag = newFlag().fill(1);
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'cancelled');
    assert.equal(readRaw(trainer, config), before);
    flag[0] = 0;
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'ok');
    assert.not.equal(readRaw(trainer, config), before);
  }
});

test('an epoch after one that was stopped between steps of Adam starts afresh', async () => {
  // The tables of an epoch end with its steps: rows that stood at a later step would read behind them.
  for (const fields of ['none', 'both'] as const) {
    const shape = { users: 900, items: 900, ratings: 100_000, dim: 2048, fields } as const;
    const config = trainerConfig(shape, { optimizer: 'adam', batchSize: 4, initStd: 0.01 });
    const trainer = newTrainer(config);
    const flag = newFlag();
    const epoch = trainer.runEpoch(0, 1e-3, flag);
    await wait(20);
    Atomics.store(flag, 0, 1);
    assert.is((await epoch).status, 'cancelled');
    flag[0] = 0;
    const [{ trainLoss }] = await runEpochs(trainer, [1e-3]);
    assert.ok(trainLoss < 10, `${trainLoss}`);
    trainer.dispose();
  }
});

/** Runs a script that begins a long epoch; `ending` is what it does a tenth of a second later. */
function child(ending: string, kind: 'rows' | 'batches' = 'batches') {
  const script = `
    const { longEpochConfig } = await import(process.argv[2]);
    const { createRequire } = await import('node:module');
    const { Trainer } = createRequire(process.argv[2])(process.argv[1]);
    const trainer = new Trainer(longEpochConfig('${kind}'));
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const epoch = trainer.runEpoch(0, 1e-4, flag);
    epoch.then(({ status }) => console.log(status));
    setTimeout(() => { process.on('exit', () => console.log('exit')); ${ending} }, 100);`;
  const support = new URL('../support/long-epoch.mjs', import.meta.url).href;
  const args = ['--input-type=module', '-e', script, nativePath(), support];
  const begun = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  return { status, signal, stdout, stderr, milliseconds: performance.now() - begun };
}

for (const kind of ['rows', 'batches'] as const) {
  test(`${kind}: process.exit() during an epoch ends the process at once with its code`, () => {
    const { status, stdout, stderr, milliseconds } = child('process.exit(7);', kind);
    assert.is(`${status} ${stdout}${stderr}`, '7 exit\n');
    assert.ok(milliseconds < 2 * PROMPT_MS, `${milliseconds} ms`);
  });
}

test('an uncaught exception during an epoch ends the process at once with code 1', () => {
  const { status, stderr, milliseconds } = child("throw new Error('on purpose');");
  assert.is(status, 1);
  assert.match(stderr, /on purpose/);
  assert.ok(milliseconds < 2 * PROMPT_MS, `${milliseconds} ms`);
});

test('an epoch keeps the process alive until it is done', () => {
  const { status, stdout } = child('Atomics.store(flag, 0, 1);');
  assert.is(`${status} ${stdout}`, '0 cancelled\nexit\n');
});

/** A worker in the midst of an epoch. */
async function startWorker(): Promise<Worker> {
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.support).then(({ longEpochConfig }) => {
      const { Trainer } = require(workerData.addon);
      new Trainer(longEpochConfig('batches')).runEpoch(0, 1e-4, new Int32Array(1));
      parentPort.postMessage('running');
    });`;
  const support = new URL('../support/long-epoch.mjs', import.meta.url).href;
  const worker = new Worker(script, { eval: true, execArgv: [], workerData: { addon: nativePath(), support } });
  assert.equal(await once(worker, 'message'), ['running']);
  return worker;
}

test('terminate() ends a worker during an epoch at once and leaves the main thread able to train', async () => {
  const workers = await Promise.all([startWorker(), startWorker()]);
  await wait(50);
  const begun = performance.now();
  assert.equal(await Promise.all(workers.map((worker) => worker.terminate())), [1, 1]);
  assert.ok(performance.now() - begun < PROMPT_MS, `${performance.now() - begun} ms`);
  const config = trainerConfig({ users: 9, items: 9, ratings: 30, dim: 4 }, { threads: 2 });
  await runEpochs(newTrainer(config), [0.1, 0.1]);
});

test.run();
