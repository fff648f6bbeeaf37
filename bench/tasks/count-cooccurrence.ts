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
  const count = async () => {
    const start = performance.now();
    const counter = new (native().Cooccurrence)({ ...likes, numItems: data.numItems, threads });
    const totals = await counter.count(new Int32Array(1));
    seconds.push(secondsSince(start));
    return { counter, ...totals };
  };
  for (let run = 0; run < (parameters.repetitions as number); run++) (await count()).counter.dispose();
  const { counter, nonzeros, sum } = await count();
  const begin = performance.now();
  counter.read({
    offsets: new Uint32Array(data.numItems + 1),
    items: new Uint32Array(nonzeros),
    counts: new Uint32Array(nonzeros),
  });
  const copying = secondsSince(begin);
  counter.dispose();
  return {
    seconds: spread(seconds.slice(1)), // the first warms up
    parts: { 'copying out': copying },
    quality: { nonzeros, sum },
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
