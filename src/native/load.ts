import path from 'node:path';
import { fileURLToPath } from 'node:url';
import nodeGypBuild from 'node-gyp-build';
import { NativeLoadError } from '../errors.js';
import type { NativeBinding } from './binding.js';

// src/native and dist/native lie equally deep, so the same step up serves both.
const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

let cached: NativeBinding | undefined;

/** The native addon, loaded on first use. Throws NativeLoadError saying what to install when there is none. */
export function native(): NativeBinding {
  if (cached !== undefined) return cached;
  try {
    cached = nodeGypBuild(packageRoot) as NativeBinding;
    return cached;
  } catch (cause) {
    throw new NativeLoadError(
      `palate has no native binary for ${process.platform}-${process.arch}: neither a prebuilt one nor a local build. ` +
        'Install a C++20 compiler, make and Python 3 (Debian: apt-get install g++ make python3), then run ' +
        '`npm rebuild palate`.',
      { cause },
    );
  }
}

/** Path of the native binary in use. */
export function nativePath(): string {
  native();
  return nodeGypBuild.resolve(packageRoot);
}
