// Files that were damaged on the way, and files that are something else.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelFileError } from '../../src/errors.js';
import { MODEL_FILE_VERSION, readModelFile, saveModelFile } from '../../src/model-file.js';
import { assertSameModel, folder, makeModel } from './fixtures.js';
import { headerOf } from './forge.js';

const file = path.join(folder, 'damaged.palate');
const model = makeModel({ fields: true, tables: true, times: true, history: true });
await saveModelFile(model, file);
const intact = readFileSync(file);

async function errorOf(bytes: Uint8Array): Promise<ModelFileError | undefined> {
  writeFileSync(file, bytes);
  try {
    assertSameModel(await readModelFile(file), model);
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    assert.is(error.code, 'ERR_PALATE_MODEL_FILE');
    assert.is(error.file, file);
    assert.ok(error.message.startsWith(`Cannot read the model file ${file}: `), error.message);
    return error;
  }
}

const padding = (): Set<number> => {
  const places = new Set(Array.from({ length: intact.length }, (_, at) => at));
  const { sections } = headerOf(intact);
  for (const { offset, length } of sections) for (let at = offset; at < offset + length; at++) places.delete(at);
  for (let at = 0; at < 64; at++) places.delete(at);
  for (let at = Number(intact.readBigUInt64LE(16)); at < intact.length; at++) places.delete(at);
  return places;
};

test('a flipped byte is found wherever it matters', async () => {
  const harmless = padding();
  for (let at = 0; at < intact.length; at += at < 80 ? 1 : 13) {
    const bytes = Buffer.from(intact);
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    const error = await errorOf(bytes);
    assert.is(error === undefined, harmless.has(at), `byte ${at}: ${error?.message}`);
  }
});

test('the message names the damaged section', async () => {
  for (const { name, offset, length } of headerOf(intact).sections) {
    const bytes = Buffer.from(intact);
    const at = offset + (length >> 1);
    bytes[at] = (bytes[at] as number) ^ 0x10;
    const { message = '' } = (await errorOf(bytes)) ?? {};
    assert.ok(message.endsWith(`section "${name}" is damaged: its SHA-256 does not match`), message);
  }
});

test('a truncated file is an error, whatever its length', async () => {
  for (let length = 0; length < intact.length; length += length < 80 ? 1 : 37) {
    const error = await errorOf(intact.subarray(0, length));
    assert.match(error?.message ?? '', length === 0 ? 'is empty' : 'truncated', `length ${length}`);
  }
});

test('so is one with bytes behind its end', async () => {
  assert.match((await errorOf(Buffer.concat([intact, Buffer.alloc(1)])))?.message ?? '', 'prefix is damaged');
});

test('something else is no palate model file', async () => {
  for (const other of ['userId,movieId\n1,2\n', 'x', '\x89PNG\r\n\x1a\n', 'PK\x03\x04'.repeat(50)]) {
    assert.match((await errorOf(Buffer.from(other, 'latin1')))?.message ?? '', 'not a palate model file');
  }
});

test('a newer version is named with ours', async () => {
  const bytes = Buffer.from(intact);
  bytes.writeUInt32LE(MODEL_FILE_VERSION + 1, 8);
  const { message = '' } = (await errorOf(bytes)) ?? {};
  assert.match(message, `format version ${MODEL_FILE_VERSION + 1}`);
  assert.match(message, `reads version ${MODEL_FILE_VERSION};`);
  assert.match(message, 'newer palate');
});

test('a missing file, a folder and a device', async () => {
  const reading = async (place: string): Promise<string> => {
    try {
      await readModelFile(place);
    } catch (error) {
      assert.instance(error, ModelFileError);
      return (error as Error).message;
    }
    throw new Error(`${place} was read`);
  };
  assert.match(await reading(path.join(folder, 'none.palate')), /: no such file$/);
  mkdirSync(path.join(folder, 'sub'));
  assert.match(await reading(path.join(folder, 'sub')), 'it is a folder');
  assert.match(await reading(path.join(file, 'below')), 'not a directory');
  if (process.platform !== 'win32') assert.match(await reading('/dev/zero'), 'not a regular file');
});

test('a path that is no string is misuse', async () => {
  try {
    await readModelFile(5 as unknown as string);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TypeError);
    assert.match((error as Error).message, '`path` to be a string');
  }
});

test.run();
