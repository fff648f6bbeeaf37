// Files whose checksums are right and whose contents are not.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelFileError } from '../../src/errors.js';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import { assertSameModel, folder, makeModel, readTable } from './fixtures.js';
import { headerOf, withHeader, withHeaderText, withSection } from './forge.js';

const file = path.join(folder, 'forged.palate');
const model = makeModel({ users: ['a', 'b', 'c', 'd'], fields: true, tables: true, times: true, history: true });
await saveModelFile(model, file);
const intact = readFileSync(file);

/** Memory that a read of a small file may take. */
const MOST_BYTES = 64e6;

/** The message, undefined when the file can be read. Fails when that takes long or much memory. */
async function messageOf(bytes: Uint8Array): Promise<string | undefined> {
  writeFileSync(file, bytes);
  const [start, memory] = [performance.now(), process.memoryUsage().arrayBuffers];
  try {
    readTable((await readModelFile(file)).itemTable);
    return undefined;
  } catch (error) {
    assert.instance(error, ModelFileError);
    return (error as Error).message;
  } finally {
    assert.ok(process.memoryUsage().arrayBuffers - memory < MOST_BYTES, 'memory');
    assert.ok(performance.now() - start < 10_000, 'time');
  }
}

type Header = Record<string, never>;

/** Changes of the header and what the message says. */
const HEADERS: [string, (header: Header & ReturnType<typeof headerOf>) => void, string | RegExp][] = [
  ['unknown model', (h) => set(h, 'model', 'mff'), "did you mean 'mf'"],
  ['a name of every object', (h) => set(h, 'model', 'constructor'), 'the header is wrong: Expected `model`'],
  ['another model in the options', (h) => set(h, 'model', 'mf'), 'Expected `options.model`'],
  ['seed', (h) => set(h.options, 'seed', '42'), 'Expected `options.seed`'],
  ['options', (h) => set(h, 'options', []), 'Expected `options` to be an object'],
  ['implicit', (h) => set(h, 'implicit', 1), 'Expected `implicit`'],
  ['kind', (h) => set(h, 'kind', 'similarities'), 'Expected `kind`'],
  ['link', (h) => set(h, 'link', 'tanh'), 'Expected `link`'],
  ['range the wrong way', (h) => set(h, 'range', { min: 5, max: 1 }), 'Expected `range.max`'],
  ['range without an end', (h) => set(h, 'range', { min: 5 }), 'Expected `range.max`'],
  ['bias null', (h) => set(h, 'globalBias', null), 'Expected `globalBias`'],
  ['bias NaN', (h) => set(h, 'globalBias', { $number: 'NaN' }), 'Expected `globalBias`'],
  ['a number of another kind', (h) => set(h, 'globalBias', { $number: '1e9' }), 'unknown number'],
  ['metrics', (h) => set(h.metrics, 'validRmse', '0.8'), 'Expected `metrics.validRmse`'],
  ['history', (h) => set(h, 'history', { length: 1e9 }), 'Expected `history`'],
  ['epoch', (h) => set(h, 'history', [{ epoch: 0 }]), 'Expected `history[0].epoch`'],
  ['loss', (h) => set(h, 'history', [{ epoch: 1, learningRate: 1, train: {} }]), 'Expected `history[0].train.loss`'],
  ['negative size', (h) => set(h.users, 'size', -1), 'Expected `users.size`'],
  ['fractional size', (h) => set(h.items, 'size', 1.5), 'Expected `items.size`'],
  ['huge size', (h) => set(h.users, 'size', 2 ** 32 - 2), 'bytes, the file has'],
  ['beyond all measure', (h) => set(h.users, 'size', 1e300), 'Expected `users.size`'],
  ['one user more', (h) => set(h.users, 'size', 5), 'section "user.ids" is damaged: it has 4 rows'],
  ['one interaction less', (h) => set(h.interactions, 'size', 9), 'section "seen.items" is damaged: it has'],
  ['integer ids', (h) => set(h.users, 'kind', 'int32'), 'section "user.ids" is damaged'],
  ['kind of ids', (h) => set(h.users, 'kind', 'int8'), 'Expected `users.kind`'],
  ['dim', (h) => set(h, 'dim', 4), 'section "user.factors" is damaged'],
  ['dim negative', (h) => set(h, 'dim', -3), 'Expected `dim`'],
  ['labels times dim', (h) => set(h.fields[0], 'labels', 1200), '"field.0.factors" needs 14400 bytes'],
  ['no times', (h) => set(h.interactions, 'times', false), 'sections where'],
  ['no table', (h) => set(h, 'itemTable', false), 'sections where'],
  ['no fields', (h) => set(h, 'fields', []), 'sections where'],
  ['fields', (h) => set(h, 'fields', 7), 'Expected `fields` to be an array'],
  ['side', (h) => set(h.fields[0], 'side', 'both'), 'Expected `fields[0].side`'],
  ['bucket', (h) => set(h.fields[1], 'bucket', 0), 'Expected `fields[1].bucket`'],
  ['labels', (h) => set(h.fields[0], 'labels', 4e9), 'bytes, the file has'],
  ['active', (h) => set(h.fields[0], 'active', 3), 'section "field.0.indices"'],
  ['no sections', (h) => set(h, 'sections', []), 'lists 0 sections'],
  ['section order', (h) => h.sections.reverse(), 'is expected'],
  ['section offset', (h) => set(h.sections[1], 'offset', 2 ** 52), 'begins at'],
  ['overlap', (h) => set(h.sections[1], 'offset', h.sections[0]?.offset), 'begins at'],
  ['length beyond the file', (h) => set(h.sections[0], 'length', 2 ** 50), 'beyond'],
  ['length negative', (h) => set(h.sections[0], 'length', -8), 'Expected `sections[0].length`'],
  ['length too small', (h) => set(h.sections[4], 'length', 8), 'section "seen.values" has 8 bytes'],
  ['last length', (h) => set(h.sections.at(-1), 'length', 8), 'the header begins at'],
  ['hash', (h) => set(h.sections[0], 'sha256', 'zz'), '64 hexadecimal digits'],
];

