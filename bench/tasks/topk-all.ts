// Top k of every user, in chunks of users whose results are looked at and let go, as a service would write them out.
import { topK } from '../../src/index.js';
import { readFactors, recall } from '../data/factors-file.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

const CHUNK = 8192;

function palate({ input, parameters, threads, device }: Work): Measurement {
  const factors = readFactors(input);
  const { queries, dim, queryRows, itemRows } = factors;
  const k = parameters.k as number;
  const options = { dim, k, metric: 'dot', threads, device } as const;
  topK(queryRows.subarray(0, CHUNK * dim), itemRows, options); // warm-up
  let first: Uint32Array = new Uint32Array(0);
  let results = 0;
  const start = performance.now();
  for (let query = 0; query < queries; query += CHUNK) {
    const { indices, counts } = topK(queryRows.subarray(query * dim, (query + CHUNK) * dim), itemRows, options);
    if (query === 0) first = indices;
    for (const count of counts) results += count;
  }
  const seconds = secondsSince(start);
  return {
    seconds: once(seconds),
    quality: { recall: recall(factors, first, k), usersPerSecond: Math.round(queries / seconds), results },
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
