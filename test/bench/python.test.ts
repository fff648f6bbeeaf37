import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { peerEnvironment, pythonWith } from '../../bench/drivers/python.js';

const folder = mkdtempSync(path.join(tmpdir(), 'palate-bench-python-'));
const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, PALATE_BENCH_PYTHON } = process.env;
test.after(() => {
  rmSync(folder, { recursive: true });
  const before = { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, PALATE_BENCH_PYTHON };
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** A stand-in for Python: a shell script that tells a speed for each choice of kernels. */
function fakePython(name: string, body: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

const speeds = (own: number, skylake: number): string =>
  `case "$OPENBLAS_CORETYPE" in "") echo ${own};; SkylakeX) echo ${skylake};; *) echo 1;; esac`;

const withShell = process.platform === 'win32' ? test.skip : test;

withShell('OpenBLAS keeps its own kernels unless others are clearly faster', () => {
  process.env.OPENBLAS_CORETYPE = 'Haswell';
  process.env.OPENBLAS_L2_SIZE = '256';
  const blind = peerEnvironment(fakePython('blind', speeds(24, 100)), 2, 'avx512');
  assert.is(blind.OPENBLAS_CORETYPE, 'SkylakeX');
  assert.is(blind.ATEN_CPU_CAPABILITY, 'avx512');
  assert.is(blind.OPENBLAS_L2_SIZE, undefined);
  const able = peerEnvironment(fakePython('able', speeds(100, 105)), 2, 'avx512');
  assert.is(able.OPENBLAS_CORETYPE, undefined);
  const plain = peerEnvironment(fakePython('plain', speeds(1, 100)), 2, 'base');
  assert.is(plain.OPENBLAS_CORETYPE, undefined);
  assert.is(plain.ATEN_CPU_CAPABILITY, undefined);
});

withShell('the choice is made once for a Python, the threads are those of the run', () => {
  const file = fakePython('once', speeds(24, 100));
  assert.is(peerEnvironment(file, 2, 'avx512').OMP_NUM_THREADS, '2');
  fakePython('once', speeds(100, 24));
  const later = peerEnvironment(file, 5, 'avx512');
  assert.is(later.OPENBLAS_CORETYPE, 'SkylakeX');
  assert.is(later.OMP_NUM_THREADS, '5');
});

withShell('PALATE_BENCH_PYTHON comes first where it has the modules', () => {
  process.env.PALATE_BENCH_PYTHON = fakePython('has', '[ "$3" = wanted ]');
  assert.is(pythonWith(['wanted']), process.env.PALATE_BENCH_PYTHON);
  assert.not(pythonWith(['other_module_that_is_nowhere']) === process.env.PALATE_BENCH_PYTHON);
});

test('without a Python that has the modules there is none', () => {
  assert.is(pythonWith(['a_module_that_nobody_has_ever_made']), undefined);
});

test.run();
