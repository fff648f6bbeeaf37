import { makeVector, Table } from 'apache-arrow';
import type { Id } from '../dataset/vocabulary.js';
import { expectInt, expectKnownKeys, expectOneOf, rangeError, typeError } from '../options.js';
import type { FactorModelData, Metric, ModelData, SimilarItemsOptions, SimilarPairsOptions } from '../types.js';
import { candidateMask, itemIndices } from './candidates.js';
import { servingFactors } from './combine-fields.js';
import { gatherRows } from './dense-search.js';
import { findTitle, titleOf } from './metadata.js';
import { type IdColumn, idColumn, idVector, SimilarItems } from './ranked-items.js';
import { selectTopK } from './select-top-k.js';

const metrics = ['cosine', 'dot'] as const;
/** Items compared with all others at once, and results kept of them. */
const chunkItems = 1024;
const chunkResults = 4_000_000;

/** (numItems, dim) the vectors that items are compared by. RangeError for a model without. */
export function itemVectorsOf(data: ModelData): { dim: number; itemFactors: Float32Array } {
  const vectors = data.parameters.kind === 'factors' ? servingFactors(data as FactorModelData) : data.parameters;
  if (vectors.dim === 0) throw rangeError('model', 'one with item vectors', data.name);
  return vectors;
}

/** The k items nearest to each given item, itself left out. */
export function similarItems(data: ModelData, options: SimilarItemsOptions): SimilarItems {
  expectKnownKeys('similarItems', options, ['items', 'titles', 'k', 'metric', 'excludeItems', 'candidateItems']);
  const { dim, itemFactors } = itemVectorsOf(data);
  if ((options.items === undefined) === (options.titles === undefined)) {
    throw typeError('similarItems', 'given exactly one of `items`, `titles`', options);
  }
  const k = Math.min(expectInt('k', options.k ?? 10, { min: 1 }), data.items.size);
  const metric = expectOneOf('metric', options.metric ?? 'cosine', metrics);
  if (options.titles !== undefined && !Array.isArray(options.titles))
    throw typeError('titles', 'an array of titles', options.titles);
  const items = Uint32Array.from(
    options.items === undefined
      ? (options.titles as readonly string[]).map((title) => findTitle(data, title))
      : itemIndices(data, 'items', options.items),
  );
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

/** The most similar pairs as columns, best first. */
export class SimilarPairs {
  /** (pairs) index of one item, the smaller of both. */
  readonly itemIndices: Uint32Array;
  /** (pairs) index of the other item. */
  readonly otherIndices: Uint32Array;
  /** (pairs) */
  readonly scores: Float32Array;
  readonly #data: ModelData;
  #itemIds: IdColumn | undefined;
  #otherItemIds: IdColumn | undefined;

  constructor(data: ModelData, pairs: readonly Pair[]) {
    this.#data = data;
    this.itemIndices = Uint32Array.from(pairs, (pair) => pair.a);
    this.otherIndices = Uint32Array.from(pairs, (pair) => pair.b);
    this.scores = Float32Array.from(pairs, (pair) => pair.score);
  }

  get length(): number {
    return this.scores.length;
  }

  /** (pairs) ids of the one item. */
  get itemIds(): IdColumn {
    this.#itemIds ??= idColumn(this.#data.items, this.itemIndices);
    return this.#itemIds;
  }

  /** (pairs) ids of the other item. */
  get otherItemIds(): IdColumn {
    this.#otherItemIds ??= idColumn(this.#data.items, this.otherIndices);
    return this.#otherItemIds;
  }

  rows(): { rank: number; itemId: Id; title?: string; otherItemId: Id; otherTitle?: string; score: number }[] {
    return Array.from(this.scores, (score, n) => {
      const item = this.itemIndices[n] as number;
      const other = this.otherIndices[n] as number;
      const title = titleOf(this.#data, item);
      const otherTitle = titleOf(this.#data, other);
      return {
        rank: n + 1,
        itemId: this.#data.items.id(item),
        ...(title !== undefined && { title }),
        otherItemId: this.#data.items.id(other),
        ...(otherTitle !== undefined && { otherTitle }),
        score,
      };
    });
  }

  /** Table of itemId, otherItemId, score. */
  toTable(): Table {
    return new Table({
      itemId: idVector(this.itemIds),
      otherItemId: idVector(this.otherItemIds),
      score: makeVector(this.scores),
    });
  }
}

interface Pair {
  a: number;
  b: number;
  score: number;
}

const before = (x: Pair, y: Pair): number => y.score - x.score || x.a - y.a || x.b - y.b;

/**
 * The k most similar pairs of all items, exactly, each pair once and no item with itself. Items whose vector is zero
 * (never trained) are left out. In the k best of all pairs no item has more than k partners, so the k nearest later
 * items of each item hold them all.
 */
export function similarPairs(data: ModelData, options: SimilarPairsOptions = {}): SimilarPairs {
  expectKnownKeys('similarPairs', options, ['k', 'metric']);
  const { dim, itemFactors } = itemVectorsOf(data);
  const k = expectInt('k', options.k ?? 10, { min: 1, max: 1_000_000 });
  const metric: Metric = expectOneOf('metric', options.metric ?? 'cosine', metrics);
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
