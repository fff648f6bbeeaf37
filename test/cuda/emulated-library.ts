import path from 'node:path';
import process from 'node:process';
import { build, configure, EMULATED, out } from './build.mjs';

const named = process.env.PALATE_CUDA_LIBRARY;

/** Undoes useEmulator: other test files run in the same process. */
export function forgetEmulator(): void {
  if (named === undefined) delete process.env.PALATE_CUDA_LIBRARY;
  else process.env.PALATE_CUDA_LIBRARY = named;
}

/**
 * Makes `device: 'cuda'` mean the emulator, in this process. False, with a line that says why, where it cannot be built:
 * it needs g++ and ninja.
 */
export function useEmulator(): boolean {
  configure();
  if (process.platform !== 'linux' || !build([`build-cuda/${EMULATED}`])) {
    console.log('skipped: the emulated CUDA library needs Linux, g++ and ninja');
    return false;
  }
  process.env.PALATE_CUDA_LIBRARY = path.join(out, EMULATED);
  return true;
}
