// A save that fails leaves what was there before, and nothing beside it.
import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Int32,
  IntervalYearMonth,
  makeData,
  makeVector,
  Table,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';
import { ModelFileError } from '../../src/errors.js';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import type { ModelData } from '../../src/types.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';

const file = path.join(folder, 'kept.palate');
const old = makeModel({ dim: 2 });

async function messageOf(data: ModelData, place: string = file): Promise<string> {
  try {
    await saveModelFile(data, place);
  } catch (error) {
    assert.instance(error, ModelFileError);
    assert.is((error as ModelFileError).file, place);
    assert.ok((error as Error).message.startsWith(`Cannot save the model to ${place}: `), (error as Error).message);
    return (error as Error).message;
  }
  throw new Error('it was saved');
}

async function assertKept(): Promise<void> {
  assertSameModel(await readModelFile(file), old);
  assert.equal(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
}

test.before(async () => {
  await saveModelFile(old, file);
});

/** Methods of file handles; `call` is the number of the call that fails. */
const FAILURES: ['write' | 'sync', number][] = [
  ['write', 0],
  ['write', 20],
  ['sync', 0],
];

for (const [method, call] of FAILURES) {
  test(`a full disk at ${method} ${call} leaves the old file`, async () => {
    const probe = await open(file, 'r');
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const original = handles[method];
    let calls = 0;
    const failing = function (this: FileHandle, ...args: never[]): unknown {
      if (calls++ < call) return (original as (...args: never[]) => unknown).apply(this, args);
      return Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    };
    Object.assign(handles, { [method]: failing });
    try {
      assert.match(await messageOf(makeModel({ dim: 5 })), 'no space left on the device');
    } finally {
      Object.assign(handles, { [method]: original });
    }
    await assertKept();
  });
}

test('a process that exits or is killed while it saves leaves the old file', async () => {
  for (const signal of ['exit', 'SIGKILL'] as const) {
    const child = fork(fileURLToPath(new URL('save-for-ever.ts', import.meta.url)), [file], {
      execArgv: ['--import', 'tsx'],
    });
    await new Promise((resolve) => child.once('message', resolve));
    if (signal === 'SIGKILL') child.kill(signal);
    else child.send('exit');
    await new Promise((resolve) => child.once('exit', resolve));
    const parts = readdirSync(folder).filter((name) => name.endsWith('.part'));
    assert.is(parts.length, signal === 'exit' ? 0 : 1, `what is half written, after ${signal}`);
    for (const part of parts) rmSync(path.join(folder, part));
    assertSameModel(await readModelFile(file), old);
  }
});

const { parameters, seen } = old;
const firstNaN = (numbers: Float32Array): Float32Array => numbers.with(0, Number.NaN);

const UNFIT: Record<string, [Partial<ModelData>, string]> = {
  'NaN factors': [
    { parameters: { ...parameters, userFactors: firstNaN(parameters.userFactors) } },
    'section "user.factors" has the value NaN at 0',
  ],
  'factors of another length': [
    { parameters: { ...parameters, itemFactors: new Float32Array(3) } },
    'section "item.factors" has 3 values where 8 are expected',
  ],
  'an index out of range': [
    { seen: new Interactions({ ...seen, items: seen.items.with(0, 9) }) },
    'section "seen.items" has 9 in row 0, outside 0 … 3',
  ],
  'an option that is no data': [
    { options: { ...old.options, onEpoch: () => {} } },
    '`header.options.onEpoch` is of a kind that a model file does not hold: function',
  ],
  'a cycle': [{ options: cyclic(old.options) }, 'nested deeper than'],
  'a range the wrong way': [
    { parameters: { ...parameters, range: { min: 2, max: 1 } } },
    'Expected `range.max` to be a number >= 2, received 1',
  ],
  'metadata of other items': [
    { itemTable: new Table({ itemId: vectorFromArray([5, 6, 7, 901], new Int32()) }) },
    'section "item.table" has another id than the model in row 3',
  ],
  'metadata without ids': [
    { itemTable: new Table({ title: vectorFromArray(['a', 'b', 'c', 'd'], new Utf8()) }) },
    'section "item.table" has no column `itemId`',
  ],
  'metadata of a type that is not held': [
    { itemTable: new Table({ itemId: old.items.toVector(), span: spans() }) },
    'section "item.table" cannot be written: column `span` has the type Interval<YEAR_MONTH>',
  ],
};

function spans(): Vector {
  return makeVector(makeData({ type: new IntervalYearMonth(), length: 4, data: Int32Array.of(1, 2, 3, 4) }));
}

function cyclic(options: ModelData['options']): ModelData['options'] {
  const copy: ModelData['options'] = { ...options };
  copy.self = copy;
  return copy;
}

for (const [name, [change, expected]] of Object.entries(UNFIT)) {
  test(`a model that could not be read again is not saved: ${name}`, async () => {
    assert.match(await messageOf({ ...old, ...change }), expected);
    await assertKept();
  });
}

test('a lone surrogate in an id, which UTF-8 does not hold', async () => {
  const message = await messageOf(makeModel({ users: ['a', 'b\ud800'] }));
  assert.match(message, 'section "user.ids" has "b\\ud800", which UTF-8 does not hold');
});

test('places where nothing can be saved', async () => {
  const missing = path.join(folder, 'missing');
  assert.match(await messageOf(old, path.join(missing, 'a.palate')), `the folder ${missing} does not exist`);
  assert.match(await messageOf(old, path.join(file, 'a.palate')), `the folder ${file} does not exist`);
  mkdirSync(path.join(folder, 'taken.palate'));
  assert.match(await messageOf(old, path.join(folder, 'taken.palate')), 'it is a folder');
  assert.equal(readdirSync(path.join(folder, 'taken.palate')), []);
  // The superuser may write anywhere but here.
  if (process.platform === 'linux') assert.match(await messageOf(old, '/proc/a.palate'), /^Cannot save the model/);
});

test('a name of 255 bytes and one that is no text', async () => {
  const long = path.join(folder, 'é'.repeat(127));
  await saveModelFile(old, long);
  assertSameModel(await readModelFile(long), old);
  try {
    await saveModelFile(old, '' as never);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ModelFileError);
  }
});

test('an old file that is no model is replaced like any other', async () => {
  const other = path.join(folder, 'other.palate');
  writeFileSync(other, 'something longer than nothing\n'.repeat(10_000));
  await saveModelFile(old, other);
  assert.ok(readFileSync(other).equals(readFileSync(file)));
});

test.run();
