// Seconds of one epoch. The first epoch is the warm-up; what comes before it (copying and sorting the ratings) is a part
// of its own. The test part is read and scored when the clock and the memory have been taken.
import { type Dataset, type Model, train } from '../../src/index.js';
import type { TrainOptions } from '../../src/types.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { peakKilobytes, secondsSince, spread } from '../measure.js';
import type { Measurement, Parameters, Work } from '../types.js';
import type { Implementations } from './index.js';
import { libmf } from './train-libmf.js';
import { typescript } from './train-typescript.js';

const optionNames = [
  'model',
  'dim',
  'epochs',
  'learningRate',
  'regularization',
  'regularizationPower',
  'weightDecay',
  'optimizer',
  'objective',
  'batchSize',
  'biases',
  'link',
  'initStd',
] as const satisfies readonly (keyof TrainOptions)[];

/** Those of a trial's parameters that are options of `train`; the learning rate stays as it is, as peers keep theirs. */
export function trainOptions(parameters: Parameters): TrainOptions {
  const given = optionNames.filter((name) => parameters[name] !== undefined);
  const options = Object.fromEntries(given.map((name) => [name, parameters[name]]));
  return { ...(options as unknown as TrainOptions), schedule: { type: 'constant' } };
}

/** Errors on ratings that training did not see: RMSE, and for the logistic objective the binary cross-entropy. */
export function testErrors(model: Model, test: Dataset): Record<string, number> {
  const { users, items, values } = test.interactions;
  const predictions = model.predictIndices(users, items);
  const { parameters } = model.data;
  if (parameters.kind !== 'factors') throw new Error(`${model.name} predicts no ratings`);
  const { min, max } = parameters.range;
  const isLogistic = model.options.objective === 'logistic';
  let squares = 0;
  let entropy = 0;
  for (let n = 0; n < values.length; n++) {
    const value = values[n] as number;
    const prediction = predictions[n] as number;
    squares += (value - prediction) ** 2;
    const target = (value - min) / (max - min);
    const p = (prediction - min) / (max - min);
    if (isLogistic) entropy -= target * Math.log(p) + (1 - target) * Math.log(1 - p);
  }
  const testRmse = Math.sqrt(squares / values.length);
  return isLogistic ? { testLoss: entropy / values.length, testRmse } : { testRmse };
}

async function palate({ input, parameters, threads, device }: Work): Promise<Measurement> {
  const data = readDatasetPart(input, 'train');
  const epochs: number[] = [];
  const start = performance.now();
  const options = { ...trainOptions(parameters), threads, device };
  const model = await train(data, { ...options, onEpoch: ({ seconds }) => epochs.push(seconds) });
  const total = secondsSince(start);
  const peak = peakKilobytes();
  const before = total - epochs.reduce((sum, seconds) => sum + seconds, 0);
  return {
    seconds: spread(epochs.slice(1)),
    parts: { 'before and after': before },
    quality: testErrors(model, readDatasetPart(input, 'test')),
    peakKilobytes: peak,
  };
}

export const implementations: Implementations = { palate, libmf, typescript };
