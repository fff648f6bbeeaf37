// Seconds of one epoch of skip-gram with negative sampling (item2vec) over histories in the order of time. A word is an
// interaction, trained as the centre of its window. As gensim counts it: the mean over all epochs, the first one too.
import { type Dataset, evaluate, train } from '../../src/index.js';
import type { TrainOptions } from '../../src/types.js';
import { readDatasetPart, readTimedPart } from '../data/dataset-of-columns.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Parameters, Work } from '../types.js';
import type { Implementations } from './index.js';

/** The first users with something in the test part that are ranked for; peers/skip_gram.py takes the same. */
const RANKED_USERS = 2000;

/**
 * What gensim's Word2Vec does with the same parameters: its initial deviation, and its floor of the learning rate. With
 * `palateDefaults` what palate does when nothing is said.
 */
export function skipGramOptions(parameters: Parameters): TrainOptions {
  if (parameters.palateDefaults === true) return { model: 'itemSoftmax', objective: 'negativeSampling' };
  const { dim, epochs, window, negatives, learningRate } = parameters;
  return {
    model: 'itemSoftmax',
    objective: 'negativeSampling',
    pairs: 'window',
    dim: dim as number,
    epochs: epochs as number,
    window: window as number,
    negatives: negatives as number,
    learningRate: learningRate as number,
    schedule: { type: 'linear', floor: 1e-4 / (learningRate as number) },
    initStd: 1 / ((dim as number) * Math.sqrt(3)),
  };
}

/** The part of a test that is ranked for. */
function rankedPart(test: Dataset): Dataset {
  const { offsets, size } = test.interactions;
  const mask = new Uint8Array(size);
  for (let user = 0, ranked = 0; user < test.numUsers && ranked < RANKED_USERS; user++) {
    const [begin, end] = [offsets[user] as number, offsets[user + 1] as number];
    if (end === begin) continue;
    mask.fill(1, begin, end);
    ranked++;
  }
  return test.subset(mask);
}

async function palate({ input, parameters, threads, device }: Work): Promise<Measurement> {
  const data = readTimedPart(input);
  const { seeds = 1 } = parameters as { seeds?: number };
  const start = performance.now();
  let [seconds, epochs, ranking, peak] = [0, 0, 0, 0];
  const ndcgs: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const model = await train(data, {
      ...skipGramOptions(parameters),
      seed,
      threads,
      device,
      onEpoch: (report) => {
        seconds += report.seconds;
        epochs++;
      },
    });
    const trained = performance.now();
    if (seed === 1) peak = peakKilobytes();
    const { metrics } = await evaluate(model, rankedPart(readDatasetPart(input, 'test')), { k: 10 });
    ndcgs.push(metrics['ndcg@10'] as number);
    ranking += secondsSince(trained);
  }
  return {
    seconds: once(seconds / epochs),
    parts: { 'before and after': secondsSince(start) - seconds - ranking },
    quality: {
      ...meanAndDeviation('ndcg@10', ndcgs),
      thousandWordsPerSecond: (data.numInteractions * epochs) / seconds / 1000,
    },
    peakKilobytes: peak,
  };
}

/** The mean over seeds and, of several, their sample deviation. */
function meanAndDeviation(name: string, values: readonly number[]): Record<string, number> {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { [name]: mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { [name]: mean, [`${name} deviation`]: Math.sqrt(squares / (values.length - 1)) };
}

export const implementations: Implementations = { palate };
