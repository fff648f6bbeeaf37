// The native fold-in against its slow twin, and by what a minimum is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { FoldRowsCall } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import { type FoldProblem, foldObjective, foldRow, foldValue } from '../oracle/fold-rows.js';

const { available } = native().simdLevels();
test.after(() => native().setSimdLevel('auto'));

interface Shape {
  dim: number;
  rows: number;
  longest: number;
  biased?: boolean;
  weighted?: boolean;
  shifted?: boolean;
  gram?: boolean;
  objective?: 'squared' | 'logistic';
  link?: 'identity' | 'sigmoid';
  /** Least of the penalties. */
  penalty?: number;
}

const NUM_FIXED = 150;

/** Rows of 0 to `longest` pairs, the first of none, the second of `longest`. */
function problem(shape: Shape, seed = 1): FoldProblem {
  const { dim, rows, longest, biased = true, penalty = 0.5 } = shape;
  const random = new Random(seed);
  const floats = (length: number, scale = 1): Float32Array =>
    Float32Array.from({ length }, () => scale * (2 * random.float() - 1));
  const counts = Array.from({ length: rows }, (_, row) =>
    row === 0 ? 0 : row === 1 ? longest : random.below(longest + 1),
  );
  const offsets = new Uint32Array(rows + 1);
  for (const [row, count] of counts.entries()) offsets[row + 1] = offsets[row] + count;
  const size = offsets[rows];
  const fixed = floats(NUM_FIXED * dim, 1 / Math.sqrt(dim));
  const others = Uint32Array.from({ length: size }, () => random.below(NUM_FIXED));
  const penalties = (): Float32Array => Float32Array.from({ length: rows }, () => penalty * (1 + random.float()));
  const gram = new Float32Array(dim * dim);
  for (let at = 0; at < fixed.length; at += dim) {
    for (let i = 0; i < dim; i++)
      for (let k = 0; k < dim; k++) gram[i * dim + k] += 0.1 * fixed[at + i] * fixed[at + k];
  }
  return {
    dim,
    fixed,
    offsets,
    others,
    bases: floats(size),
    targets: Float32Array.from({ length: size }, () => 0.5 + random.below(10) / 2),
    ...(shape.weighted && {
      weights: Float32Array.from({ length: size }, (_, n) => (n % 7 === 3 ? 0 : random.float() * 3)),
    }),
    ...(shape.shifted && { shifts: floats(rows * dim, 0.3) }),
    factorPenalties: penalties(),
    ...(biased && { biasPenalties: penalties() }),
    ...(shape.gram && { gram }),
    objective: shape.objective ?? 'squared',
    link: shape.link ?? 'identity',
    rangeMin: 0.5,
    rangeMax: 5,
  };
}

function fold(p: FoldProblem, threads: number): Float32Array[] {
  const rows = p.offsets.length - 1;
  const factors = new Float32Array(rows * p.dim).fill(7);
  const biases = p.biasPenalties && new Float32Array(rows).fill(7);
  native().foldRows({
    bases: undefined,
    targets: undefined,
    weights: undefined,
    shifts: undefined,
    gram: undefined,
    biasPenalties: undefined,
    ...p,
    factors,
    biases,
    numFixed: NUM_FIXED,
    threads,
  } satisfies FoldRowsCall);
  return biases === undefined ? [factors] : [factors, biases];
}

const rowOf = (p: FoldProblem, [factors, biases]: Float32Array[], row: number): number[] => [
  ...factors.subarray(row * p.dim, (row + 1) * p.dim),
  ...(biases === undefined ? [] : [biases[row]]),
];

const ways: Record<string, Partial<Shape>> = {
  'squared, identity': {},
  'squared, identity, no biases': { biased: false },
  'squared, identity, weighted, gram': { biased: false, weighted: true, gram: true },
  'squared, sigmoid': { link: 'sigmoid' },
  'squared, sigmoid, shifted': { link: 'sigmoid', shifted: true },
  'squared, sigmoid, little penalty': { link: 'sigmoid', penalty: 0.02 },
  'logistic, shifted': { objective: 'logistic', link: 'sigmoid', shifted: true, penalty: 0.1 },
};
const sizes: [dim: number, rows: number, longest: number][] = [
  [1, 2, 1],
  [7, 5, 31],
  [16, 4, 33],
  [31, 9, 129],
  [33, 3, 200],
  [129, 2, 31],
];

