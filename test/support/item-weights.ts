import { Interactions } from '../../src/dataset/interactions.js';
import type { ItemWeightModelData, ItemWeightParameters } from '../../src/types.js';
import { noise, type TinyOptions, tinyModel } from './tiny-model.js';

/** Weights in CSR from a dense matrix. */
export function weightRows(
  w: readonly (readonly number[])[],
): Pick<ItemWeightParameters, 'offsets' | 'indices' | 'weights'> {
  const rows = w.map((row) => row.flatMap((weight, i) => (weight === 0 ? [] : [[i, weight] as const])));
  const offsets = new Uint32Array(w.length + 1);
  for (const [h, row] of rows.entries()) offsets[h + 1] = (offsets[h] as number) + row.length;
  return {
    offsets,
    indices: Uint32Array.from(rows.flat(), ([i]) => i),
    weights: Float32Array.from(rows.flat(), ([, weight]) => weight),
  };
}

/**
 * The tiny model with item weights in place of factors, some of them negative, and ratings 1 to 5; likes are rated 3 or
 * better. The last item has no weights.
 */
export function itemWeightModel(
  { numUsers = 5, numItems = 33, seed = 1 }: TinyOptions = {},
  given: Partial<ItemWeightParameters> = {},
): { data: ItemWeightModelData; w: number[][] } {
  const tiny = tinyModel({ numUsers, numItems, seed });
  const random = noise(seed + 29);
  const last = numItems - 1;
  const w = Array.from({ length: numItems }, (_, h) =>
    Array.from({ length: numItems }, (_, i) => {
      const weight = Math.fround(random());
      return h === i || h === last || i === last || weight < -0.3 ? 0 : weight;
    }),
  );
  const { seen } = tiny;
  const values = Float32Array.from(seen.items, (item, n) => 1 + ((n + item) % 5));
  const { offsets, items } = seen;
  const data: ItemWeightModelData = {
    ...tiny,
    name: 'ease',
    options: { model: 'ease', seed: 0 },
    seen: new Interactions({ numUsers, numItems, offsets, items, values, times: undefined }),
    parameters: { kind: 'itemWeights', ...weightRows(w), ratingWeights: false, positiveThreshold: 3, ...given },
  };
  return { data, w };
}
