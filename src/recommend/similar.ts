import { expectInt, expectKnownKeys, expectOneOf, rangeError, typeError } from '../options.js';
import type {
  FactorModelData,
  ItemVectorModelData,
  ItemWeightModelData,
  Metric,
  ModelData,
  SimilarItemsOptions,
  SimilarMetric,
  SimilarPairsOptions,
} from '../types.js';
import { candidateMask, itemIndices } from './candidates.js';
import { servingFactors } from './combine-fields.js';
import { gatherRows } from './dense-search.js';
import { isotropicVectors } from './isotropic.js';
import { findTitle } from './metadata.js';
import { SimilarItems } from './ranked-items.js';
import { selectTopK } from './select-top-k.js';
import { pairsByWeight, similarByWeight } from './similar-by-weight.js';
import { before, type Pair, SimilarPairs } from './similar-pairs.js';

const metrics = ['cosine', 'dot', 'isotropic'] as const;
/** Items compared with all others at once, and results kept of them. */
const chunkItems = 1024;
const chunkResults = 4_000_000;

/** (numItems, dim) the vectors that items are compared by. RangeError for a model without. */
export function itemVectorsOf(data: ModelData): { dim: number; itemFactors: Float32Array } {
  const vectors =
    data.parameters.kind === 'factors'
      ? servingFactors(data as FactorModelData)
      : (data as ItemVectorModelData).parameters;
  if (vectors.dim === 0) throw rangeError('model', 'one with item vectors', data.name);
  return vectors;
}

/** What items are compared by, in the words of the native search. */
function comparedBy(
  data: ModelData,
  metric: SimilarMetric,
): { dim: number; itemFactors: Float32Array; metric: Metric } {
  const { dim, itemFactors } = itemVectorsOf(data);
  if (metric !== 'isotropic') return { dim, itemFactors, metric };
  const vectors = isotropicVectors(data, itemFactors, dim);
  return { dim, itemFactors: vectors, metric: 'cosine' };
}

/** The model's item weights where it has them; they leave no choice of a metric. */
function weightsOf(data: ModelData, metric: unknown): ItemWeightModelData | undefined {
  if (data.parameters.kind !== 'itemWeights') return undefined;
  if (metric !== undefined) {
    throw rangeError('metric', `left out: items of model '${data.name}' are compared by its weights`, metric);
  }
  return data as ItemWeightModelData;
}

/** The k items nearest to each given item, itself left out. */
export function similarItems(data: ModelData, options: SimilarItemsOptions): SimilarItems {
  expectKnownKeys('similarItems', options, ['items', 'titles', 'k', 'metric', 'excludeItems', 'candidateItems']);
  if ((options.items === undefined) === (options.titles === undefined)) {
    throw typeError('similarItems', 'given exactly one of `items`, `titles`', options);
  }
  const k = Math.min(expectInt('k', options.k ?? 10, { min: 1 }), data.items.size);
  const wanted = expectOneOf('metric', options.metric ?? 'cosine', metrics);
  if (options.titles !== undefined && !Array.isArray(options.titles))
    throw typeError('titles', 'an array of titles', options.titles);
  const items = Uint32Array.from(
    options.items === undefined
      ? (options.titles as readonly string[]).map((title) => findTitle(data, title))
      : itemIndices(data, 'items', options.items),
  );
  const weighted = weightsOf(data, options.metric);
  if (weighted !== undefined) {
    return new SimilarItems(
      data,
      similarByWeight(weighted, items, { k, candidates: candidateMask(data, options) }),
      items,
    );
  }
  const { dim, itemFactors, metric } = comparedBy(data, wanted);
  const top = selectTopK({
    queries: gatherRows(itemFactors, items, dim),
    items: itemFactors,
    numQueries: items.length,
    numItems: data.items.size,
    dim,
    k,
    metric,
    exclude: { offsets: Uint32Array.from({ length: items.length + 1 }, (_, q) => q), items },
    candidates: candidateMask(data, options),
  });
  const kept = [...items.keys()].flatMap((q) =>
    Array.from({ length: top.counts[q] as number }, (_, n) => [q, n] as const),
  );
  return new SimilarItems(
    data,
    {
      queries: Uint32Array.from(kept, ([q]) => q),
      itemIndices: Uint32Array.from(kept, ([q, n]) => top.indices[q * k + n] as number),
      scores: Float32Array.from(kept, ([q, n]) => top.scores[q * k + n] as number),
      ranks: Uint32Array.from(kept, ([, n]) => n + 1),
    },
    items,
  );
}

/**
 * The k most similar pairs of all items, exactly, each pair once and no item with itself. Items whose vector is zero
 * (never trained) are left out. In the k best of all pairs no item has more than k partners, so the k nearest later
 * items of each item hold them all.
 */
export function similarPairs(data: ModelData, options: SimilarPairsOptions = {}): SimilarPairs {
  expectKnownKeys('similarPairs', options, ['k', 'metric']);
  const k = expectInt('k', options.k ?? 10, { min: 1, max: 1_000_000 });
  const weighted = weightsOf(data, options.metric);
  if (weighted !== undefined) return new SimilarPairs(data, pairsByWeight(weighted, k));
  const wanted = expectOneOf('metric', options.metric ?? 'cosine', metrics);
  const { dim, itemFactors, metric } = comparedBy(data, wanted);
  const kept = Uint32Array.from({ length: data.items.size }, (_, item) => item).filter((item) =>
    itemFactors.subarray(item * dim, (item + 1) * dim).some((value) => value !== 0),
  );
  const rows = gatherRows(itemFactors, kept, dim);
  const numItems = kept.length;
  let best: Pair[] = [];
  const step = Math.max(1, Math.min(chunkItems, Math.floor(chunkResults / Math.min(k, Math.max(1, numItems)))));
  for (let first = 0; first < numItems; first += step) {
    const last = Math.min(numItems, first + step);
    // Only later items: the pair of a and b is found from the smaller one. Within the chunk the exclusion lists see to it.
    const later = rows.subarray(first * dim);
    const count = last - first;
    const offsets = Uint32Array.from({ length: count + 1 }, (_, q) => (q * (q + 1)) / 2);
    const items = new Uint32Array(offsets[count] as number);
    for (let q = 0; q < count; q++) for (let n = 0; n <= q; n++) items[(offsets[q] as number) + n] = n;
    const width = Math.min(k, numItems - first);
    const top = selectTopK({
      queries: later.subarray(0, count * dim),
      items: later,
      numQueries: count,
      numItems: numItems - first,
      dim,
      k: width,
      metric,
      exclude: { offsets, items },
    });
    const worst = best.length < k ? Number.NEGATIVE_INFINITY : (best[k - 1] as Pair).score;
    for (let q = 0; q < count; q++) {
      for (let n = 0; n < (top.counts[q] as number); n++) {
        const score = top.scores[q * width + n] as number;
        if (score < worst) break;
        best.push({
          a: kept[first + q] as number,
          b: kept[first + (top.indices[q * width + n] as number)] as number,
          score,
        });
      }
    }
    best = best.sort(before).slice(0, k);
  }
  return new SimilarPairs(data, best);
}
