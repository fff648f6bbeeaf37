import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Random } from '../../src/dataset/random.js';
import { DivergedError } from '../../src/errors.js';
import type { Model } from '../../src/model.js';
import type { TuneResult } from '../../src/tune/result.js';
import type { Train } from '../../src/tune/run-trial.js';
import type { TrainOptions } from '../../src/types.js';
import { dataset, ratings } from '../train/fixtures.js';

/** Small, and there because trials name it: fakes do not look at it. */
export const data = dataset(ratings());

/**
 * A trainer without training: `curve` gives the loss after each epoch; at a NaN it diverges. Between epochs it waits for
 * random numbers of turns, so that several at once take different ways through time.
 */
export function fakeTrain(curve: (options: TrainOptions) => readonly number[], jitter = 0): Train {
  const random = new Random(jitter);
  return async (_, options) => {
    const losses = curve(options);
    for (const [at, loss] of losses.entries()) {
      for (let turns = jitter === 0 ? 0 : random.below(4); turns > 0; turns--) await setImmediate();
      options.signal?.throwIfAborted();
      const learningRate = options.learningRate ?? 0;
      if (Number.isNaN(loss)) throw new DivergedError({ epoch: at + 1, learningRate, lastGoodLoss: losses[at - 1] });
      options.onEpoch?.({ epoch: at + 1, seconds: 0, learningRate, train: { loss: loss / 2 }, valid: { loss } });
    }
    const validLoss = losses.at(-1) ?? Number.NaN;
    return {
      name: 'mf',
      metrics: { trainLoss: validLoss / 2, epochs: losses.length, validLoss },
      options,
    } as unknown as Model;
  };
}

/** What equal searches have in common: everything but times. */
export const outcome = ({ trials, ranking, best, metric }: TuneResult): object => ({
  metric,
  best: best?.index,
  ranking: ranking.map(({ index }) => index),
  trials: trials.map(({ seconds: _, epochs, ...trial }) => ({
    ...trial,
    epochs: epochs.map(({ seconds: __, ...report }) => report),
  })),
});

export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('was not rejected');
}

/** A folder for one test. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'palate-tune-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
