// Seconds of training until the RMSE of the test part is at most `targetRmse`. What comes before the first epoch is not
// counted for either side, as LIBMF does not tell it apart; it is shown as a part.
import { train } from '../../src/index.js';
import { readDatasetPart } from '../data/dataset-of-columns.js';
import { once, peakKilobytes, secondsSince } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import type { Implementations } from './index.js';
import { loadLibmf, readProblem } from './libmf.js';
import { trainOptions } from './train.js';

const unreached = (target: number, best: number, epochs: number): Error =>
  new Error(`RMSE ${target} was not reached: ${best.toFixed(4)} after ${epochs} epochs; see --target-rmse`);

/** A first run with validation finds the number of epochs; a second one, equal bit for bit, is timed without. */
async function palate({ input, parameters, threads }: Work): Promise<Measurement> {
  const target = parameters.targetRmse as number;
  const data = readDatasetPart(input, 'train');
  const options = {
    ...trainOptions(parameters),
    schedule: { type: 'exponential', factor: parameters.decay as number } as const,
    threads,
  };
  const test = readDatasetPart(input, 'test');
  const reached = new AbortController();
  const curve: number[] = [];
  await train(data, {
    ...options,
    validation: test,
    signal: reached.signal,
    onEpoch: ({ valid }) => {
      curve.push(valid?.rmse ?? Number.NaN);
      if ((valid?.rmse ?? Number.NaN) <= target) reached.abort();
    },
  }).catch((error: unknown) => {
    if (!reached.signal.aborted) throw error;
  });
  const testRmse = curve.at(-1) as number;
  if (!(testRmse <= target)) throw unreached(target, Math.min(...curve), curve.length);
  let training = 0;
  const start = performance.now();
  await train(data, {
    ...options,
    epochs: curve.length,
    onEpoch: ({ seconds }) => {
      training += seconds;
    },
  });
  return {
    seconds: once(training),
    parts: { 'before and after': secondsSince(start) - training },
    quality: { testRmse, epochs: curve.length },
    peakKilobytes: peakKilobytes(),
  };
}

/** The fewest epochs that reach the target: fits of 1, 2, 3, ... epochs, as LIBMF shows nothing in between. */
function libmf({ input, parameters, threads }: Work): Measurement {
  const { note, train: fit } = loadLibmf();
  const target = parameters.targetRmse as number;
  const most = parameters.epochs as number;
  const problem = readProblem(input, 'train');
  const test = readProblem(input, 'test');
  let firstSeconds = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let epochs = 1; epochs <= most; epochs++) {
    const model = fit(problem, { epochs, parameters, threads });
    const testRmse = model.rmse(test);
    model.free();
    if (epochs === 1) firstSeconds = model.seconds;
    best = Math.min(best, testRmse);
    if (testRmse > target || epochs === 1) continue;
    const perEpoch = (model.seconds - firstSeconds) / (epochs - 1);
    return {
      seconds: once(perEpoch * epochs),
      // A difference of two times, which noise may make negative on small data.
      parts: { 'before and after': Math.max(0, firstSeconds - perEpoch) },
      quality: { testRmse, epochs },
      note,
      peakKilobytes: peakKilobytes(),
    };
  }
  throw unreached(target, best, most);
}

export const implementations: Implementations = { palate, libmf };
