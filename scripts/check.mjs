// npm run check: every check runs, also after one has failed; the last line counts them.
// With --fix (npm run format) biome and clang-format rewrite the files instead.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readTree } from './house/tree.mjs';

const fix = process.argv.includes('--fix');
const nativeFiles = readTree(fileURLToPath(new URL('..', import.meta.url)))
  .map(({ name }) => name)
  .filter((name) => /^(native|test\/cuda)\/.*\.(h|cc|cu|cuh)$/.test(name));

/** @type {[string, ...string[]][]} */
const checks = [
  ['biome', 'check', '--error-on-warnings', ...(fix ? ['--write'] : [])],
  ['clang-format', ...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...nativeFiles],
  ['tsc', '-p', '.', '--noEmit'],
  ['tsc', '-p', 'tsconfig.test.json'],
  [process.execPath, 'scripts/check-house.mjs'],
];

let failed = 0;
for (const [command, ...args] of fix ? checks.slice(0, 2) : checks) {
  const label = [command, ...args.filter((arg) => !nativeFiles.includes(arg))]
    .join(' ')
    .replace(process.execPath, 'node');
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) console.error(`${command} could not start (${error.message}); is it installed?`);
  if (status !== 0) failed += 1;
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${label}`);
}
if (!fix) console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
