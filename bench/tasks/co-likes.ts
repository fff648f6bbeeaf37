// Seconds of one epoch of coLikes. The first epoch counts the likes and is the warm-up.
import { train } from '../../src/index.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { peakKilobytes, spread } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

async function palate({ input, parameters, threads, device }: Work): Promise<Measurement> {
  const { dim, epochs, learningRate, initStd } = parameters as Record<string, number>;
  const seconds: number[] = [];
  const model = await train(readDatasetPart(input, 'train'), {
    model: 'coLikes',
    dim: dim === 0 ? 'full' : dim,
    epochs,
    learningRate,
    initStd,
    threads,
    device,
    onEpoch: (report) => seconds.push(report.seconds),
  });
  const peak = peakKilobytes();
  return {
    seconds: spread(seconds.slice(1)),
    quality: { cost: model.metrics.trainLoss as number },
    peakKilobytes: peak,
  };
}

export const implementations: Implementations = { palate };
