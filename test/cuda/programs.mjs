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
  { name: 'softmax_step', kernels: ['softmax_step'] },
  { name: 'softmax_shapes', kernels: ['softmax_step'] },
  { name: 'train_item_pairs', kernels: ['train_item_pairs'], core: ['item_groups'] },
];
