import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NativeTrainer, TrainerConfig } from '../../src/native/binding.js';
import { native, nativePath } from '../../src/native/load.js';
import { longEpochConfig } from '../support/long-epoch.mjs';
import { newFlag, newTrainer, readRaw, runEpochs, trainerConfig } from '../support/train-problems.js';

const good = trainerConfig({ users: 4, items: 5, ratings: 8, dim: 3, fields: 'both', valid: 4 });
const U = (...values: number[]): Uint32Array => Uint32Array.from(values);

/** A copy of an array with one value changed. */
function changed(array: Uint32Array, at: number, value: number): Uint32Array {
  const copy = array.slice();
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
}

const refused: [string, Record<string, unknown>, RegExp][] = [
  ['an item out of range', { items: changed(good.items, 3, 5) }, /`items` holds an index out of range/],
  ['the largest item', { items: changed(good.items, -1, 0xffffffff) }, /`items` holds an index out of range/],
  ['a validation user out of range', { validUsers: U(0, 1, 2, 4) }, /`validUsers` holds an index out of range/],
  ['a validation item out of range', { validItems: U(0, 1, 5, 4) }, /`validItems` holds an index out of range/],
  [
    'an item feature out of range',
    { itemFeatures: changed(good.itemFeatures, 0, 14) },
    /`itemFeatures` holds an index/,
  ],
  ['a user feature out of range', { userFeatures: changed(good.userFeatures, 0, 14) }, /`userFeatures` holds an index/],
  ['features where there are none', { numFeatures: 0 }, /Features` holds an index out of range/],
  ['offsets that fall', { offsets: U(0, 5, 3, 8, 8) }, /`offsets` are not offsets/],
  ['offsets from 1', { offsets: changed(good.offsets, 0, 1) }, /`offsets` are not offsets/],
  ['offsets that end early', { offsets: U(0, 1, 2, 3, 4) }, /`offsets` are not offsets/],
  ['offsets that end late', { offsets: changed(good.offsets, -1, 9) }, /`offsets` are not offsets/],
  ['too few offsets', { offsets: good.offsets.subarray(1) }, /`offsets` has 4 elements, expected 5/],
  ['no offsets', { offsets: U() }, /`offsets` has 0 elements, expected 5/],
  ['too few values', { values: good.values.subarray(1) }, /`values` has 7 elements, expected 8/],
  ['too few validation items', { validItems: U(0) }, /`validItems` has 1 elements, expected 4/],
  ['too few validation values', { validValues: new Float32Array(3) }, /`validValues` has 3 elements, expected 4/],
  ['too few feature offsets', { itemFeatureOffsets: good.itemFeatureOffsets.subarray(0, 5) }, /offsets/],
  ['feature offsets that fall', { userFeatureOffsets: U(0, 2, 1, 2, good.userFeatures.length) }, /are not offsets/],
  ['too few weights', { itemFeatureWeights: new Float32Array(0) }, /`itemFeatureWeights` has 0 elements/],
  ['items of the wrong type', { items: new Int32Array(8) }, /`items` has the wrong element type/],
  ['values of the wrong type', { values: new Float64Array(8) }, /`values` has the wrong element type/],
  ['a plain array', { offsets: [0, 2, 4, 6, 8] }, /`offsets` is not a typed array/],
  ['a DataView', { items: new DataView(new ArrayBuffer(32)) }, /`items` is not a typed array/],
  ['a missing array', { validUsers: undefined }, /`validUsers` is not a typed array/],
  ['an unknown objective', { objective: 'hinge' }, /unknown `objective` 'hinge'/],
  ['an unknown link', { link: 'probit' }, /unknown `link` 'probit'/],
  ['an unknown optimizer', { optimizer: 'lion' }, /unknown `optimizer` 'lion'/],
  ['a width whose padding overflows', { dim: 0xffffffff }, /`dim`/],
  ['more threads than can be', { threads: 0xffffffff }, /`threads`/],
];

for (const [name, fields, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(() => newTrainer({ ...good, ...fields } as TrainerConfig), message);
  });
}

test('the same arrays unchanged are accepted', async () => {
  await runEpochs(newTrainer(good), [0.01]);
});

test('arrays may be views into the middle of a buffer, also of a shared one', async () => {
  const plain = newTrainer(good);
  await runEpochs(plain, [0.01]);
  const buffer = new SharedArrayBuffer(64);
  const items = new Uint32Array(buffer, 12, 8);
  items.set(good.items);
  const viewed = newTrainer({ ...good, items });
  await runEpochs(viewed, [0.01]);
  assert.equal(readRaw(viewed, good), readRaw(plain, good));
});

test('the constructor wants `new` and an object', () => {
  const { Trainer } = native() as unknown as { Trainer: (config?: unknown) => NativeTrainer };
  assert.throws(() => Trainer(good), /new/);
  for (const nothing of [undefined, null, 5, 'config']) {
    assert.throws(() => new (native().Trainer)(nothing as unknown as TrainerConfig), /expected an object/);
  }
});

test('methods want a trainer as `this`', () => {
  const { prototype } = native().Trainer;
  for (const self of [{}, undefined, newFlag()]) {
    assert.throws(() => prototype.dispose.call(self as unknown as NativeTrainer));
    assert.throws(() => prototype.runEpoch.call(self as unknown as NativeTrainer, 0, 0.1, newFlag()));
  }
});

test('runEpoch wants a flag', async () => {
  const trainer = newTrainer(good);
  const run = (flag: unknown) => trainer.runEpoch(0, 0.1, flag as Int32Array);
  assert.throws(() => run(undefined), /`cancel` is not a typed array/);
  assert.throws(() => run(new Uint32Array(1)), /`cancel` has the wrong element type/);
  assert.throws(() => run(new Int32Array(0)), /`cancel` is empty/);
  await runEpochs(trainer, [0.01]); // it is still of use
});

test('read wants arrays of the right length and type', () => {
  const trainer = newTrainer(good);
  const raw = () => {
    const { globalBias: _, ...arrays } = readRaw(trainer, good);
    return arrays;
  };
  for (const name of Object.keys(raw()) as (keyof ReturnType<typeof raw>)[]) {
    const short = { ...raw(), [name]: raw()[name].subarray(1) };
    assert.throws(() => trainer.read(short), new RegExp(`\`${name}\` has \\d+ elements`));
    const doubles = { ...raw(), [name]: Float64Array.from(raw()[name]) };
    assert.throws(() => trainer.read(doubles), new RegExp(`\`${name}\` has the wrong element type`));
  }
});

