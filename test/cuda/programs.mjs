// The C++ test programs of CUDA kernels. Each is test/cuda/NAME_test.cc, linked with the whole CUDA library, compiled for
// the emulator, and with what it names here.

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string[]} [kernels] kernels of the processor to compare with, as palate::k_base: native/kernels/NAME.cc
 * @property {string[]} [core] native/core/NAME.cc besides memory, parallel and finite
 */

/** @type {Program[]} */
export const programs = [
  { name: 'emulator' },
  { name: 'memory' },
  { name: 'finite' },
  { name: 'select_topk', kernels: ['select_topk'] },
  { name: 'products' },
  { name: 'count_cooccurrence', kernels: ['count_cooccurrence'], core: ['chunks'] },
  { name: 'factorize_counts', kernels: ['factorize_counts'] },
  { name: 'solve_als', kernels: ['solve_als'] },
];
