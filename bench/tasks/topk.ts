// The k items of greatest dot product for each query, exactly.
import { topK } from '../../src/index.js';
import { type Factors, readFactors, recall } from '../data/factors-file.js';
import { once, peakKilobytes, repeat, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

function palate({ input, parameters, threads, device }: Work): Measurement {
  const factors = readFactors(input);
  const k = parameters.k as number;
  let indices: Uint32Array = new Uint32Array(0);
  const seconds = repeat(() => {
    ({ indices } = topK(factors.queryRows, factors.itemRows, { dim: factors.dim, k, metric: 'dot', threads, device }));
  }, parameters.budget as number);
  const peak = peakKilobytes();
  return { seconds, quality: { recall: recall(factors, indices, k) }, peakKilobytes: peak };
}

async function usearch({ input, parameters, threads }: Work): Promise<Measurement> {
  const name: string = 'usearch'; // a peer, not a dependency: tsc need not find its types
  const { exactSearch, MetricKind } = await import(name);
  const factors = readFactors(input);
  const k = parameters.k as number;
  let keys = new BigUint64Array(0);
  const seconds = repeat(() => {
    ({ keys } = exactSearch(factors.itemRows, factors.queryRows, factors.dim, k, MetricKind.IP, threads));
  }, parameters.budget as number);
  const peak = peakKilobytes();
  return { seconds, quality: { recall: recall(factors, keys, k) }, peakKilobytes: peak };
}

/** A query by hand: a dot product an item, and an insertion into the list of the best where it belongs there. */
function plainTopK({ queryRows, itemRows, items, dim }: Factors, query: number, k: number): number[] {
  const best: number[] = [];
  const scores: number[] = [];
  for (let item = 0; item < items; item++) {
    let score = 0;
    for (let d = 0; d < dim; d++)
      score += (queryRows[query * dim + d] as number) * (itemRows[item * dim + d] as number);
    if (best.length === k && score <= (scores[k - 1] as number)) continue;
    let at = best.length < k ? best.length : k - 1;
    for (; at > 0 && score > (scores[at - 1] as number); at--) {
      best[at] = best[at - 1] as number;
      scores[at] = scores[at - 1] as number;
    }
    best[at] = item;
    scores[at] = score;
  }
  return best;
}

/** As many queries as the budget allows, at least those whose answers are known. */
function typescript({ input, parameters }: Work): Measurement {
  const factors = readFactors(input);
  const k = parameters.k as number;
  plainTopK(factors, 0, k);
  const indices: number[] = [];
  const start = performance.now();
  let done = 0;
  for (; done < factors.queries; done++) {
    if (done >= factors.checked && secondsSince(start) > (parameters.budget as number)) break;
    indices.push(...plainTopK(factors, done, k));
  }
  const seconds = (secondsSince(start) * factors.queries) / done;
  return {
    seconds: once(seconds),
    quality: { recall: recall(factors, indices, k) },
    ...(done < factors.queries && { extrapolated: `${done} of ${factors.queries} queries` }),
  };
}

export const implementations: Implementations = { palate, usearch, typescript };
