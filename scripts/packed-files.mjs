// What npm would publish, and copies of it: the prebuild and the package tests work on these files alone, so that a
// file missing from `files` in package.json is noticed before users notice it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * npm's command line; `npm run` tells where the npm in use lies, which also works with no npm on PATH.
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

/** @param {string} root @returns {string[]} paths relative to the root, as `npm pack` would take them */
export function packedFiles(root) {
  const [command, args] = npm(['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']);
  const [{ files }] = JSON.parse(execFileSync(command, args, { cwd: root, encoding: 'utf8' }));
  return files.map((/** @type {{ path: string }} */ file) => file.path).sort();
}

/** @param {string} root @param {string} target @param {string[]} files */
export function copyFiles(root, target, files) {
  for (const file of files) {
    mkdirSync(path.join(target, path.dirname(file)), { recursive: true });
    cpSync(path.join(root, file), path.join(target, file));
  }
}
