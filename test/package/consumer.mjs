// A stranger's project: an empty folder outside of this tree, into which the packed package is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from '../../scripts/packed-files.mjs';

/** Of the settings that `npm run` hands down, those of the machine; the others tell npm that it is in this project. */
const KEPT = /^npm_config_(registry|cache|userconfig|nodedir)$/;

/** @param {string} folder an own, empty one; afterwards it holds all that is on PATH: no compiler, make or Python */
export function barePath(folder) {
  mkdirSync(folder);
  symlinkSync(process.execPath, path.join(folder, 'node'));
  for (const tool of ['sh', 'env']) symlinkSync(`/bin/${tool}`, path.join(folder, tool));
  return folder;
}

export class Consumer {
  /** @param {string} parent @param {string} searchPath PATH of everything that runs in this project */
  constructor(parent, searchPath) {
    this.folder = mkdtempSync(path.join(parent, 'consumer-'));
    const own = Object.entries(process.env).filter(([name]) => KEPT.test(name) || !/^npm_/i.test(name));
    this.env = { ...Object.fromEntries(own), PATH: searchPath };
    this.write('package.json', '{ "private": true, "type": "module" }\n');
  }

  /** @param {string} name @param {string} text */
  write(name, text) {
    writeFileSync(path.join(this.folder, name), text);
  }

  /** @param {string} command @param {string[]} args */
  run(command, args) {
    const options = /** @type {const} */ ({ cwd: this.folder, env: this.env, encoding: 'utf8', timeout: 300_000 });
    const { status, stdout, stderr, error } = spawnSync(command, args, options);
    return { status, stdout, output: `${stdout}${stderr}${error?.message ?? ''}` };
  }

  /** @param {string} tarball @param {string[]} flags */
  install(tarball, ...flags) {
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--foreground-scripts', '--loglevel=error'];
    const [command, args] = npm(['install', tarball, ...quiet, ...flags]);
    return this.run(command, args);
  }

  /** Runs JavaScript in this project. @param {string} code @param {'module' | 'commonjs'} type */
  evaluate(code, type = 'module') {
    return this.run(process.execPath, [`--input-type=${type}`, '--eval', code]);
  }
}