test('one epoch at a time; no reading or disposing meanwhile', async () => {
  const trainer = newTrainer(longEpochConfig('batches'));
  const flag = newFlag();
  const epoch = trainer.runEpoch(0, 1e-4, flag);
  assert.throws(() => trainer.runEpoch(1, 0.01, newFlag()), /an epoch is running/);
  assert.throws(() => trainer.read({} as Parameters<NativeTrainer['read']>[0]), /an epoch is running/);
  assert.throws(() => trainer.dispose(), /an epoch is running/);
  flag[0] = 1;
  assert.is((await epoch).status, 'cancelled');
  trainer.dispose();
});

test('a disposed trainer says so, and may be disposed again', () => {
  const trainer = newTrainer(good);
  trainer.dispose();
  assert.throws(() => trainer.runEpoch(0, 0.01, newFlag()), /the trainer was disposed/);
  assert.throws(() => readRaw(trainer, good), /the trainer was disposed/);
  trainer.dispose();
});

test('a trainer too large for memory throws, and the process lives on', () => {
  const users = 4_000_000_000;
  const config = { ...good, numUsers: users, offsets: new Uint32Array(5) };
  assert.throws(() => newTrainer(config as TrainerConfig), /`offsets` has 5 elements/);
  const wide = { ...good, numFeatures: 4_000_000_000, dim: 2 ** 20 }; // 2^54 bytes: more than addresses reach
  assert.throws(() => newTrainer(wide), /Not enough memory for 4 users, 5 items and dim 1048576/);
});

test('a trainer and a config that nobody keeps survive the garbage collector', () => {
  const script = `
    const { Trainer } = require(process.argv[1]);
    const config = JSON.parse(process.argv[2], (_, v) => (v?.kind ? new globalThis[v.kind](v.values) : v));
    const copy = () => Object.fromEntries(Object.entries(config).map(([k, v]) => [k, v.slice?.() ?? v]));
    const tick = () => new Promise(setImmediate);
    let garbage;
    const collect = async () => {
      for (let n = 0; n < 3; n++) gc(), await tick();
      garbage = Array.from({ length: 200 }, () => new Uint32Array(config.items.length).fill(0xffffffff));
    };
    const train = async () => {
      const trainers = Array.from({ length: 8 }, () => new Trainer(copy()));
      await collect();
      const epochs = trainers.map((trainer) => trainer.runEpoch(0, 0.01, new Int32Array(1)));
      trainers.length = 0;
      await collect();
      return await Promise.all(epochs);
    };
    train().then((all) => console.log(new Set(all.map((e) => e.trainLoss + e.validLoss)).size));`;
  const shape = { users: 200, items: 200, ratings: 4000, valid: 4000, dim: 64 };
  const config = trainerConfig(shape, { batchSize: 2, optimizer: 'adam', threads: 2 });
  const json = JSON.stringify(config, (_, v) =>
    ArrayBuffer.isView(v) ? { kind: v.constructor.name, values: Array.from(v as Uint32Array) } : v,
  );
  const args = ['--expose-gc', '-e', script, nativePath(), json];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(`${status} ${stdout.trim()} ${stderr}`, '0 1 ');
});

test.run();
