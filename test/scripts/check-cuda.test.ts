import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { budgetProblems, parseUses } from '../../scripts/check-cuda.mjs';

/** As ptxas prints it, for two architectures. */
const printed = `
ptxas info    : Compiling entry function '_ZN1a10add_kernelEPfj' for 'sm_80'
ptxas info    : Function properties for _ZN1a10add_kernelEPfj
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 30 registers, used 1 barriers, 512 bytes smem, 396 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN1a10add_kernelEPfj' for 'sm_90'
ptxas info    : Function properties for _ZN1a10add_kernelEPfj
    16 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 24 registers, used 1 barriers, 512 bytes smem
ptxas info    : Compiling entry function '_ZN1a11pack_kernelILj64EEEvPf' for 'sm_90'
ptxas info    : Function properties for _ZN1a11pack_kernelILj64EEEvPf
    0 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 255 registers
`;

test('the most of all architectures, by names that people know', () => {
  const { uses, spills } = parseUses(printed);
  assert.equal(uses, {
    add_kernel: { registers: 30, shared: 512, stack: 16 },
    'pack_kernel<64u>': { registers: 255, shared: 0, stack: 0 },
  });
  assert.equal(spills, ['pack_kernel<64u> spills registers on sm_90']);
});

test('more than the budget, no budget, no kernel', () => {
  const use = { registers: 32, shared: 100, stack: 0 };
  assert.equal(budgetProblems({ a_kernel: use }, { a_kernel: use }), []);
  assert.equal(budgetProblems({ a_kernel: { ...use, registers: 33, stack: 8 } }, { a_kernel: use }), [
    'a_kernel: registers 33, budget 32',
    'a_kernel: stack 8, budget 0',
  ]);
  assert.match(budgetProblems({ a_kernel: use }, {})[0] ?? '', /a_kernel has no budget/);
  assert.equal(budgetProblems({}, { a_kernel: use }), ['a_kernel has a budget and does not exist']);
});

test.run();
