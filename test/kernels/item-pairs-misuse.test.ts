import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ItemPairConfig } from '../../src/native/binding.js';
import { nativePath } from '../../src/native/load.js';
import { itemPairConfig, newPairTrainer, readTables, runPairEpochs } from '../support/item-pair-problems.js';
import { newFlag } from '../support/train-problems.js';

const good = itemPairConfig({ histories: 9, items: 12, longest: 6, dim: 3, valid: 3 });
/** Twenty million updates of rows 4,096 wide: minutes. */
const long = itemPairConfig({ histories: 500, items: 300, longest: 90, dim: 4096 }, { window: 50, negatives: 50 });
/** Far below what the long epoch takes, far above what stopping takes on a loaded machine. */
const PROMPT_MS = 1500;

function changed(array: Uint32Array, at: number, value: number): Uint32Array {
  const copy = array.slice();
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
}

const refused: [string, Record<string, unknown>, RegExp][] = [
  ['an item out of range', { items: changed(good.items, 1, 12) }, /`items` holds an index out of range/],
  ['an item without noise', { items: changed(good.items, 1, 11) }, /`items` holds an item without noise/],
  ['a validation item out of range', { validItems: changed(good.validItems, 0, 12) }, /`validItems` holds an index/],
  ['a validation item without noise', { validItems: changed(good.validItems, 0, 11) }, /`validItems` holds an item/],
  ['offsets that end late', { offsets: changed(good.offsets, -1, 99) }, /`offsets` are not offsets/],
  ['validation offsets that end late', { validOffsets: changed(good.validOffsets, -1, 99) }, /`validOffsets` are not/],
  ['noise of the wrong length', { noise: good.noise.subarray(1) }, /`noise` has 11 elements, expected 12/],
  ['noise that is not a number', { noise: good.noise.map(() => Number.NaN) }, /holds an item without noise/],
  ['chances of the wrong length', { chances: new Float32Array(5) }, /`chances` has the wrong length/],
  ['log noise of the wrong length', { logNoise: new Float32Array(5) }, /`logNoise` has the wrong length/],
  ['no seen items to reject', { rejectSeen: true }, /`seenItems` has 0 elements/],
  ['an unknown objective', { objective: 'hinge' }, /unknown `objective` 'hinge'/],
  ['a width whose padding overflows', { dim: 0xffffffff }, /`dim` is too large/],
  ['too many negatives', { negatives: 0xffffffff }, /`negatives` is too large/],
  ['a window that overflows', { window: 0xffffffff }, /`window` is too large/],
];

for (const [name, fields, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(() => newPairTrainer({ ...good, ...fields } as ItemPairConfig), message);
  });
}

test('read wants arrays of the right length, runEpoch a flag', async () => {
  const trainer = newPairTrainer(good);
  const { inputs, outputs } = readTables(trainer, good);
  assert.throws(() => trainer.read({ inputs: inputs.subarray(1), outputs }), /`inputs` has 35 elements/);
  assert.throws(() => trainer.runEpoch(0, 0.1, 0.1, new Int32Array(0)), /`cancel` is empty/);
  await runPairEpochs(trainer, [[0.1, 0]]);
});

test('a raised flag stops an epoch; one epoch at a time; the event loop stays free', async () => {
  const trainer = newPairTrainer(long);
  const flag = newFlag();
  const epoch = trainer.runEpoch(0, 1e-4, 0, flag);
  assert.throws(() => trainer.runEpoch(1, 0.1, 0, newFlag()), /an epoch is running/);
  assert.throws(() => trainer.read({ inputs: new Float32Array(0), outputs: new Float32Array(0) }), /is running/);
  assert.throws(() => trainer.dispose(), /an epoch is running/);
  await wait(50);
  const raised = performance.now();
  Atomics.store(flag, 0, 1);
  assert.is((await epoch).status, 'cancelled');
  assert.ok(performance.now() - raised < PROMPT_MS, `${performance.now() - raised} ms`);
  trainer.dispose();
  trainer.dispose();
  assert.throws(() => trainer.runEpoch(0, 0.1, 0, newFlag()), /was disposed/);
});

test('terminate() ends a worker during an epoch at once', async () => {
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    const { ItemPairTrainer } = require(workerData.addon);
    new ItemPairTrainer(workerData.config).runEpoch(0, 1e-4, 0, new Int32Array(1));
    parentPort.postMessage('running');`;
  const worker = new Worker(script, { eval: true, execArgv: [], workerData: { addon: nativePath(), config: long } });
  assert.equal(await once(worker, 'message'), ['running']);
  await wait(50);
  const begun = performance.now();
  assert.is(await worker.terminate(), 1);
  assert.ok(performance.now() - begun < PROMPT_MS, `${performance.now() - begun} ms`);
});

test.run();
