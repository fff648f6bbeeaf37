// Seconds of a whole training, from the dataset to the model: a sampler's error is that of all its samples together.
import { train } from '../../src/index.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';
import { testErrors } from './train.js';

async function palate({ input, parameters, threads }: Work): Promise<Measurement> {
  const data = readDatasetPart(input, 'train');
  const { dim, epochs } = parameters as { dim: number; epochs: number };
  let sweeps = 0;
  const start = performance.now();
  const model = await train(data, {
    model: 'bayesianFm',
    dim,
    epochs,
    threads,
    onEpoch: ({ seconds }) => {
      sweeps += seconds;
    },
  });
  const total = secondsSince(start);
  return {
    seconds: once(total),
    parts: { 'before and after': total - sweeps },
    quality: testErrors(model, readDatasetPart(input, 'test')),
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
