// Seconds of counting how often items are liked together, in native memory; copying the counts out is a part of its own.
import { likesOf } from '../../src/dataset/co-occurrence.js';
import { native } from '../../src/native/load.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { peakKilobytes, secondsSince, spread } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

async function palate({ input, parameters, threads }: Work): Promise<Measurement> {
  const data = readDatasetPart(input, 'train');
  const likes = likesOf(data, 4);
  const seconds: number[] = [];
  let counter = new (native().Cooccurrence)({ ...likes, numItems: data.numItems, threads });
  let totals = await counter.count(new Int32Array(1));
  for (let run = 0; run < (parameters.repetitions as number); run++) {
    counter.dispose();
    const start = performance.now();
    counter = new (native().Cooccurrence)({ ...likes, numItems: data.numItems, threads });
    totals = await counter.count(new Int32Array(1));
    seconds.push(secondsSince(start));
  }
  const { nonzeros, sum } = totals;
  const begin = performance.now();
  counter.read({
    offsets: new Uint32Array(data.numItems + 1),
    items: new Uint32Array(nonzeros),
    counts: new Uint32Array(nonzeros),
  });
  const copying = secondsSince(begin);
  counter.dispose();
  return {
    seconds: spread(seconds),
    parts: { 'copying out': copying },
    quality: { nonzeros, sum },
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
