import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import {
  type DataType,
  Dictionary,
  Field,
  FixedSizeList,
  Int32,
  Int64,
  LargeUtf8,
  List,
  Map_,
  Null,
  Struct,
  Table,
  Timestamp,
  TimeUnit,
  tableFromIPC,
  Utf8,
  Utf8View,
  vectorFromArray,
} from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { headerOf } from '../src/model-file/header.js';
import { readModel } from '../src/model-file/read-model.js';
import { writeModel } from '../src/model-file/write-model.js';
import { readModelFile, saveModelFile } from '../src/model-file.js';
import type { FactorModelData, ModelData } from '../src/types.js';
import { assertSameModel, folder, makeModel, type Wanted } from './model-file/fixtures.js';

const file = path.join(folder, 'model.palate');

async function roundTrip(model: ModelData): Promise<ModelData> {
  await saveModelFile(model, file);
  const read = await readModelFile(file);
  assertSameModel(read, model);
  const bytes = readFileSync(file);
  await saveModelFile(read, file);
  assert.ok(readFileSync(file).equals(bytes), 'what was read is saved as the same bytes');
  return read;
}

const listOf = <T extends DataType>(type: T): List<T> => new List(new Field('item', type, true));
const dictionary = (): Dictionary<Utf8, Int32> => new Dictionary(new Utf8(), new Int32());

const VARIANTS: Record<string, Wanted> = {
  'int32 ids': {},
  'bigint ids': { users: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n), items: BigInt64Array.of(1n, 2n ** 40n) },
  'string ids': { users: ['', 'a', 'b\u0000c', 'é', '喜', '\u{1f3ac}'], items: ['x'] },
  times: { times: true },
  history: { history: true },
  metadata: { tables: true },
  'fields and metadata': { fields: true, tables: true, times: true, history: true },
  'dim 0': { dim: 0 },
  'dim 0 with fields': { dim: 0, fields: true },
  'one user, one item': { users: Int32Array.of(1), items: Int32Array.of(1), tables: true, fields: true },
  'nobody and nothing': { users: new Int32Array(0), items: [], tables: true, fields: true, times: true },
  'numbers that JSON would change': { parameters: { globalBias: -0, range: { min: -0, max: 5e-324 } } },
};

for (const [name, wanted] of Object.entries(VARIANTS)) {
  test(`round trip: ${name}`, async () => {
    await roundTrip(makeModel(wanted));
  });
}

test('equal models give equal bytes, whatever the order of their keys', async () => {
  const wanted = { fields: true, tables: true, times: true, history: true };
  await saveModelFile(makeModel(wanted), file);
  const bytes = readFileSync(file);
  const model = makeModel(wanted);
  const options = Object.fromEntries(Object.entries(model.options).reverse()) as ModelData['options'];
  const history = model.history.map((epoch) => ({ ...epoch, seconds: Math.random() }));
  await saveModelFile({ ...model, options: { ...options, gone: undefined }, history }, file);
  assert.ok(readFileSync(file).equals(bytes));
});

test('long columns are cut into parts and put together again', async () => {
  const users = BigInt64Array.of(1n, 2n, 3n, 2n ** 62n);
  const model = makeModel({ users, items: ['a', 'b', 'c'], times: true, fields: true, tables: true });
  const handle = await open(file, 'w+');
  try {
    await writeModel(handle, model, headerOf(model), 16);
    assertSameModel(await readModel(handle, (await handle.stat()).size, 16), model);
  } finally {
    await handle.close();
  }
  assert.ok(readFileSync(file).includes('"seen.times.3"'));
});

test('sections are Arrow streams at multiples of 64, and arrays are views of what was read', async () => {
  const model = makeModel();
  await saveModelFile(model, file);
  const bytes = readFileSync(file);
  const { sections } = JSON.parse(bytes.subarray(Number(bytes.readBigUInt64LE(16))).toString());
  for (const { offset } of sections) assert.is(offset % 64, 0);
  const { offset, length } = sections.find(({ name }: { name: string }) => name === 'item.factors');
  const table = tableFromIPC(bytes.subarray(offset, offset + length));
  assert.equal(table.getChild('values')?.toArray(), model.parameters.itemFactors);
  const read = (await readModelFile(file)) as FactorModelData;
  assert.is(read.parameters.itemFactors.buffer.byteLength, length);
});

test('metadata of any type that a table may have', async () => {
  const model = makeModel();
  const entries = new Struct<{ key: Utf8; value: Int32 }>([
    new Field('key', new Utf8(), false),
    new Field('value', new Int32(), true),
  ]);
  const itemTable = new Table({
    itemId: model.items.toVector(),
    pair: vectorFromArray([[1, 2], [3, 4], null, [5, 6]], new FixedSizeList(2, new Field('item', new Int32(), true))),
    time: vectorFromArray([1, null, 3, 4], new Timestamp(TimeUnit.MILLISECOND, 'Europe/Paris')),
    views: vectorFromArray([1n, null, 2n ** 62n, 4n], new Int64()),
    nothing: vectorFromArray([null, null, null, null], new Null()),
    text: vectorFromArray(['a', null, '', 'd'], new LargeUtf8()),
    words: vectorFromArray([['x', 'y'], null, [], ['x']], listOf(dictionary())),
    view: vectorFromArray(['a', null, 'longer than twelve bytes', ''], new Utf8View()),
    labels: vectorFromArray([['a'], null, [], ['b', null]], listOf(new Utf8View())),
    deep: vectorFromArray([[['a'], []], null, [], [['b']]], listOf(listOf(new Utf8()))),
    scores: vectorFromArray(
      [new Map([['k', 1]]), null, new Map(), new Map([['l', 2]])],
      new Map_(new Field('entries', entries, false)),
    ),
  });
  await roundTrip({ ...model, itemTable });
});

test('dictionaries are numbered by the process, and yet equal models give equal bytes', async () => {
  const model = makeModel();
  const save = async (): Promise<Buffer> => {
    const words = vectorFromArray(['x', 'y', null, 'x']);
    await saveModelFile({ ...model, itemTable: new Table({ itemId: model.items.toVector(), words }) }, file);
    return readFileSync(file);
  };
  assert.ok((await save()).equals(await save()));
});

test('no temporary file is left', async () => {
  await saveModelFile(makeModel(), file);
  assert.equal(readdirSync(folder), ['model.palate']);
});

test.run();
