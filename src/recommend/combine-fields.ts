import type { FactorModelData, FactorParameters, FieldParameters } from '../types.js';

/** What scoring needs: score(u, i) = globalBias + userBiases[u] + itemBiases[i] + userFactors[u] . itemFactors[i]. */
export type ServingFactors = Pick<
  FactorParameters,
  'dim' | 'globalBias' | 'userFactors' | 'itemFactors' | 'userBiases' | 'itemBiases'
>;

/** Weight of each active value of a field in a row with so many of them: the row of a field has unit length. */
export function activeWeight(active: number): number {
  return active === 0 ? 0 : 1 / Math.sqrt(active);
}

interface Rows {
  factors: Float32Array;
  biases: Float32Array;
}

const squaredLength = (values: Float32Array, start: number, dim: number): number => {
  let sum = 0;
  for (let k = start; k < start + dim; k++) sum += (values[k] as number) ** 2;
  return sum;
};

/**
 * Folds the fields of one side into its rows: A = p + sum x_f v_f, and for the bias the sum of x_f w_f and the pairs
 * inside the side, 1/2 (|A|^2 - |p|^2 - sum x_f^2 |v_f|^2). Rendle 2010, eq. 1 and lemma 3.1.
 */
export function combineSide(own: Rows, fields: readonly FieldParameters[], dim: number): Rows {
  if (fields.length === 0) return own;
  const factors = own.factors.slice();
  const biases = own.biases.slice();
  for (let row = 0; row < biases.length; row++) {
    const at = row * dim;
    let bias = biases[row] as number;
    let squares = squaredLength(factors, at, dim);
    for (const field of fields) {
      const begin = field.offsets[row] as number;
      const end = field.offsets[row + 1] as number;
      const weight = activeWeight(end - begin);
      for (let n = begin; n < end; n++) {
        const label = field.indices[n] as number;
        bias += weight * (field.biases[label] as number);
        squares += weight * weight * squaredLength(field.factors, label * dim, dim);
        for (let k = 0; k < dim; k++) {
          factors[at + k] = (factors[at + k] as number) + weight * (field.factors[label * dim + k] as number);
        }
      }
    }
    biases[row] = bias + 0.5 * (squaredLength(factors, at, dim) - squares);
  }
  return { factors, biases };
}

const cache = new WeakMap<FactorModelData, ServingFactors>();

/** A model's parameters with its fields folded in; computed once a model. Without fields the very same arrays. */
export function servingFactors(data: FactorModelData): ServingFactors {
  const known = cache.get(data);
  if (known !== undefined) return known;
  const { dim, globalBias, userFactors, itemFactors, userBiases, itemBiases, fields } = data.parameters;
  const ofSide = (side: 'user' | 'item'): FieldParameters[] => fields.filter((field) => field.side === side);
  const users = combineSide({ factors: userFactors, biases: userBiases }, ofSide('user'), dim);
  const items = combineSide({ factors: itemFactors, biases: itemBiases }, ofSide('item'), dim);
  const serving = {
    dim,
    globalBias,
    userFactors: users.factors,
    userBiases: users.biases,
    itemFactors: items.factors,
    itemBiases: items.biases,
  };
  cache.set(data, serving);
  return serving;
}