/** The twin's rows, found once for all levels. */
const twins = new Map<string, number[]>();
function expectedRow(key: string, p: FoldProblem, row: number): number[] {
  const known = twins.get(key) ?? foldRow(p, row);
  twins.set(key, known);
  return known;
}

for (const level of available) {
  for (const [name, way] of Object.entries(ways)) {
    test(`${level}: ${name}: rows minimise their objectives`, () => {
      native().setSimdLevel(level);
      for (const [dim, rows, longest] of sizes) {
        const p = problem({ dim, rows, longest, ...way });
        const found = fold(p, 1);
        assert.equal(rowOf(p, found, 0), new Array(dim + (p.biasPenalties === undefined ? 0 : 1)).fill(0));
        for (let row = 1; row < rows; row++) {
          const expected = expectedRow(`${name} ${dim} ${row}`, p, row);
          const best = foldValue(p, row, expected);
          const value = foldValue(p, row, rowOf(p, found, row));
          // The twin may end in another valley of a sigmoid's squares, but not below by more than rounding.
          assert.ok(value <= best * (1 + 3e-6) + 1e-6, `dim ${dim}, row ${row}: ${value} for ${best}`);
          if (way.link !== 'sigmoid') {
            const size = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0));
            const apart = Math.sqrt(expected.reduce((sum, x, k) => sum + (x - rowOf(p, found, row)[k]) ** 2, 0));
            assert.ok(apart <= 1e-4 * size + 1e-6, `dim ${dim}, row ${row}: ${apart} from a row of length ${size}`);
          }
        }
      }
    });
  }
}

test('the same bits for any number of threads, and for all levels that fuse', () => {
  for (const way of Object.values(ways)) {
    const p = problem({ dim: 33, rows: 60, longest: 129, ...way }, 5);
    const fused = available.filter((level) => level !== 'base');
    for (const level of fused) {
      native().setSimdLevel(level);
      for (const threads of [1, 2, 7]) {
        const found = fold(p, threads);
        native().setSimdLevel(fused[0]);
        assert.equal(found, fold(p, 1), `${level}, ${threads} threads`);
        native().setSimdLevel(level);
      }
    }
  }
});

test('a half gradient of the twin is half the difference quotient', () => {
  for (const way of Object.values(ways)) {
    const p = problem({ dim: 5, rows: 2, longest: 9, ...way }, 3);
    const x = Array.from({ length: 5 + (p.biasPenalties === undefined ? 0 : 1) }, (_, k) => Math.sin(k));
    const { gradient } = foldObjective(p, 1, x);
    for (const k of x.keys()) {
      const at = (by: number): number =>
        foldValue(
          p,
          1,
          x.map((old, n) => (n === k ? old + by : old)),
        );
      const slope = (at(1e-4) - at(-1e-4)) / 4e-4;
      assert.ok(Math.abs(slope - gradient[k]) < 1e-5 * Math.max(1, Math.abs(slope)), `${slope} for ${gradient[k]}`);
    }
  }
});

test('the sums of products of columns', () => {
  for (const [numRows, dim] of [
    [0, 3],
    [1, 1],
    [33, 31],
    [129, 16],
  ]) {
    const random = new Random(dim);
    const rows = Float32Array.from({ length: numRows * dim }, () => random.float() - 0.5);
    const gram = new Float32Array(dim * dim);
    native().formGram({ gram, rows, numRows, dim, threads: 2 });
    for (let i = 0; i < dim; i++) {
      for (let k = 0; k < dim; k++) {
        let sum = 0;
        for (let r = 0; r < numRows; r++) sum += rows[r * dim + i] * rows[r * dim + k];
        assert.ok(Math.abs(gram[i * dim + k] - sum) < 1e-5);
      }
    }
  }
});

test('what would read or write out of bounds is refused', () => {
  const p = problem({ dim: 3, rows: 3, longest: 4 });
  const refused = (change: Partial<FoldProblem>, pattern: RegExp): void => {
    assert.throws(() => fold({ ...p, ...change }, 1), pattern);
  };
  refused({ others: p.others.map(() => NUM_FIXED) }, /`others` holds an index out of range/);
  refused({ offsets: Uint32Array.of(0, 3, 1, p.others.length) }, /`offsets` are not offsets/);
  refused({ targets: new Float32Array(1) }, /`targets` has 1 elements/);
  refused({ factorPenalties: new Float32Array(1) }, /`factorPenalties` has 1 elements/);
  refused({ gram: new Float32Array(4) }, /`gram` has 4 elements, expected 9/);
  refused({ link: 'probit' as never }, /unknown `link`/);
});

test.run();
