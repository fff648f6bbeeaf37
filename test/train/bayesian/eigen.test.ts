import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../../src/dataset/random.js';
import { type Dense, multiply, scaleColumns, transpose, zeros } from '../../../src/train/bayesian/dense.js';
import { eigenSymmetric } from '../../../src/train/bayesian/eigen.js';
import { assertClose } from '../../support/assert-close.js';

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));

/** Values descend, vectors are orthonormal, and together they are the matrix. */
function check(matrix: Dense): Float64Array {
  const n = matrix.rows;
  const { values, vectors } = eigenSymmetric(matrix);
  const size = Math.max(1e-300, ...matrix.data.map(Math.abs));
  assert.ok(values.every((x, i) => i === 0 || x <= (values[i - 1] as number)));
  assertClose(
    multiply(transpose(vectors), vectors).data,
    identity(n),
    { relative: 0, absolute: 1e-12 },
    `${n}: orthonormal`,
  );
  const back = multiply(scaleColumns(vectors, values), transpose(vectors));
  assertClose(back.data, matrix.data, { relative: 0, absolute: 1e-12 * n * size }, `${n}: the matrix`);
  return values;
}

function randomMatrix(rows: number, columns: number, seed: number): Dense {
  const random = new Random(seed);
  const matrix = zeros(rows, columns);
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = random.below(2001) / 1000 - 1;
  return matrix;
}

test('eigenvalues and vectors of symmetric matrices of full and of low rank', () => {
  for (const n of [1, 2, 3, 31, 33, 129]) {
    const square = randomMatrix(n, n, n);
    check({
      ...square,
      data: square.data.map((x, at) => x + (square.data[(at % n) * n + Math.floor(at / n)] as number)),
    });
    const thin = randomMatrix(n, Math.ceil(n / 3), n + 1);
    const values = check(multiply(thin, transpose(thin)));
    const beyond = values.subarray(Math.ceil(n / 3));
    assert.ok(beyond.every((x) => Math.abs(x) < 1e-12 * n * (values[0] as number)));
  }
});

test('zero, diagonal, and widely graded matrices', () => {
  assert.equal([...check(zeros(5, 5))], [0, 0, 0, 0, 0]);
  const diagonal = zeros(4, 4);
  for (const [i, x] of [3, -2, 7, 0].entries()) diagonal.data[i * 5] = x;
  assert.equal([...check(diagonal)], [7, 3, 0, -2]);
  const graded = randomMatrix(20, 20, 3);
  check(
    multiply(
      transpose(
        scaleColumns(
          graded,
          Float64Array.from({ length: 20 }, (_, i) => 10 ** -i),
        ),
      ),
      scaleColumns(
        graded,
        Float64Array.from({ length: 20 }, (_, i) => 10 ** -i),
      ),
    ),
  );
});

test.run();
