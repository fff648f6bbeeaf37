// `device: 'cuda'` through the public API, on the emulator: the same results as on the processor.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dataset,
  DeviceError,
  devices,
  evaluate,
  sampleRatings,
  splitRandom,
  topK,
  topKAsync,
  train,
} from '../../src/index.js';
import { verifyDevice } from '../../src/native/verify-device.js';
import { verifyTrainings } from '../../src/train/trainers.js';
import { noise } from '../support/tiny-model.js';
import { forgetEmulator, useEmulator } from './emulated-library.js';

const without = suite('without a GPU');
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

/** What a module prints that stands in the root of the project. */
const runScript = (script: string, env: NodeJS.ProcessEnv = {}): string =>
  execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });

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

  cuda('agrees with the processor in every check', async () => {
    const checks = [...verifyDevice(0), ...(await verifyTrainings(0))];
    assert.is(checks.length, 8);
    for (const { name, error, tolerance, cudaSeconds } of checks) {
      assert.ok(error <= tolerance, `${name}: ${error}`);
      assert.ok(cudaSeconds > 0, name);
    }
  });

  cuda('a device that trains otherwise than the processor is refused before its first model', () => {
    // In a process of its own: others have found the emulator right by now.
    const script = `
      import { devices } from './src/index.ts';
      import { verifyTrainerOnce } from './src/train/verify-training.ts';
      devices(); // opens the library
      const trainOn = (wrong) => async (data, options, device) => ({
        parameters: { itemFactors: Float32Array.of(0.5, device === undefined ? 1 : wrong) },
        history: [],
        metrics: {},
      });
      for (const wrong of [1.01, NaN, 1, 1.01]) {
        await verifyTrainerOnce('ials', 0, trainOn(wrong)).then(
          () => console.log('right'),
          ({ name, message }) => console.log(name, message),
        );
      }`;
    const [off, nan, ...rest] = runScript(script).trimEnd().split('\n');
    assert.match(off, /^DeviceError .*computes wrong results: ials differs from the processor by 0\.0099/);
    assert.match(nan, /^DeviceError .*computes wrong results: ials differs from the processor by Infinity/);
    assert.equal(rest, ['right', 'right'], 'once found right, it is not looked at again');
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

  cuda('evaluate', async () => {
    const { train: known, test } = splitRandom(data, { fractions: { train: 0.7, test: 0.3 }, seed: 1 });
    const model = await train(known, { model: 'mf', dim: 4, epochs: 2, device: 'cpu' });
    const { metrics } = await evaluate(model, test, { k: [3, 8] });
    assert.ok((metrics['ndcg@8'] as number) > 0);
    assert.equal((await evaluate(model, test, { k: [3, 8], device: 'cuda' })).metrics, metrics);
  });

  cuda('a library of another version is refused', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'palate-library-'));
    const [source, library] = [path.join(folder, 'old.cc'), path.join(folder, 'old.so')];
    writeFileSync(
      source,
      'static const unsigned table[16] = {999};\nextern "C" const void* palate_cuda_table() { return table; }\n',
    );
    execFileSync('g++', ['-shared', '-fPIC', source, '-o', library]);
    withLibrary(library, () => {
      const [, device] = devices();
      assert.match(device.available ? '' : device.reason, /built for another version of palate/);
    });
    rmSync(folder, { recursive: true });
  });

  for (const [machine, reason] of [
    ['driver=none', /no NVIDIA driver is installed/],
    ['driver=old', /supports CUDA 11\.4, and CUDA 13\.0 is needed/],
    ['devices=0', /finds no GPU/],
    ['capability=7.0', /has compute capability 7\.0, and 7\.5 or newer is needed/],
  ] as const) {
    cuda(`says what the machine lacks: ${machine}`, () => {
      const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
      const text = execFileSync(process.execPath, ['--import', 'tsx', cli, 'doctor', '--json'], {
        env: { ...process.env, PALATE_EMULATOR: machine },
        encoding: 'utf8',
      });
      const { cuda: found } = JSON.parse(text) as { cuda: { available: boolean; reason?: string } };
      assert.is(found.available, false);
      assert.match(found.reason ?? '', reason);
    });
  }

  cuda('what a device is too small for is a DeviceError that says so', () => {
    const script = `
      import { topK } from './src/index.ts';
      const rows = new Float32Array(64 * 64);
      try {
        topK(rows, rows, { dim: 64, k: 1, device: 'cuda' });
      } catch ({ name, message }) {
        console.log(name, message);
      }`;
    assert.match(
      runScript(script, { PALATE_EMULATOR: 'memory=100000' }),
      /^DeviceError .*Not enough memory on the device: \d+ bytes more are needed, \d+ of 100000 are free/,
    );
  });

  cuda.after(forgetEmulator);
  cuda.run();
}
