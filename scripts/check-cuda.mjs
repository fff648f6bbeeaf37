// npm run check:cuda: compiles the kernels for CUDA and holds each against test/cuda/budget.json: registers, shared
// memory and stack, on every architecture; spilled registers are never right. With --write it writes what it finds.
// Needs nvcc and no GPU; without nvcc it says so and passes.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ registers: number, shared: number, stack: number }} Use bytes of a block, and of a thread */

const root = fileURLToPath(new URL('..', import.meta.url));
const budgetFile = new URL('../test/cuda/budget.json', import.meta.url);
const ARCHITECTURES = ['75', '80', '90'];
const TOGETHER = 2;

/** @param {string} name of native/ */
const listOf = (name) => JSON.parse(readFileSync(new URL(`../native/${name}`, import.meta.url), 'utf8')).variables;
/** @type {string[]} */
const sources = listOf('sources.gypi').cuda_sources;
/** @type {string[]} */
const flags = listOf('flags.gypi').cuda_flags;

/** What ptxas prints while it compiles one file. @param {string} source @returns {Promise<string>} */
function compile(source) {
  const targets = ARCHITECTURES.flatMap((arch) => ['-gencode', `arch=compute_${arch},code=sm_${arch}`]);
  const args = ['-std=c++20', ...flags, ...targets, '-Xptxas=-v', '-O3', '-DNDEBUG', '-Inative', '-fatbin', source];
  return new Promise((resolve, reject) => {
    const child = spawn('nvcc', [...args, '-o', '/dev/null'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ part) => {
        text += part;
      });
    }
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${source} does not compile:\n${text}`)),
    );
  });
}

/**
 * The most that each kernel uses on any architecture. @param {string} text of ptxas
 * @returns {{ uses: Record<string, Use>, spills: string[] }}
 */
export function parseUses(text) {
  /** @type {Record<string, Use>} */
  const uses = {};
  /** @type {string[]} */
  const spills = [];
  for (const part of text.split(/Compiling entry function '/).slice(1)) {
    const [, mangled, arch] = /^(\w+)' for '(\w+)'/.exec(part) ?? [];
    const name = nameOf(mangled ?? '');
    const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(part)?.[1] ?? 0);
    const found = {
      registers: number(/Used (\d+) registers/),
      shared: number(/(\d+) bytes smem/),
      stack: number(/(\d+) bytes stack frame/),
    };
    if (/[1-9]\d* bytes spill/.test(part)) spills.push(`${name} spills registers on ${arch}`);
    const before = uses[name] ?? found;
    uses[name] = {
      registers: Math.max(found.registers, before.registers),
      shared: Math.max(found.shared, before.shared),
      stack: Math.max(found.stack, before.stack),
    };
  }
  return { uses, spills };
}

/** A kernel's name with its template arguments, without namespaces. @param {string} mangled */
function nameOf(mangled) {
  const full = execFileSync('c++filt', [mangled], { encoding: 'utf8' }).trim();
  const plain = full.replaceAll('(anonymous namespace)::', '').replace(/\([\w:]+\)(?=\d)/g, ''); // (Optimizer)0 is 0
  return /([\w]+(?:<[^(]*>)?)\([^()]*\)$/.exec(plain)?.[1] ?? full;
}

/** JSON with a line a kernel. @param {Record<string, Use>} uses */
function textOf(uses) {
  const lines = Object.entries(uses).map(([name, { registers, shared, stack }]) => {
    return `  ${JSON.stringify(name)}: { "registers": ${registers}, "shared": ${shared}, "stack": ${stack} }`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** @param {Record<string, Use>} uses @param {Record<string, Use>} budget @returns {string[]} */
export function budgetProblems(uses, budget) {
  const limits = /** @type {(keyof Use)[]} */ (['registers', 'shared', 'stack']);
  return [
    ...Object.entries(uses).flatMap(([name, use]) => {
      const most = budget[name];
      if (most === undefined) return [`${name} has no budget; \`npm run check:cuda -- --write\` gives it one`];
      return limits
        .filter((limit) => use[limit] > most[limit])
        .map((limit) => `${name}: ${limit} ${use[limit]}, budget ${most[limit]}`);
    }),
    ...Object.keys(budget)
      .filter((name) => uses[name] === undefined)
      .map((name) => `${name} has a budget and does not exist`),
  ];
}

async function run() {
  if (spawnSync('nvcc', ['--version']).error !== undefined) {
    console.log('skipped: nvcc is not on PATH\n0 passed, 0 failed');
    return;
  }
  const texts = /** @type {string[]} */ ([]);
  for (let n = 0; n < sources.length; n += TOGETHER) {
    texts.push(...(await Promise.all(sources.slice(n, n + TOGETHER).map(compile))));
  }
  const { uses, spills } = parseUses(texts.join('\n'));
  const sorted = Object.fromEntries(Object.entries(uses).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (process.argv.includes('--write')) writeFileSync(budgetFile, textOf(sorted));
  const problems = [...spills, ...budgetProblems(sorted, JSON.parse(readFileSync(budgetFile, 'utf8')))];
  for (const problem of problems) console.error(problem);
  for (const [name, { registers, shared, stack }] of Object.entries(sorted)) {
    console.log(`${name.padEnd(40)}${registers} registers, ${shared} B shared, ${stack} B stack`);
  }
  const failing = new Set(problems.map((problem) => problem.split(/[ :]/)[0])).size;
  console.log(
    `${Object.keys(sorted).length - Math.min(failing, Object.keys(sorted).length)} passed, ${failing} failed`,
  );
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run();
