import { Interactions } from '../../src/dataset/interactions.js';
import type { ItemVectorModelData, ItemVectorParameters } from '../../src/types.js';
import { noise, type TinyOptions, tinyModel } from './tiny-model.js';

/**
 * The tiny model with item vectors in place of factors, and ratings 1 to 5. The last item but one has a zero vector, and
 * the last user has seen nothing else. It bears the name of a model that predicts no ratings.
 */
export function itemVectorModel(
  { numUsers = 5, numItems = 33, dim = 7, seed = 1 }: TinyOptions = {},
  given: Partial<ItemVectorParameters> = {},
): ItemVectorModelData {
  const tiny = tinyModel({ numUsers, numItems, dim, seed });
  const random = noise(seed + 17);
  const itemFactors = Float32Array.from({ length: numItems * dim }, random);
  const untrained = Math.max(0, numItems - 2);
  itemFactors.fill(0, untrained * dim, (untrained + 1) * dim);
  const lists = Array.from({ length: numUsers }, (_, u) =>
    u === numUsers - 1 ? [untrained] : Array.from(tiny.seen.itemsOf(u)),
  );
  const items = Uint32Array.from(lists.flat());
  const offsets = new Uint32Array(numUsers + 1);
  for (const [u, list] of lists.entries()) offsets[u + 1] = (offsets[u] as number) + list.length;
  return {
    ...tiny,
    name: 'popularity',
    options: { model: 'popularity', seed: 0 },
    seen: new Interactions({
      numUsers,
      numItems,
      offsets,
      items,
      values: Float32Array.from(items, (_, n) => 1 + (n % 5)),
      times: undefined,
    }),
    parameters: { kind: 'itemVectors', dim, itemFactors, userVector: 'mean', ...given },
  };
}
