import { type Dense, firstColumns, gram, multiply, project, scaleColumns, transpose, zeros } from './dense.js';
import { eigenSymmetric } from './eigen.js';

/** Sums over samples, as the sampler keeps them: of rows and biases, and of the products P V^T as two sketches. */
export interface SampleSums {
  samples: number;
  globalBias: number;
  noiseVariance: number;
  /** (queries) and (items) */
  queryBiases: Float64Array;
  itemBiases: Float64Array;
  /** (categories - 1) of ordinal ratings; else none */
  cutpoints: Float64Array;
  /** Y, (queries, range) */
  querySketch: Float32Array;
  /** Z, (items, corange) */
  itemSketch: Float32Array;
  /** B^T Y, (corange, range) */
  mixed: Float32Array;
  range: number;
  corange: number;
}

/** Factors whose scores are the mean scores over the samples, as far as `dim` of them can. */
export interface MeanFactors {
  dim: number;
  globalBias: number;
  /** (queries, dim) centred on the rated users, of mean square 1 in every column. */
  queryFactors: Float32Array;
  /** (items, dim) centred on the rated items; columns in order of their weight in the scores. */
  itemFactors: Float32Array;
  queryBiases: Float32Array;
  itemBiases: Float32Array;
}

/** What is below it, of the largest eigenvalue, is rounding of float32 sums. */
const LEAST = 1e-10;

const positives = (values: Float64Array): number => values.filter((x) => x > LEAST * (values[0] as number)).length;

/** Mean over the chosen rows, as one row. */
function meanRow(table: Float32Array, width: number, chosen: Uint8Array): Dense {
  const mean = zeros(1, width);
  let count = 0;
  for (const [row, any] of chosen.entries()) {
    if (any === 0) continue;
    count++;
    for (let k = 0; k < width; k++) mean.data[k] = (mean.data[k] as number) + (table[row * width + k] as number);
  }
  return { ...mean, data: mean.data.map((x) => x / Math.max(1, count)) };
}

/** table (rows, width) times a column, added to biases. */
function addProducts(biases: Float64Array, table: Float32Array, column: Dense): void {
  const width = column.rows;
  for (let row = 0; row < biases.length; row++) {
    let sum = biases[row] as number;
    for (let k = 0; k < width; k++) sum += (table[row * width + k] as number) * (column.data[k] as number);
    biases[row] = sum;
  }
}

function centre(biases: Float64Array, chosen: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (const [row, any] of chosen.entries()) {
    if (any === 0) continue;
    sum += biases[row] as number;
    count++;
  }
  const mean = sum / Math.max(1, count);
  for (let row = 0; row < biases.length; row++) biases[row] = (biases[row] as number) - mean;
  return mean;
}

/**
 * The mean of the products P V^T over samples as one product of `dim` factors. With Y = U T^-1, U orthonormal, it is
 * U (B^T U)^+ Z^T (Tropp, Yurtsever, Udell, Cevher 2017, section 4); then what all users, or all items, have in common
 * moves into the biases, users get mean square 1 in every direction, and the directions in which items differ most stay.
 * So an unknown user or item is the average one, a ridge penalty on a user is the same in all directions, and the
 * product of two items' rows is the covariance of their scores over users.
 *
 * @param ratedUsers (numUsers) and `ratedItems` (numItems): 1 where there are ratings.
 */
export async function meanFactors(
  sums: SampleSums,
  ratedUsers: Uint8Array,
  ratedItems: Uint8Array,
  most: number,
): Promise<MeanFactors> {
  const { samples, querySketch, itemSketch, range, corange } = sums;
  const numQueries = sums.queryBiases.length;

  const { values, vectors } = eigenSymmetric(await gram(querySketch, range));
  const rank = Math.max(1, positives(values));
  const basis = scaleColumns(
    firstColumns(vectors, rank),
    values.subarray(0, rank).map((x) => (x > 0 ? 1 / Math.sqrt(x) : 0)),
  );
  const mixed = multiply({ rows: corange, columns: range, data: Float64Array.from(sums.mixed) }, basis);
  const normal = eigenSymmetric(multiply(transpose(mixed), mixed));
  const inverse = normal.values.map((x) => (x > LEAST * (normal.values[0] as number) ? 1 / (x * samples) : 0));
  // Items in the basis of users: Z times it.
  const toItems = multiply(mixed, multiply(scaleColumns(normal.vectors, inverse), transpose(normal.vectors)));

  // U^T U is the identity; without the users' mean it is that of the rows as they are served.
  const userMean = multiply(meanRow(querySketch, range, ratedUsers), basis);
  const queryMean = multiply(meanRow(querySketch, range, new Uint8Array(numQueries).fill(1)), basis);
  const covariance = zeros(rank, rank);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      const [ui, uj] = [userMean.data[i] as number, userMean.data[j] as number];
      const [qi, qj] = [queryMean.data[i] as number, queryMean.data[j] as number];
      covariance.data[i * rank + j] = (i === j ? 1 / numQueries : 0) - ui * qj - qi * uj + ui * uj;
    }
  }
  const spread = eigenSymmetric(covariance);
  const deviations = spread.values.map((x) => Math.sqrt(Math.max(x, LEAST * (spread.values[0] as number))));
  const whitened = scaleColumns(
    spread.vectors,
    deviations.map((x) => (x > 0 ? 1 / x : 0)),
  );
  const coloured = scaleColumns(spread.vectors, deviations);

  const itemMean = multiply(meanRow(itemSketch, corange, ratedItems), toItems);
  const items = multiply(toItems, coloured);
  const centredItems = await project(
    itemSketch,
    items,
    multiply(itemMean, coloured).data.map((x) => -x),
  );
  const weights = eigenSymmetric(await gram(centredItems, rank));
  const dim = Math.max(1, Math.min(most, positives(weights.values)));
  const directions = firstColumns(weights.vectors, dim);
  const queries = multiply(basis, multiply(whitened, directions));

  const itemBiases = sums.itemBiases.map((x) => x / samples);
  const queryBiases = sums.queryBiases.map((x) => x / samples);
  addProducts(itemBiases, itemSketch, multiply(toItems, transpose(userMean)));
  addProducts(queryBiases, querySketch, multiply(basis, transpose(itemMean)));
  const twice = multiply(userMean, transpose(itemMean)).data[0] as number;
  const globalBias =
    sums.globalBias / samples - twice + centre(itemBiases, ratedItems) + centre(queryBiases, ratedUsers);
  return {
    dim,
    globalBias,
    queryFactors: await project(
      querySketch,
      queries,
      multiply(multiply(userMean, whitened), directions).data.map((x) => -x),
    ),
    itemFactors: await project(centredItems, directions, new Float64Array(dim)),
    queryBiases: Float32Array.from(queryBiases),
    itemBiases: Float32Array.from(itemBiases),
  };
}
