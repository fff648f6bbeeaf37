// Seconds of evaluating a model on held-back rows of at most so many users, all items ranked for each: every default metric
// at k = 20 with mrr from the full ranking, and 95 % intervals and baselines beside.
import { type Dataset, evaluate, train } from '../../src/index.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';

/** The rows of the first `most` users that have any. */
function firstUsers(data: Dataset, most: number): Dataset {
  const { users } = data.interactions;
  const chosen = new Uint8Array(users.length);
  let found = 0;
  for (let row = 0; row < users.length; row++) {
    if (row === 0 || users[row] !== users[row - 1]) found++;
    if (found <= most) chosen[row] = 1;
  }
  return data.subset(chosen);
}

async function palate({ input, parameters, threads }: Work): Promise<Measurement> {
  const { dim, testUsers } = parameters as Record<string, number>;
  const model = await train(readDatasetPart(input, 'train'), { model: 'ials', dim, epochs: 1, threads });
  const test = firstUsers(readDatasetPart(input, 'test'), testUsers);
  const lists = performance.now();
  const { users: ranked, metrics } = await evaluate(model, test, { k: 20, metrics: ['ndcg', 'recall'], threads });
  const ranking = secondsSince(lists);
  const start = performance.now();
  await evaluate(model, test, { k: 20, threads });
  const allMetrics = secondsSince(start);
  const besides = performance.now();
  await evaluate(model, test, { k: 20, intervals: true, baselines: true, threads });
  return {
    seconds: once(secondsSince(besides)),
    parts: { 'ndcg and recall alone': ranking, 'all metrics, nothing beside': allMetrics },
    quality: { users: ranked, ndcg: metrics['ndcg@20'] },
    peakKilobytes: peakKilobytes(),
  };
}

export const implementations: Implementations = { palate };
