// Bugs that `npm run test:cuda` must catch: a change of one file, the program that notices, and how it does:
//   plain   wrong results, or a message of the emulator (`says`), in some order of threads
//   asan    AddressSanitizer: bounds
//   tsan    ThreadSanitizer: a missing barrier or atomic, whatever the results were
// A bug that nothing notices is a missing test, or a line of a kernel that nobody needs.
import { alsMutants } from './mutants/als.mjs';
import { countMutants } from './mutants/counts.mjs';
import { emulatorMutants } from './mutants/emulator.mjs';
import { memoryMutants } from './mutants/memory.mjs';
import { selectTopkMutants } from './mutants/select-topk.mjs';
import { softmaxStepMutants } from './mutants/softmax-step.mjs';
import { trainMutants } from './mutants/train.mjs';
import { trainItemPairsMutants } from './mutants/train-item-pairs.mjs';

/**
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} program of programs.mjs
 * @property {string} file the file to change
 * @property {string} [source] what to compile anew, where `file` is a header
 * @property {string} find occurs once in the file
 * @property {string} replace
 * @property {import('./build.mjs').Mode} by
 * @property {RegExp} [says] what stderr must say
 * @property {string} [only] runs the tests alone whose name holds this, where all of them take long
 */

/** @type {Mutant[]} */
export const mutants = [
  ...emulatorMutants,
  ...memoryMutants,
  ...selectTopkMutants,
  ...softmaxStepMutants,
  ...trainItemPairsMutants,
  ...trainMutants,
  ...countMutants,
  ...alsMutants,
];
