// npm run test:cuda [-- WORD…] [--mode plain|asan|tsan] [--quick]: the kernels for CUDA, without a GPU. Runs the test programs whose
// name holds a word (all of them without) on the emulator: in several orders of threads, blocks and streams, under
// AddressSanitizer, and under ThreadSanitizer, which finds races in any order. --quick: the first two orders, and one under
// AddressSanitizer.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, configure, modes, out } from './build.mjs';
import { programs } from './programs.mjs';

/** @typedef {import('./build.mjs').Mode} Mode */

const SEEDS = 7;
/** @type {Record<Mode, string[]>} PALATE_EMULATOR of each run */
export const schedules = {
  plain: [
    'reverse',
    'random,seed=9',
    'forward,eager',
    ...Array.from({ length: SEEDS }, (_, seed) => `random,seed=${seed}`),
  ],
  asan: ['random,seed=1', 'forward,eager'],
  tsan: ['random,seed=1'],
};
/** @type {Record<Mode, number>} */
const quickOrders = { plain: 2, asan: 1, tsan: 1 };

/**
 * Runs one program under one schedule; `failed` counts at least 1 for one that crashed or hung.
 * @param {string} file @param {string} schedule @param {{ quiet?: boolean, seconds?: number, filter?: string }} [options]
 */
export async function runProgram(file, schedule, { quiet = false, seconds = 300, filter } = {}) {
  const { stdout, stderr, error } = await new Promise((resolve) => {
    execFile(
      file,
      filter === undefined ? [] : [filter],
      {
        env: {
          ...process.env,
          PALATE_EMULATOR: schedule,
          ASAN_OPTIONS: 'detect_stack_use_after_return=0',
          TSAN_OPTIONS: 'halt_on_error=0:exitcode=67',
        },
        encoding: 'utf8',
        timeout: seconds * 1000,
        maxBuffer: 1 << 28,
      },
      (error, stdout, stderr) => resolve({ stdout, stderr, error }),
    );
  });
  const counts = /^(\d+) passed, (\d+) failed$/m.exec(stdout);
  const passed = Number(counts?.[1] ?? 0);
  const failed = Math.max(Number(counts?.[2] ?? 1), error === null ? 0 : 1);
  if (failed > 0 && !quiet) {
    console.error(`${path.basename(file)} (${schedule}): ${failed} failed${error?.signal ? `, ${error.signal}` : ''}`);
    console.error(stderr.split('\n').slice(0, 40).join('\n'));
  }
  return { passed, failed, stderr };
}

/** Runs of a mode, as many at a time as there are processors. @param {{ name: string, schedule: string }[]} runs @param {Mode} mode */
async function runAll(runs, mode) {
  const total = { passed: 0, failed: 0 };
  const waiting = [...runs];
  const worker = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      const start = performance.now();
      const { passed, failed } = await runProgram(path.join(out, mode, run.name), run.schedule);
      total.passed += passed;
      total.failed += failed;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${mode.padEnd(6)}${run.name.padEnd(20)}${run.schedule.padEnd(15)}${seconds.padStart(6)} s`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return total;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: { mode: { type: 'string' }, quick: { type: 'boolean' } },
  });
  const chosen = programs.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const total = { passed: 0, failed: 0 };
  configure();
  for (const mode of modes.filter((name) => values.mode === undefined || name === values.mode)) {
    if (!build(chosen.map(({ name }) => `build-cuda/${mode}/${name}`))) {
      total.failed += 1;
      continue;
    }
    const orders = schedules[mode].slice(0, values.quick ? quickOrders[mode] : undefined);
    const { passed, failed } = await runAll(
      chosen.flatMap(({ name }) => orders.map((schedule) => ({ name, schedule }))),
      mode,
    );
    total.passed += passed;
    total.failed += failed;
  }
  if (chosen.length === 0) total.failed += 1;
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
