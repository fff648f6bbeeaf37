// `device: 'cuda'` through the public API, on the emulator: the same results as on the processor.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset, DeviceError, devices, sampleRatings, topK, topKAsync, train } from '../../src/index.js';
import { verifyDevice } from '../../src/native/verify-device.js';
import { noise } from '../support/tiny-model.js';
import { useEmulator } from './emulated-library.js';

const without = suite('without a GPU');
const named = process.env.PALATE_CUDA_LIBRARY;
const data = Dataset.fromTable(sampleRatings({ users: 60 }));

function withLibrary(library: string | undefined, work: () => void): void {
  const before = process.env.PALATE_CUDA_LIBRARY;
  if (library === undefined) delete process.env.PALATE_CUDA_LIBRARY;
  else process.env.PALATE_CUDA_LIBRARY = library;
  try {
    work();
  } finally {
    if (before === undefined) delete process.env.PALATE_CUDA_LIBRARY;
    else process.env.PALATE_CUDA_LIBRARY = before;
  }
}

const rows = Float32Array.of(1, 2, 3, 4);

without('a named device never falls back', () => {
  withLibrary(path.join(tmpdir(), 'no-such-library.so'), () => {
    const [cpu, cuda] = devices();
    assert.is(cpu.available, true);
    assert.is(cuda.available, false);
    assert.match(cuda.available ? '' : cuda.reason, /PALATE_CUDA_LIBRARY names no file/);
    assert.throws(
      () => topK(rows, rows, { dim: 2, k: 1, device: 'cuda' }),
      (error: unknown) => error instanceof DeviceError && /names no file/.test(error.message),
    );
    assert.equal(topK(rows, rows, { dim: 2, k: 1, device: 'auto' }).counts, Uint32Array.of(1, 1));
  });
});

without('a file that is no library', () => {
  const file = path.join(tmpdir(), `palate-not-a-library-${process.pid}.so`);
  writeFileSync(file, 'no library');
  withLibrary(file, () => {
    const [, cuda] = devices();
    assert.match(cuda.available ? '' : cuda.reason, /cannot be loaded/);
  });
  rmSync(file);
});

without('a library that is not ours', () => {
  const libc = ['/lib/x86_64-linux-gnu/libm.so.6', '/lib/aarch64-linux-gnu/libm.so.6', '/lib64/libm.so.6'];
  for (const file of libc) {
    withLibrary(file, () => {
      const [, cuda] = devices();
      assert.match(cuda.available ? '' : cuda.reason, /is not a CUDA library of palate|names no file/);
    });
  }
});

without.run();

if (useEmulator()) {
  const cuda = suite('on the emulator');
  const random = noise(3);
  const floats = (length: number): Float32Array => Float32Array.from({ length }, random);

  cuda('is listed', () => {
    const [, device] = devices();
    assert.ok(device.available);
    assert.is(device.gpus[0]?.name, 'emulator');
    assert.is(device.gpus[0]?.capability, '9.0');
  });

  cuda('agrees with the processor in every check', () => {
    const checks = verifyDevice(0);
    assert.ok(checks.length > 0);
    for (const { name, error, tolerance } of checks) assert.ok(error <= tolerance, `${name}: ${error}`);
  });

  cuda('topK and topKAsync', async () => {
    const [queries, items] = [floats(70 * 9), floats(300 * 9)];
    const options = { dim: 9, k: 12, exclude: Array.from({ length: 70 }, (_, q) => [q, q + 1]) };
    const expected = topK(queries, items, options);
    for (const actual of [
      topK(queries, items, { ...options, device: 'cuda' }),
      await topKAsync(queries, items, { ...options, device: 'cuda' }),
    ]) {
      assert.equal(actual.indices, expected.indices);
      assert.equal(actual.counts, expected.counts);
      assert.ok(actual.scores.every((score, n) => Math.abs(score - (expected.scores[n] as number)) < 1e-6));
    }
  });

  cuda('a search stops when its signal aborts', async () => {
    const items = floats(4000 * 8);
    const stop = new AbortController();
    const search = topKAsync(items, items, { dim: 8, k: 3, device: 'cuda', signal: stop.signal });
    stop.abort(new Error('enough'));
    await search.then(
      () => assert.unreachable('the search went on'),
      (error: Error) => assert.is(error.message, 'enough'),
    );
  });

  cuda('recommendAll keeps the items on the device from batch to batch', async () => {
    const model = await train(data, { model: 'mf', dim: 4, epochs: 2, device: 'cpu' });
    const lists = async (device: 'cpu' | 'cuda'): Promise<number[]> => {
      const items: number[] = [];
      for await (const batch of model.recommendAll({ k: 5, batchSize: 25, device })) items.push(...batch.itemIndices);
      assert.is(items.length, 60 * 5);
      return items;
    };
    assert.equal(await lists('cuda'), await lists('cpu'));
  });

  cuda.after(() => {
    if (named === undefined) delete process.env.PALATE_CUDA_LIBRARY;
    else process.env.PALATE_CUDA_LIBRARY = named;
  });
  cuda.run();
}
