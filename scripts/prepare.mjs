// npm's `prepare`: src/ → dist/. Runs on `npm ci`, `npm install` and `npm pack` in the project itself, never at a
// user's install. TypeScript is absent after `--omit=dev`, and cannot start after `--omit=optional` (its compiler is
// a binary in an optional package); both installs are legitimate, so then dist/ is left as it is and a line says so.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

/** @param {string[]} args @param {'ignore' | 'inherit'} stdio */
const tsc = (args, stdio) => spawnSync('tsc', args, { stdio, shell: process.platform === 'win32' });

if (tsc(['--version'], 'ignore').status !== 0) {
  console.error('palate: TypeScript is not installed here (--omit=dev or --omit=optional?): dist/ was not built');
} else {
  rmSync('dist', { recursive: true, force: true }); // or a deleted source file would live on in the package
  process.exitCode = tsc(['-p', '.'], 'inherit').status ?? 1;
}
