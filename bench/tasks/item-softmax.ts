// Seconds of a pass over all items with their pair counts, or of a step of single pairs. The first epoch, which counts the
// pairs, is the warm-up; the test part of the pairs is scored outside of the clock.
import { type Dataset, train } from '../../src/index.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { peakKilobytes, spread } from '../measure.js';
import type { Measurement, Parameters, Work } from '../types.js';
import type { Implementations } from './index.js';

/** The users that come first, as long as they have no more than so many pairs together. All items stay. */
export function withPairs(data: Dataset, most: number): Dataset {
  const counts = data.interactions.userCounts();
  let pairs = 0;
  const kept = counts.findIndex((count) => {
    pairs += count * (count - 1);
    return pairs > most;
  });
  return kept < 0 ? data : data.subset(Uint8Array.from(data.interactions.users, (user) => (user < kept ? 1 : 0)));
}

const pairsOf = (data: Dataset): number =>
  data.interactions.userCounts().reduce((sum, count) => sum + count * (count - 1), 0);

function options(parameters: Parameters) {
  const { dim, epochs, batchSize, learningRate, mode, testPairs } = parameters as Record<string, number>;
  const network = parameters.network === true;
  return {
    model: 'itemSoftmax',
    dim,
    epochs,
    batchSize,
    learningRate,
    mode: mode as unknown as 'counts' | 'pairs',
    testPairs,
    schedule: { type: 'constant' },
    ...(network && { hidden: 128, layerNorm: true, dropout: 0.05, clipNorm: 5, regularization: 1e-5 }),
    tables: network ? 1 : 2,
    itemBiases: !network,
    selfMask: false,
  } as const;
}

async function palate({ input, parameters, threads, device }: Work): Promise<Measurement> {
  const all = readDatasetPart(input, 'train');
  const data = parameters.pairs === undefined ? all : withPairs(all, parameters.pairs as number);
  const { testPairs, batchSize } = parameters as Record<string, number>;
  const trained = pairsOf(data) - Math.floor(pairsOf(data) * (testPairs as number));
  const steps = parameters.mode === 'pairs' ? Math.ceil(trained / (batchSize as number)) : 1;
  const epochs: number[] = [];
  const model = await train(data, {
    ...options(parameters),
    threads,
    device,
    onEpoch: ({ seconds }) => epochs.push(seconds / steps),
  });
  const { testLoss } = model.metrics;
  return {
    seconds: spread(epochs.slice(1)),
    quality: { testLoss: testLoss as number },
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
