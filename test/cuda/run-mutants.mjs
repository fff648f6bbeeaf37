// npm run test:mutants [-- WORD…]: a test of the tests. Builds each of the bugs of mutants.mjs whose name holds a word (all
// without) and expects that the program fails in the way that is listed. Minutes; for changes of kernels, and at night.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, configure, mutantProgram, out, root } from './build.mjs';
import { mutants } from './mutants.mjs';
import { runProgram, schedules } from './run.mjs';

const SECONDS = 60; // a bug that makes a kernel run for ever is noticed as well

const words = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const total = { passed: 0, failed: chosen.length === 0 ? 1 : 0 };

/** @param {string} problem */
function fail(problem) {
  total.failed += 1;
  console.error(problem);
}

/** Writes the changed file; false when the change does not fit it. @param {import('./mutants.mjs').Mutant} mutant */
function write({ name, file, find, replace }) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const places = text.split(find).length - 1;
  if (places !== 1) {
    fail(`${name}: ${file} has ${places} places like ${JSON.stringify(find)}, not one`);
    return false;
  }
  const target = path.join(out, 'mutants', name, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(
    target,
    text.replace(find, () => replace),
  );
  return true;
}

rmSync(path.join(out, 'mutants'), { recursive: true, force: true });
const ready = chosen.filter(write);
configure(ready);
for (const mutant of ready) {
  const { name, by, says, only } = mutant;
  const start = performance.now();
  const target = mutantProgram(by, mutant);
  if (!build([target])) {
    fail(`${name}: does not compile`);
    continue;
  }
  let caught;
  for (const schedule of schedules[by]) {
    const { failed, stderr } = await runProgram(path.join(root, target), schedule, {
      quiet: true,
      seconds: SECONDS,
      filter: only,
    });
    if (failed === 0 || (says !== undefined && !says.test(stderr))) continue;
    caught = schedule;
    break;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  if (caught === undefined) fail(`${name}: nobody noticed${says ? `, or it said nothing like ${says}` : ''}`);
  else {
    total.passed += 1;
    console.log(`${seconds.padStart(4)} s  ${by.padEnd(6)}${name} (${caught})`);
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
