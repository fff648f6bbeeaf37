import type { ItemWeightModelData } from '../types.js';
import type { TopItems } from './rank-users.js';
import { before, type Pair } from './similar-pairs.js';
import { weightColumns, weightOf } from './weight-columns.js';

/**
 * The items that say most for each given item: those of greatest weight in its score, equal ones by lower index. Items
 * without a weight for it are no neighbours, so there may be fewer than k.
 */
export function similarByWeight(
  { parameters }: ItemWeightModelData,
  items: Uint32Array,
  { k, candidates }: { k: number; candidates: Uint8Array | undefined },
): TopItems {
  const { offsets, sources, weights } = weightColumns(parameters);
  const found = Array.from(items, (item, query) => {
    const begin = offsets[item] as number;
    return Array.from({ length: (offsets[item + 1] as number) - begin }, (_, n) => begin + n)
      .filter((at) => candidates === undefined || candidates[sources[at] as number] !== 0)
      .sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b)
      .slice(0, k)
      .map((at, n) => ({ query, item: sources[at] as number, score: weights[at] as number, rank: n + 1 }));
  }).flat();
  return {
    queries: Uint32Array.from(found, ({ query }) => query),
    itemIndices: Uint32Array.from(found, ({ item }) => item),
    scores: Float32Array.from(found, ({ score }) => score),
    ranks: Uint32Array.from(found, ({ rank }) => rank),
  };
}

/** The k pairs of greatest weight, that of a pair the greater of its two directions. */
export function pairsByWeight({ parameters }: ItemWeightModelData, k: number): Pair[] {
  const { offsets, indices, weights } = parameters;
  let best: Pair[] = [];
  const room = Math.max(2 * k, 4096);
  let worst = Number.NEGATIVE_INFINITY;
  for (let source = 0; source + 1 < offsets.length; source++) {
    for (let n = offsets[source] as number; n < (offsets[source + 1] as number); n++) {
      const score = weights[n] as number;
      if (score < worst) continue;
      const item = indices[n] as number;
      const back = weightOf(parameters, item, source);
      // Each pair once: from its greater direction, of equal ones from the lower item.
      if (back > score || (back === score && item < source)) continue;
      best.push({ a: Math.min(source, item), b: Math.max(source, item), score });
      if (best.length < room) continue;
      best = best.sort(before).slice(0, k);
      worst = (best.at(-1) as Pair).score;
    }
  }
  return best.sort(before).slice(0, k);
}
