import { expectBoolean, expectInt, expectOneOf } from '../options.js';
import type { ItemVectorParameters, UserVector } from '../types.js';
import type { Content } from './arrow-stream.js';
import { checkNumbers } from './check-arrays.js';
import { type Column, MAX_DIM, MAX_ROWS } from './layout.js';
import type { ParameterFormat } from './parameter-format.js';

const USER_VECTORS: readonly UserVector[] = ['mean', 'ratingMean', 'meanCosine'];

/** Item vectors, and where a model has them its second table and its biases. */
export const itemVectorFormat: ParameterFormat<ItemVectorParameters> = {
  describe: ({ dim, userVector, contextFactors, itemBiases, network }) => ({
    dim,
    userVector,
    contextFactors: contextFactors !== undefined,
    itemBiases: itemBiases !== undefined,
    ...(network !== undefined && { network: network.length }),
  }),

  parse(raw) {
    const dim = expectInt('dim', raw.dim, { min: 1, max: MAX_DIM });
    const userVector = expectOneOf('userVector', raw.userVector, USER_VECTORS);
    const contextFactors = expectBoolean('contextFactors', raw.contextFactors);
    const itemBiases = expectBoolean('itemBiases', raw.itemBiases);
    const network =
      raw.network === undefined ? undefined : expectInt('network', raw.network, { min: 1, max: MAX_ROWS });
    return {
      json: { dim, userVector, contextFactors, itemBiases, ...(network !== undefined && { network }) },
      columns({ items }) {
        const columns: Column[] = [{ name: 'item.factors', type: 'float32', rows: items * dim }];
        if (contextFactors) columns.push({ name: 'context.factors', type: 'float32', rows: items * dim });
        if (itemBiases) columns.push({ name: 'item.biases', type: 'float32', rows: items });
        if (network !== undefined) columns.push({ name: 'network', type: 'float32', rows: network });
        return columns;
      },
      assemble: (column) => ({
        kind: 'itemVectors',
        dim,
        itemFactors: column<Float32Array>('item.factors'),
        ...(contextFactors && { contextFactors: column<Float32Array>('context.factors') }),
        ...(itemBiases && { itemBiases: column<Float32Array>('item.biases') }),
        ...(network !== undefined && { network: column<Float32Array>('network') }),
        userVector,
      }),
    };
  },

  contents({ itemFactors, contextFactors, itemBiases, network }) {
    const contents: [string, () => Content][] = [['item.factors', () => itemFactors]];
    if (contextFactors !== undefined) contents.push(['context.factors', () => contextFactors]);
    if (itemBiases !== undefined) contents.push(['item.biases', () => itemBiases]);
    if (network !== undefined) contents.push(['network', () => network]);
    return contents;
  },

  async check({ items, parameters: { dim, itemFactors, contextFactors, itemBiases, network } }) {
    await checkNumbers('item.factors', itemFactors, items.size * dim);
    if (contextFactors !== undefined) await checkNumbers('context.factors', contextFactors, items.size * dim);
    if (itemBiases !== undefined) await checkNumbers('item.biases', itemBiases, items.size);
    if (network !== undefined) await checkNumbers('network', network, network.length);
  },
};
