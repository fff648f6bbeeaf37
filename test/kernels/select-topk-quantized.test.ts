// Problems large enough for the screen in 8-bit integers where the processor has it; every query by itself is scored as
// defined, without a screen.
import { test } from 'uvu';
import { assertSameAsSingle, type Extras, realProblem, type Sizes } from '../support/topk-problems.js';

const sizes: Sizes = { numQueries: 67, numItems: 1537, dim: 33, k: 10 };
const extras: Extras[] = [{}, { biases: true }, { biases: true, exclude: true, candidates: true }];

test('random rows of odd lengths', () => {
  for (const cosine of [false, true]) {
    for (const [dim, k] of [
      [16, 1],
      [31, 32],
      [33, 10],
      [129, 17],
    ] as const) {
      for (const extra of extras) {
        assertSameAsSingle(realProblem({ ...sizes, dim, k, cosine }, extra), `dim ${dim}, ${Object.keys(extra)}`);
      }
    }
  }
});

test('single large values, which leave few steps for the others', () => {
  for (const cosine of [false, true]) {
    const problem = realProblem({ ...sizes, cosine }, { biases: true });
    for (let q = 0; q < 67; q += 2) problem.queries[q * 33 + (q % 33)] = 1000;
    for (let i = 0; i < 1537; i += 3) problem.items[i * 33 + (i % 33)] = -300;
    assertSameAsSingle(problem, `cosine ${cosine}`);
  }
});

test('items of very different lengths', () => {
  const problem = realProblem(sizes);
  for (let i = 0; i < 1537; i++) for (let k = 0; k < 33; k++) problem.items[i * 33 + k] *= 10 ** ((i % 13) - 6);
  assertSameAsSingle(problem, 'dot');
  assertSameAsSingle({ ...problem, cosine: true }, 'cosine');
});

test('all items nearly alike: integers cannot tell them apart', () => {
  for (const extra of extras) {
    const problem = realProblem({ ...sizes, numItems: 6000 }, extra);
    for (let n = 33; n < problem.items.length; n++)
      problem.items[n] = (problem.items[n % 33] as number) * (1 + ((n * 7919) % 1013) * 1e-6);
    assertSameAsSingle(problem, `${Object.keys(extra)}`);
    assertSameAsSingle({ ...problem, cosine: true }, `cosine, ${Object.keys(extra)}`);
  }
});

test('alike at first, then different, and the other way round', () => {
  for (const alike of [(i: number) => i < 3000, (i: number) => i >= 3000]) {
    const problem = realProblem({ ...sizes, numItems: 6000 });
    for (let n = 33; n < problem.items.length; n++)
      if (alike(n / 33)) problem.items[n] = (problem.items[n % 33] as number) * (1 + (n % 7) * 1e-7);
    assertSameAsSingle(problem, 'half');
  }
});

test('biases that outweigh the products', () => {
  const problem = realProblem(sizes, { biases: true });
  const biases = problem.itemBiases as Float32Array;
  for (let i = 0; i < biases.length; i++) biases[i] *= 1e4;
  assertSameAsSingle(problem, 'large');
  biases[7] = Number.NEGATIVE_INFINITY;
  biases[8] = Number.POSITIVE_INFINITY;
  biases[9] = Number.NaN;
  assertSameAsSingle(problem, 'not finite');
});

test('ordinary scores of items too long for a bound', () => {
  const problem = realProblem({ ...sizes, numQueries: 200, numItems: 3000 });
  for (let q = 0; q < 200; q++) {
    problem.queries[q * 33] = 0;
    problem.queries[q * 33 + 1] = 8; // coarse steps, though it adds nothing
  }
  for (let i = 0; i < 3000; i++) {
    if (i % 3 === 0) problem.items[i * 33] = 1e16;
    problem.items[i * 33 + 1] = 0;
  }
  assertSameAsSingle(problem, 'every third');
});

test('rows of zeros, of tiny numbers, of infinities and of NaN', () => {
  for (const cosine of [false, true]) {
    const problem = realProblem({ ...sizes, cosine }, { exclude: true });
    const scale = (rows: Float32Array, row: number, by: number): void => {
      for (let k = 0; k < 33; k++) rows[row * 33 + k] *= by;
    };
    for (const [n, by] of [0, 1e-22, 1e-30, 1e-38, 1e14, 1e22, Infinity, Number.NaN].entries()) {
      scale(problem.queries, 5 * n, by);
      scale(problem.items, 100 * n, by);
    }
    assertSameAsSingle(problem, `cosine ${cosine}`);
  }
});

test.run();
