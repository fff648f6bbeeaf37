// Builds the test programs of test/cuda, and the emulated library, with ninja in build-cuda/. Kernels are compiled by the
// C++ compiler: once plainly and once for each sanitizer.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs } from './programs.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const out = path.join(root, 'build-cuda');

/** The whole CUDA library on the emulator: what PALATE_CUDA_LIBRARY names to run `device: 'cuda'` without a GPU. */
export const EMULATED = 'libpalate_cuda_emulated.so';

/** @typedef {'plain' | 'asan' | 'tsan'} Mode */

/**
 * Flags of kernels and tests, of the emulator, which is compiled without instruments, and of the linker.
 * @type {Record<Mode, { kernels: string, emulator: string, link: string }>}
 */
const MODES = {
  plain: { kernels: '-O2', emulator: '-O2', link: '' },
  asan: {
    kernels: '-O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer',
    emulator: '-O2 -DEMULATOR_ASAN',
    link: '-fsanitize=address,undefined',
  },
  tsan: { kernels: '-O1 -fsanitize=thread', emulator: '-O2 -DEMULATOR_TSAN', link: '-fsanitize=thread' },
};
export const modes = /** @type {Mode[]} */ (Object.keys(MODES));

const COMMON =
  '-std=c++20 -g1 -fPIC -pthread -Wall -Wextra -Werror -Wno-unknown-pragmas -ffp-contract=off -fno-math-errno -fvisibility=hidden';
const INCLUDES = '-Itest/cuda/emulator -Inative -Itest/cuda';

/** @typedef {import('./mutants.mjs').Mutant} Mutant */

/** @returns {string[]} the CUDA library, of native/sources.gypi */
const librarySources = () =>
  JSON.parse(readFileSync(path.join(root, 'native/sources.gypi'), 'utf8')).variables.cuda_sources;

/** @param {Mode} mode @param {Mutant} mutant */
export const mutantProgram = (mode, { name, program }) => `build-cuda/mutants/${name}/${mode}/${program}`;

/** Flags of the library's sources. @param {Mode} mode */
const kernelFlags = (mode) => `-DKERNEL_NS=k_cuda ${MODES[mode].kernels}`;

class Rules {
  /** @type {string[]} */
  #lines = [
    'builddir = build-cuda',
    'rule compile',
    `  command = g++ -x c++ ${COMMON} $flags ${INCLUDES} -MMD -MF $out.d -c $in -o $out`,
    '  depfile = $out.d',
    '  deps = gcc',
    '  description = $out',
    'rule link',
    '  command = g++ -pthread $flags $in -o $out -ldl',
    '  description = $out',
  ];
  #known = new Set();

  /** @param {string} source @param {string} folder @param {string} flags @returns {string} the object */
  compile(source, folder, flags) {
    const object = `build-cuda/${folder}/${source}.o`;
    if (!this.#known.has(object)) this.#lines.push(`build ${object}: compile ${source}`, `  flags = ${flags}`);
    this.#known.add(object);
    return object;
  }

  /** @param {string} target @param {string[]} objects @param {string} flags */
  link(target, objects, flags) {
    this.#lines.push(`build ${target}: link ${objects.join(' ')}`, `  flags = ${flags}`);
  }

  toString() {
    return `${this.#lines.join('\n')}\n`;
  }
}

/**
 * Writes build-cuda/build.ninja. @param {Mutant[]} mutants their changed files lie in build-cuda/mutants/NAME already
 */
export function configure(mutants = []) {
  const rules = new Rules();
  for (const mode of modes) {
    const kernels = librarySources().map((source) => rules.compile(source, mode, kernelFlags(mode)));
    const emulator = emulatorObjects(rules, mode);
    for (const program of programs) {
      const own = rules.compile(testOf(program.name), mode, MODES[mode].kernels);
      const objects = [own, ...kernels, ...emulator, ...hostObjects(rules, program)];
      rules.link(`build-cuda/${mode}/${program.name}`, objects, MODES[mode].link);
      for (const mutant of mutants.filter(({ program: name }) => name === program.name)) {
        const { name, file, source = file } = mutant;
        const folder = `build-cuda/mutants/${name}`;
        // A bug may leave a name unused.
        const flags = `${kernelFlags(mode)} -Wno-unused -Wno-unused-parameter -I${folder}/native`;
        const changed = rules.compile(source === file ? `${folder}/${file}` : source, `mutants/${name}/${mode}`, flags);
        const rest = objects.map((object) => (object === `build-cuda/${mode}/${source}.o` ? changed : object));
        rules.link(mutantProgram(mode, mutant), rest, MODES[mode].link);
      }
    }
    if (mode === 'plain') rules.link(`build-cuda/${EMULATED}`, [...kernels, ...emulator], '-shared');
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, 'build.ninja'), rules.toString());
}

const testOf = (/** @type {string} */ program) => `test/cuda/${program}_test.cc`;

/** @param {Rules} rules @param {Mode} mode */
function emulatorObjects(rules, mode) {
  return readdirSync(path.join(root, 'test/cuda/emulator'))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => rules.compile(`test/cuda/emulator/${name}`, mode, MODES[mode].emulator));
}

/** What runs on the processor is compiled once, for all modes. @param {Rules} rules @param {import('./programs.mjs').Program} program */
function hostObjects(rules, { kernels = [], core = [], support = [] }) {
  return [
    ...['harness', ...support].map((name) => rules.compile(`test/cuda/${name}.cc`, 'host', '-O2')),
    ...['memory', 'parallel', 'finite', ...core].map((name) => rules.compile(`native/core/${name}.cc`, 'host', '-O2')),
    ...kernels.map((name) =>
      rules.compile(`native/kernels/${name}.cc`, 'host', '-O2 -DKERNEL_NS=k_base -DPALATE_LEVEL_BASE'),
    ),
  ];
}

/** Builds targets; false when a compiler complains. @param {string[]} targets */
export function build(targets) {
  const args = ['-f', 'build-cuda/build.ninja', '-j', '2', '--quiet', ...targets];
  const { status, error } = spawnSync('ninja', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (error) console.error(`ninja could not start (${error.message}); is it installed?`);
  return status === 0;
}