function set(target: unknown, key: string, value: unknown): void {
  (target as Record<string, unknown>)[key] = value;
}

for (const [name, change, expected] of HEADERS) {
  test(`header: ${name}`, async () => {
    const forged = withHeader(intact, change as (header: ReturnType<typeof headerOf>) => void);
    assert.match((await messageOf(forged)) ?? 'was read', expected);
  });
}

test('header: no JSON, no object, too deep', async () => {
  for (const text of ['', '{', 'null', '[]', '5', '\0', '['.repeat(1e5) + ']'.repeat(1e5)]) {
    assert.match((await messageOf(withHeaderText(intact, text))) ?? 'was read', 'the header is wrong');
  }
});

test('header: a key __proto__ changes nothing', async () => {
  const text = JSON.stringify(headerOf(intact)).replace('"metrics":{', '"metrics":{"__proto__":1,');
  writeFileSync(file, withHeaderText(intact, text));
  const read = await readModelFile(file);
  assert.is(Object.getPrototypeOf(read.metrics), Object.prototype);
  assertSameModel({ ...read, metrics: model.metrics }, model);
});

/** Changes one of the values of a section, which are the last bytes but 8 (end of stream) and padding. */
const patch = (name: string, old: Buffer, fresh: Buffer): Buffer =>
  withSection(intact, name, (bytes) => {
    const at = bytes.lastIndexOf(old);
    assert.ok(at > 0, `${name} holds the value`);
    fresh.copy(bytes, at);
  });
const uint32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const float32 = (value: number): Buffer => Buffer.from(Float32Array.of(value).buffer);
const float64 = (value: number): Buffer => Buffer.from(Float64Array.of(value).buffer);

const VALUES: [string, string, Buffer, Buffer, string | RegExp][] = [
  ['item out of range', 'seen.items', uint32(3), uint32(4), /seen.items" has 4 in row \d, outside 0 … 3/],
  ['item twice', 'seen.items', uint32(2), uint32(0), /seen.items" has 0 in row \d, after/],
  ['offsets descend', 'seen.offsets', uint32(model.seen.offsets[2] as number), uint32(99), 'seen.offsets" has'],
  ['last offset', 'seen.offsets', uint32(model.seen.size), uint32(99), 'seen.offsets" ends with 99'],
  ['NaN value', 'seen.values', float32(1.5), float32(Number.NaN), 'seen.values" has the value NaN'],
  ['infinite time', 'seen.times', float64(1.5e9), float64(1 / 0), 'seen.times" has the value Infinity'],
  ['NaN factor', 'item.factors', float32(model.parameters.itemFactors[4] as number), float32(0 / 0), 'value NaN at 4'],
  ['NaN bias', 'user.biases', float32(model.parameters.userBiases[0] as number), float32(0 / 0), 'value NaN at 0'],
  ['label out of range', 'field.0.indices', uint32(3), uint32(4), 'field.0.indices" has 4'],
  ['an id twice', 'user.ids', Buffer.from('abcd'), Buffer.from('abbd'), 'unique; b stands in it twice'],
  [
    'another id in a table',
    'user.table',
    Buffer.from('abcd'),
    Buffer.from('abce'),
    'another id than the model in row 3',
  ],
];

for (const [name, section, old, fresh, expected] of VALUES) {
  test(`value: ${name}`, async () => {
    assert.match((await messageOf(patch(section, old, fresh))) ?? 'was read', expected);
  });
}

test('changed bytes of Arrow streams: an error or another model, never a crash, a hang or gigabytes', async () => {
  const { sections } = headerOf(intact);
  for (const name of ['user.ids', 'seen.times', 'item.table']) {
    const length = sections.find((section) => section.name === name)?.length ?? 0;
    for (let at = 0; at < length; at += name === 'item.table' ? 5 : 2) {
      const forged = withSection(intact, name, (bytes) => {
        bytes[at] = (bytes[at] as number) ^ (at % 4 === 0 ? 0x01 : 0xff);
      });
      await messageOf(forged);
    }
  }
});

test.run();
