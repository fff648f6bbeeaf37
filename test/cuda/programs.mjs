// The C++ test programs of CUDA kernels. Each is test/cuda/NAME_test.cc, linked with the whole CUDA library, compiled for
// the emulator, and with what it names here.

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string[]} [kernels] kernels of the processor to compare with, as palate::k_base: native/kernels/NAME.cc
 * @property {string[]} [support] test/cuda/NAME.cc besides the harness
 * @property {string[]} [core] native/core/NAME.cc besides memory, parallel and finite
 */

const training = {
  support: ['train_problem'],
  core: ['grid', 'grid_blocks', 'adam_tables', 'batches', 'batch_segments'],
};

/** @type {Program[]} */
export const programs = [
  { name: 'emulator' },
  { name: 'memory' },
  { name: 'finite' },
  { name: 'select_topk', kernels: ['select_topk'] },
  { name: 'evaluate_pairs', kernels: ['evaluate_pairs'], ...training },
  { name: 'train_epoch', kernels: ['train_epoch'], ...training },
  { name: 'train_adam', kernels: ['train_adam'], ...training },
  { name: 'train_batch', kernels: ['train_batch'], ...training },
  { name: 'softmax_step', kernels: ['softmax_step'] },
  { name: 'softmax_shapes', kernels: ['softmax_step'] },
  { name: 'train_item_pairs', kernels: ['train_item_pairs'], core: ['item_groups'] },
  { name: 'products' },
  { name: 'count_cooccurrence', kernels: ['count_cooccurrence'], core: ['chunks'] },
  { name: 'factorize_counts', kernels: ['factorize_counts'] },
  { name: 'solve_als', kernels: ['solve_als'] },
];
