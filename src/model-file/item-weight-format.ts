import { expectBoolean, expectInt, expectNumber } from '../options.js';
import type { ItemWeightParameters } from '../types.js';
import { checkLength, checkLists, checkNumbers } from './check-arrays.js';
import { MAX_ROWS } from './layout.js';
import type { ParameterFormat } from './parameter-format.js';

/** Item-item weights, CSR by the item of the history. */
export const itemWeightFormat: ParameterFormat<ItemWeightParameters> = {
  describe: ({ weights, ratingWeights, positiveThreshold }) => ({
    count: weights.length,
    ratingWeights,
    positiveThreshold: positiveThreshold ?? null,
  }),

  parse(raw) {
    const count = expectInt('count', raw.count, { min: 0, max: MAX_ROWS });
    const ratingWeights = expectBoolean('ratingWeights', raw.ratingWeights);
    const positiveThreshold =
      raw.positiveThreshold === null ? null : expectNumber('positiveThreshold', raw.positiveThreshold);
    return {
      json: { count, ratingWeights, positiveThreshold },
      columns: ({ items }) => [
        { name: 'weight.offsets', type: 'uint32', rows: items + 1 },
        { name: 'weight.items', type: 'uint32', rows: count },
        { name: 'weight.values', type: 'float32', rows: count },
      ],
      assemble: (column) => ({
        kind: 'itemWeights',
        offsets: column<Uint32Array>('weight.offsets'),
        indices: column<Uint32Array>('weight.items'),
        weights: column<Float32Array>('weight.values'),
        ratingWeights,
        ...(positiveThreshold !== null && { positiveThreshold }),
      }),
    };
  },

  contents: ({ offsets, indices, weights }) => [
    ['weight.offsets', () => offsets],
    ['weight.items', () => indices],
    ['weight.values', () => weights],
  ],

  async check({ items, parameters: { offsets, indices, weights } }) {
    checkLength('weight.offsets', offsets, items.size + 1);
    await checkLists('weight.offsets', offsets, 'weight.items', indices, items.size);
    await checkNumbers('weight.values', weights, indices.length);
  },
};
