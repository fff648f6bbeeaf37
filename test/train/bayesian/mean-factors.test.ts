import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../../src/dataset/random.js';
import { type Dense, multiply, transpose, zeros } from '../../../src/train/bayesian/dense.js';
import { meanFactors, type SampleSums } from '../../../src/train/bayesian/mean-factors.js';
import { assertClose } from '../../support/assert-close.js';
import { newSampler, readSums, runSweeps, samplerConfig } from '../../support/sampler-problems.js';

function randomMatrix(rows: number, columns: number, random: Random): Dense {
  const matrix = zeros(rows, columns);
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = random.below(2001) / 1000 - 1;
  return matrix;
}

const float32 = ({ data }: Dense): Float32Array => Float32Array.from(data);

/** Sums of `samples` scores with these sums of products and biases, sketched by dense random matrices. */
function sketch(products: Dense, random: Random, samples: number, [range, corange]: [number, number]): SampleSums {
  const { rows, columns } = products;
  const corandom = randomMatrix(rows, corange, random);
  const queries = multiply(products, randomMatrix(columns, range, random));
  return {
    samples,
    globalBias: 3 * samples,
    noiseVariance: 0.5 * samples,
    queryBiases: randomMatrix(1, rows, random).data,
    itemBiases: randomMatrix(1, columns, random).data,
    querySketch: float32(queries),
    itemSketch: float32(multiply(transpose(products), corandom)),
    mixed: float32(multiply(transpose(corandom), queries)),
    cutpoints: new Float64Array(0),
    range,
    corange,
  };
}

const ones = (length: number): Uint8Array => new Uint8Array(length).fill(1);

test('scores of the factors are the mean scores, in factors that are centred and of unit spread', async () => {
  for (const [rows, columns, rank] of [
    [40, 60, 7],
    [9, 33, 9],
    [129, 31, 1],
    [5, 1, 1],
  ] as const) {
    const random = new Random(rows);
    const products = multiply(randomMatrix(rows, rank, random), randomMatrix(rank, columns, random));
    const sums = sketch(products, random, 4, [48, 112]);
    const users = Uint8Array.from({ length: Math.ceil(rows / 2) }, (_, n) => (n % 3 === 1 ? 0 : 1));
    const items = Uint8Array.from({ length: columns }, (_, n) => (n % 4 === 3 ? 0 : 1));
    const mean = await meanFactors(sums, users, items, 32);
    const { dim } = mean;
    assert.ok(dim <= Math.max(1, rank), `dim ${dim}, rank ${rank}`);
    const scores = products.data.map((_, at) => {
      const [q, i] = [Math.floor(at / columns), at % columns];
      let score = mean.globalBias + (mean.queryBiases[q] as number) + (mean.itemBiases[i] as number);
      for (let k = 0; k < dim; k++)
        score += (mean.queryFactors[q * dim + k] as number) * (mean.itemFactors[i * dim + k] as number);
      return score;
    });
    const expected = products.data.map(
      (x, at) =>
        3 +
        (x + (sums.queryBiases[Math.floor(at / columns)] as number) + (sums.itemBiases[at % columns] as number)) / 4,
    );
    assertClose(scores, expected, { relative: 0, absolute: 2e-4 }, `${rows} x ${columns}`);
    const meanOf = (table: Float32Array, chosen: Uint8Array, width: number): number[] =>
      Array.from(
        { length: width },
        (_, k) =>
          chosen.reduce((sum, any, row) => sum + any * (table[row * width + k] as number), 0) /
          chosen.reduce((a, b) => a + b, 0),
      );
    assertClose(
      meanOf(mean.queryFactors, users, dim),
      new Float64Array(dim),
      { relative: 0, absolute: 1e-3 },
      'users centred',
    );
    assertClose(
      meanOf(mean.itemFactors, items, dim),
      new Float64Array(dim),
      { relative: 0, absolute: 1e-3 },
      'items centred',
    );
    assertClose(meanOf(mean.queryBiases, users, 1), [0], { relative: 0, absolute: 1e-5 }, 'biases of users centred');
    assertClose(meanOf(mean.itemBiases, items, 1), [0], { relative: 0, absolute: 1e-5 }, 'biases of items centred');
    if (rank === 1) continue;
    const squares = meanOf(
      mean.queryFactors.map((x) => x * x),
      ones(rows),
      dim,
    );
    assertClose(squares, new Float64Array(dim).fill(1), { relative: 1e-3, absolute: 0 }, 'mean squares');
  }
});

