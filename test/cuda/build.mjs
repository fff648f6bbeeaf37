// Builds the test programs of test/cuda, and the emulated library, with ninja in build-cuda/. Kernels are compiled by the
// C++ compiler: once plainly and once for each sanitizer.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs } from './programs.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const out = path.join(root, 'build-cuda');

/** @typedef {'plain' | 'asan' | 'tsan'} Mode */

/** What kernels and tests are compiled with; the emulator itself is compiled without. @type {Record<Mode, string>} */
const INSTRUMENTED = {
  plain: '-O2',
  asan: '-O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer',
  tsan: '-O1 -fsanitize=thread',
};
/** @type {Record<Mode, string>} */
const EMULATOR = { plain: '', asan: '-DEMULATOR_ASAN', tsan: '-DEMULATOR_TSAN' };
/** @type {Record<Mode, string>} */
const LINK = { plain: '', asan: '-fsanitize=address,undefined', tsan: '-fsanitize=thread' };
export const modes = /** @type {Mode[]} */ (Object.keys(INSTRUMENTED));

const COMMON =
  '-std=c++20 -g1 -fPIC -pthread -Wall -Wextra -Werror -Wno-unknown-pragmas -ffp-contract=off -fno-math-errno -fvisibility=hidden';
const INCLUDES = '-Itest/cuda/emulator -Inative -Itest/cuda';

/** @param {string} list of native/sources.gypi @returns {string[]} */
const sources = (list) => JSON.parse(readFileSync(path.join(root, 'native/sources.gypi'), 'utf8')).variables[list];

/**
 * A change of one file of native/, as mutants.mjs makes them.
 * @typedef {object} Change
 * @property {string} name of the folder in build-cuda/mutants that holds the changed file
 * @property {string[]} compile .cu files to compile anew
 */

/** Writes build-cuda/build.ninja. @param {Change[]} changes */
export function configure(changes = []) {
  mkdirSync(out, { recursive: true });
  /** @type {string[]} */
  const lines = [
    'builddir = build-cuda',
    'rule compile',
    `  command = g++ -x c++ ${COMMON} $flags -MMD -MF $out.d -c $in -o $out`,
    '  depfile = $out.d',
    '  deps = gcc',
    '  description = $out',
    'rule link',
    '  command = g++ -pthread $flags $in -o $out -ldl',
    '  description = $out',
  ];
  /** @type {Set<string>} */
  const known = new Set();
  const compile = (/** @type {string} */ source, /** @type {string} */ folder, /** @type {string} */ flags) => {
    const object = `build-cuda/${folder}/${source}.o`;
    if (!known.has(object)) lines.push(`build ${object}: compile ${source}`, `  flags = ${flags} ${INCLUDES}`);
    known.add(object);
    return object;
  };
  const emulatorSources = readdirSync(path.join(root, 'test/cuda/emulator'))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => `test/cuda/emulator/${name}`);
  const emulator = (/** @type {Mode} */ mode) =>
    emulatorSources.map((source) => compile(source, mode, `-O2 ${EMULATOR[mode]}`));
  const library = (/** @type {Mode} */ mode) =>
    sources('cuda_sources').map((source) => compile(source, mode, INSTRUMENTED[mode]));

  for (const mode of modes) {
    for (const { name, kernels = [], core = [] } of programs) {
      const host = ['memory', 'parallel', 'finite', ...core].map((n) => compile(`native/core/${n}.cc`, 'host', '-O2'));
      const processor = kernels.map((n) =>
        compile(`native/kernels/${n}.cc`, 'host', '-O2 -DKERNEL_NS=k_base -DPALATE_LEVEL_BASE'),
      );
      const own = compile(`test/cuda/${name}_test.cc`, mode, INSTRUMENTED[mode]);
      const rest = [own, compile('test/cuda/harness.cc', 'host', '-O2'), ...host, ...processor, ...emulator(mode)];
      const link = (/** @type {string} */ target, /** @type {string[]} */ objects) =>
        lines.push(`build ${target}: link ${[...objects, ...rest].join(' ')}`, `  flags = ${LINK[mode]}`);
      link(`build-cuda/${mode}/${name}`, library(mode));
      for (const change of changes) {
        const folder = `build-cuda/mutants/${change.name}`;
        const objects = library(mode).map((object, n) => {
          const source = sources('cuda_sources')[n];
          if (!change.compile.includes(source)) return object;
          const mutated = `build-cuda/mutants/${change.name}/${mode}/${source}.o`;
          if (!known.has(mutated)) {
            const file = change.compile.includes(source) ? `${folder}/${source}` : source;
            lines.push(
              `build ${mutated}: compile ${file}`,
              `  flags = ${INSTRUMENTED[mode]} -I${folder}/native ${INCLUDES}`,
            );
          }
          known.add(mutated);
          return mutated;
        });
        link(`${folder}/${mode}/${name}`, objects);
      }
    }
  }
  const shared = [...library('plain'), ...emulator('plain')];
  lines.push(`build build-cuda/${EMULATED}: link ${shared.join(' ')}`, '  flags = -shared');
  writeFileSync(path.join(out, 'build.ninja'), `${lines.join('\n')}\n`);
}

/** The whole CUDA library on the emulator: what PALATE_CUDA_LIBRARY names to run `device: 'cuda'` without a GPU. */
export const EMULATED = 'libpalate_cuda_emulated.so';

/** Builds targets; false when a compiler complains. @param {string[]} targets @param {number} jobs */
export function build(targets, jobs = 2) {
  const { status, error } = spawnSync(
    'ninja',
    ['-f', 'build-cuda/build.ninja', '-j', String(jobs), '--quiet', ...targets],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (error) console.error(`ninja could not start (${error.message}); is it installed?`);
  return status === 0;
}
