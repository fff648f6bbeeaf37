import type { Id } from '../dataset/vocabulary.js';
import { typeError } from '../options.js';
import type { ModelData } from '../types.js';

/** Indices of ids given by the user; DataError for unknown ones. */
export function itemIndices(data: ModelData, option: string, ids: readonly Id[]): number[] {
  if (!Array.isArray(ids)) throw typeError(option, 'an array of item ids', ids);
  return ids.map((id: Id) => data.items.expectIndex(id, 'item'));
}

/** (numItems) 1 where an item may be recommended; undefined when all may. */
export function candidateMask(
  data: ModelData,
  options: { candidateItems?: readonly Id[]; excludeItems?: readonly Id[] },
): Uint8Array | undefined {
  const { candidateItems, excludeItems } = options;
  const hidden = excludeItems === undefined ? [] : itemIndices(data, 'excludeItems', excludeItems);
  if (candidateItems === undefined && hidden.length === 0) return undefined;
  const mask = new Uint8Array(data.items.size);
  if (candidateItems === undefined) mask.fill(1);
  else for (const item of itemIndices(data, 'candidateItems', candidateItems)) mask[item] = 1;
  for (const item of hidden) mask[item] = 0;
  return mask;
}
