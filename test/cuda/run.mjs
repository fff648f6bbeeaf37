// npm run test:cuda [-- WORD…] [--mode plain|asan|tsan]: the kernels for CUDA, without a GPU. Runs the test programs whose
// name holds a word (all of them without) on the emulator: in several orders of threads, blocks and streams, under
// AddressSanitizer, and under ThreadSanitizer, which finds races in any order.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, configure, modes, out } from './build.mjs';
import { programs } from './programs.mjs';

/** @typedef {import('./build.mjs').Mode} Mode */

const SEEDS = 8;
/** @type {Record<Mode, string[]>} PALATE_EMULATOR of each run */
export const schedules = {
  plain: ['forward,eager', 'reverse', ...Array.from({ length: SEEDS }, (_, seed) => `random,seed=${seed}`)],
  asan: ['forward,eager', 'random,seed=1'],
  tsan: ['random,seed=1'],
};

/**
 * Runs one program under one schedule; `failed` counts at least 1 for one that crashed or hung.
 * @param {string} file @param {string} schedule @param {{ quiet?: boolean, seconds?: number, filter?: string }} [options]
 */
export function runProgram(file, schedule, { quiet = false, seconds = 300, filter } = {}) {
  const { stdout, stderr, status, signal } = spawnSync(file, filter === undefined ? [] : [filter], {
    env: {
      ...process.env,
      PALATE_EMULATOR: schedule,
      ASAN_OPTIONS: 'detect_stack_use_after_return=0',
      TSAN_OPTIONS: 'halt_on_error=0:exitcode=67',
    },
    encoding: 'utf8',
    timeout: seconds * 1000,
    maxBuffer: 1 << 28,
  });
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
  const passed = Number(counts?.[1] ?? 0);
  const failed = Math.max(Number(counts?.[2] ?? 1), status === 0 ? 0 : 1);
  if (failed > 0 && !quiet) {
    console.error(`${path.basename(file)} (${schedule}): ${failed} failed${signal ? `, ${signal}` : ''}`);
    console.error(stderr.split('\n').slice(0, 40).join('\n'));
  }
  return { passed, failed, stderr };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals: words } = parseArgs({ allowPositionals: true, options: { mode: { type: 'string' } } });
  const chosen = programs.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const total = { passed: 0, failed: 0 };
  configure();
  for (const mode of modes.filter((name) => values.mode === undefined || name === values.mode)) {
    if (!build(chosen.map(({ name }) => `build-cuda/${mode}/${name}`))) {
      total.failed += 1;
      continue;
    }
    for (const { name } of chosen) {
      const start = performance.now();
      for (const schedule of schedules[mode]) {
        const { passed, failed } = runProgram(path.join(out, mode, name), schedule);
        total.passed += passed;
        total.failed += failed;
      }
      console.log(`${mode.padEnd(6)}${name.padEnd(20)}${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  }
  if (chosen.length === 0) total.failed += 1;
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
