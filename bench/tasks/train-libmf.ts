import { once, peakKilobytes } from '../measure.js';
import type { Measurement, Work } from '../types.js';
import { loadLibmf, readProblem } from './libmf.js';

/**
 * LIBMF tells no time of its epochs, so one is the difference between two fits. The first fit is also the warm-up: it
 * holds what sorting the ratings into blocks takes.
 */
export function libmf({ input, parameters, threads }: Work): Measurement {
  const { note, train } = loadLibmf();
  const problem = readProblem(input, 'train');
  const epochs = parameters.epochs as number;
  const first = train(problem, { epochs: 1, parameters, threads });
  first.free();
  const whole = train(problem, { epochs, parameters, threads });
  const seconds = (whole.seconds - first.seconds) / (epochs - 1);
  const peak = peakKilobytes();
  const testRmse = whole.rmse(readProblem(input, 'test'));
  whole.free();
  return {
    seconds: once(seconds),
    // A difference of two times, which noise may make negative on small data.
    parts: { 'before and after': Math.max(0, first.seconds - seconds) },
    quality: { testRmse },
    note,
    peakKilobytes: peak,
  };
}
