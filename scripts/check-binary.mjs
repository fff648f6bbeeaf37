// npm run check:binary -- FOLDER|FILE…: what a binary that others will run must not contain.
//   *.node, *.so   no symbol newer than the oldest systems that run Node 20
//   *.o            no instruction above the level the object is compiled for (k_base kernels and the addon: x86-64)
//   *.o            avx2 and avx512 kernels: no weak symbol. The linker keeps one copy of each, from any level, so a
//                  weak function compiled for AVX-512 could be the one that the base level calls on an old processor.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** RHEL 8 and Debian 10, which Node 20's own binary asks for as well. @type {Record<string, string>} */
const NEWEST = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '7.0.0' };

/** @typedef {'base' | 'avx2' | 'avx512'} Level */

/** @param {string} tool @param {string[]} args */
const run = (tool, ...args) => execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 30 });

/** @param {string} file a shared library @returns {string[]} */
export function symbolProblems(file) {
  const versions = run('objdump', '-T', file).matchAll(/\((GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)\)\s+(\S+)/g);
  return [...versions]
    .filter(([, library, version]) => isNewer(version, NEWEST[library]))
    .map(([, library, version, symbol]) => `${symbol} needs ${library}_${version}; the limit is ${NEWEST[library]}`);
}

/** @param {string} a @param {string} b dotted versions */
function isNewer(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const differs = left.findIndex((part, i) => part !== (right[i] ?? 0));
  return differs !== -1 && left[differs] > (right[differs] ?? 0);
}

/**
 * By the encoding, which no mnemonic can hide: in 64-bit code an instruction that starts with C4 or C5 is VEX (AVX,
 * AVX2, FMA, BMI), one with 62 is EVEX (AVX-512). The bytes before it may be segment and address size prefixes.
 * @param {string} file an object for x86-64 @param {Level} level @returns {string[]}
 */
export function instructionProblems(file, level) {
  if (level === 'avx512') return [];
  const forbidden = level === 'base' ? 'c4|c5|62' : '62';
  const instruction = new RegExp(`^ *[0-9a-f]+:\\t(?:(?:26|2e|36|3e|64|65|67) )*(?:${forbidden}) [^\\t]*\\t(.*)$`);
  // Opmask moves are VEX encoded, yet only processors with AVX-512 know them.
  const opmask = level === 'avx2' ? /%k[0-7]\b/ : undefined;
  let symbol = '';
  /** @type {Map<string, string>} */
  const first = new Map();
  for (const line of run('objdump', '-d', '-w', '-C', '-M', 'att', file).split('\n')) {
    symbol = /^[0-9a-f]+ <(.*)>:$/.exec(line)?.[1] ?? symbol;
    const found = instruction.exec(line)?.[1] ?? (opmask?.test(line) ? line.split('\t').at(-1) : undefined);
    if (found !== undefined && !first.has(symbol)) first.set(symbol, found.trim().replace(/\s+/g, ' '));
  }
  return [...first].map(([name, text]) => `${name} holds \`${text}\`, which ${level} processors do not know`);
}

/** @param {string} file an object @returns {string[]} */
export function weakProblems(file) {
  return [...run('nm', '-C', file).matchAll(/^[0-9a-f ]+ ([WVu]) (.*)$/gm)].map(
    ([, , symbol]) => `${symbol} is a weak symbol: put it in an anonymous namespace, force it inline, or avoid it`,
  );
}

/** @param {string} file @returns {Level} by the target that compiled it, see CMakeLists.txt and binding.gyp */
const levelOf = (file) => /** @type {Level} */ (/kernels_(avx2|avx512)\b/.exec(file)?.[1] ?? 'base');

/** @param {string} file @returns {string[]} */
function fileProblems(file) {
  if (/\.(node|so)$/.test(file)) return process.platform === 'linux' ? symbolProblems(file) : [];
  if (process.arch !== 'x64' || process.platform === 'win32') return [];
  const level = levelOf(file.replaceAll(path.sep, '/'));
  return [...instructionProblems(file, level), ...(level === 'base' ? [] : weakProblems(file))];
}

/** The CUDA library runs where it was built: nobody else gets it. @param {string} file */
const isShipped = (file) => path.basename(file) !== 'libpalate_cuda.so';

/** @param {string} name @returns {string[]} */
function binariesIn(name) {
  const found = statSync(name).isDirectory()
    ? readdirSync(name, { recursive: true, encoding: 'utf8' }).map((inner) => path.join(name, inner))
    : [name];
  return found.filter((file) => /\.(node|so|o)$/.test(file) && isShipped(file) && statSync(file).isFile()).sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = (process.argv.length > 2 ? process.argv.slice(2) : ['build/Release']).flatMap(binariesIn);
  const counts = { passed: 0, failed: files.length === 0 ? 1 : 0 };
  if (files.length === 0) console.error('no binary found');
  for (const file of files) {
    const problems = fileProblems(file);
    for (const problem of problems) console.error(`${file}: ${problem}`);
    counts[problems.length === 0 ? 'passed' : 'failed'] += 1;
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
