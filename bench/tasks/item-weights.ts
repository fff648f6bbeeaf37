// Seconds of training a model of item weights, from the likes in memory to the weights in JavaScript.
import { type TrainOptions, train } from '../../src/index.js';
import type { ItemWeightParameters } from '../../src/types.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { peakKilobytes, secondsSince, spread } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

async function palate({ input, parameters, threads }: Work): Promise<Measurement> {
  const data = readDatasetPart(input, 'train');
  const options = { model: parameters.model, neighbors: parameters.neighbors, threads } as TrainOptions;
  const seconds: number[] = [];
  let weights: Float32Array = new Float32Array(0);
  for (let run = 0; run < (parameters.repetitions as number); run++) {
    const start = performance.now();
    const model = await train(data, options);
    seconds.push(secondsSince(start));
    weights = (model.data.parameters as ItemWeightParameters).weights;
  }
  const weightSum = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  return { seconds: spread(seconds), quality: { weightSum, weights: weights.length }, peakKilobytes: peakKilobytes() };
}

export const implementations: Implementations = { palate };
