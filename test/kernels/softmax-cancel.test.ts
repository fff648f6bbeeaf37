import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SoftmaxConfig } from '../../src/native/binding.js';
import { newSoftmaxTrainer, readSoftmax, softmaxConfig } from '../support/softmax-problems.js';
import { newFlag } from '../support/train-problems.js';

/** Far above what stopping takes on a loaded machine, far below the epoch that is interrupted here. */
const PROMPT_MS = 1500;

const small = softmaxConfig({ users: 5, items: 9, density: 0.6, dim: 3 });

test('a raised flag stops an epoch between steps, the event loop stays free meanwhile', async () => {
  // Some 250,000 steps over 2,000 items.
  const config = softmaxConfig(
    { users: 10, items: 2000, density: 0.25, dim: 64 },
    { singlePairs: true, batchSize: 10, threads: 2 },
  );
  const trainer = newSoftmaxTrainer(config);
  const flag = newFlag();
  const epoch = trainer.runEpoch(0, 1e-4, flag);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await wait(200);
  clearInterval(timer);
  assert.ok(ticks >= 3, `${ticks} ticks`);
  assert.throws(() => readSoftmax(trainer, config), 'an epoch is running');
  assert.throws(() => trainer.dispose(), 'an epoch is running');
  const raised = performance.now();
  Atomics.store(flag, 0, 1);
  assert.is((await epoch).status, 'cancelled');
  assert.ok(performance.now() - raised < PROMPT_MS, `${performance.now() - raised} ms`);
  trainer.dispose();
});

test('a flag raised before the epoch leaves the parameters as they are, and the trainer able to go on', async () => {
  for (const singlePairs of [false, true]) {
    const config = { ...small, singlePairs };
    const trainer = newSoftmaxTrainer(config);
    const before = readSoftmax(trainer, config);
    const flag = newFlag().fill(1);
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'cancelled');
    assert.is((await trainer.scoreTest(flag)).status, 'cancelled');
    assert.equal(readSoftmax(trainer, config), before);
    flag[0] = 0;
    assert.is((await trainer.runEpoch(0, 0.1, flag)).status, 'ok');
    assert.not.equal(readSoftmax(trainer, config), before);
    trainer.dispose();
  }
});

test('a rate beyond all bounds is told as diverged', async () => {
  const trainer = newSoftmaxTrainer({ ...small, batchSize: 1 });
  assert.is((await trainer.runEpoch(0, 1e38, newFlag())).status, 'diverged');
  trainer.dispose();
});

test('what would be read or written out of bounds is refused', () => {
  const wrong: Partial<SoftmaxConfig>[] = [
    { items: small.items.map(() => 9) },
    { offsets: new Uint32Array(0) },
    { offsets: Uint32Array.from(small.offsets).reverse() },
    { items: small.items.subarray(1) },
    { validOffsets: Uint32Array.of(0, 0) },
    { validItems: Uint32Array.of(1) },
    { fractions: Float64Array.of(1, 0) },
    { dim: 0 },
    { batchSize: 0 },
    { threads: 2 ** 20 },
  ];
  for (const options of wrong) {
    assert.throws(
      () => newSoftmaxTrainer({ ...small, ...options }),
      (error: unknown) => error instanceof RangeError && error.message.startsWith('native: '),
    );
  }
  const trainer = newSoftmaxTrainer(small);
  const arrays = readSoftmax(trainer, small);
  for (const name of ['inputs', 'outputs', 'biases', 'weights'] as const) {
    const longer = { ...arrays, [name]: new Float32Array(arrays[name].length + 1) };
    assert.throws(() => trainer.read(longer), RangeError);
    assert.throws(() => trainer.write(longer), RangeError);
  }
  trainer.dispose();
  assert.throws(() => trainer.pairs(), 'disposed');
});

test.run();
