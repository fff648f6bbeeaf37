/** @typedef {import('../mutants.mjs').Mutant} Mutant */

/** Makes mutants that one program must catch. @param {string} program */
export const mutantsOf =
  (program) =>
  /** @param {string} name @param {Omit<Mutant, 'name' | 'program'>} change @returns {Mutant} */
  (name, change) => ({ name: `${program}-${name}`, program, ...change });