test('fewer factors keep what matters most', async () => {
  const random = new Random(2);
  const weights = Float64Array.from({ length: 12 }, (_, k) => 0.6 ** k);
  const left = randomMatrix(80, 12, random);
  const products = multiply(
    { ...left, data: left.data.map((x, at) => x * (weights[at % 12] as number)) },
    randomMatrix(12, 90, random),
  );
  const sums = sketch(products, random, 1, [32, 80]);
  const errorAt = async (most: number): Promise<number> => {
    const mean = await meanFactors(
      { ...sums, queryBiases: new Float64Array(80), itemBiases: new Float64Array(90) },
      ones(80),
      ones(90),
      most,
    );
    assert.is(mean.dim, most);
    let squares = 0;
    for (const [at, x] of products.data.entries()) {
      const [q, i] = [Math.floor(at / 90), at % 90];
      let score = mean.globalBias - 3 + (mean.queryBiases[q] as number) + (mean.itemBiases[i] as number);
      for (let k = 0; k < most; k++)
        score += (mean.queryFactors[q * most + k] as number) * (mean.itemFactors[i * most + k] as number);
      squares += (score - x) ** 2;
    }
    return Math.sqrt(squares / products.data.length);
  };
  const errors = [await errorAt(2), await errorAt(4), await errorAt(8)];
  for (const [n, most] of [2, 4, 8].entries()) {
    // Entries of a left out direction have about a third of its weight as their deviation.
    assert.ok((errors[n] as number) < 0.6 * (weights[most] as number), `${most} factors: ${errors[n]}`);
    assert.ok((errors[n] as number) > 0.05 * (weights[most] as number), `${most} factors: ${errors[n]}`);
  }
});

test('the sketches of the sampler hold its mean scores', async () => {
  const shape = { users: 20, items: 30, ratings: 300, dim: 3, fields: 'both', levels: 2 } as const;
  const base = samplerConfig(shape);
  const queries = base.numUsers + base.levelSizes.reduce((sum, size) => sum + size, 0);
  const pairs = Array.from({ length: queries * 30 }, (_, n) => n);
  const config = {
    ...base,
    range: 48,
    corange: 112,
    validQueries: Uint32Array.from(pairs, (n) => Math.floor(n / 30)),
    validItems: Uint32Array.from(pairs, (n) => n % 30),
    validValues: new Float32Array(pairs.length),
  };
  const sampler = newSampler(config);
  const sweeps = await runSweeps(sampler, 12, 2);
  const sums = readSums(sampler, config);
  sampler.dispose();
  assert.is(sums.samples, 10);
  const mean = await meanFactors(sums, ones(20), ones(30), 48);
  // Against values of 0 the loss is the mean square of all scores.
  let squares = 0;
  for (const n of pairs) {
    const [q, i] = [Math.floor(n / 30), n % 30];
    let score = mean.globalBias + (mean.queryBiases[q] as number) + (mean.itemBiases[i] as number);
    for (let k = 0; k < mean.dim; k++)
      score += (mean.queryFactors[q * mean.dim + k] as number) * (mean.itemFactors[i * mean.dim + k] as number);
    squares += score * score;
  }
  assertClose(
    squares / pairs.length,
    sweeps.at(-1)?.validLoss as number,
    { relative: 1e-4, absolute: 0 },
    'mean square',
  );
});

test.run();
