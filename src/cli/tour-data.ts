import path from 'node:path';
import process from 'node:process';
import { cachedMovieLens, DataError, downloadMovieLens, SAMPLE_LABEL, sampleItems, sampleRatings } from '../index.js';
import { statOrUndefined } from './files.js';
import { readProgress } from './progress.js';
import { type Input, readInput } from './reading.js';
import type { Io } from './run.js';

const NAME = 'ml-latest-small';
/** Someone offline should not have to wait for what cannot come. */
const ANSWER_SECONDS = 5;

/** What the tour runs on, and where it is from. */
export interface TourData extends Input {
  /** For people: a path, or what the sample is. */
  label: string;
  simulated: boolean;
}

/** The folder given, else PALATE_DATA, else the cached or a fresh download of ml-latest-small, else the sample. */
export async function tourData(given: string | undefined, io: Io): Promise<TourData> {
  const folder = given ?? (process.env.PALATE_DATA || undefined);
  if (folder !== undefined) {
    const named = given === undefined ? 'PALATE_DATA' : '--data';
    // What was named and is not there is a mistake to mend, not a reason for other data.
    if ((await statOrUndefined(folder)) === undefined) {
      throw new DataError(`${named} ${folder}: no such file or folder`, { file: folder });
    }
    return fromPath(folder, io);
  }
  const cached = cachedMovieLens(NAME) ?? (await fetchData(io));
  if (cached !== undefined) return fromPath(cached, io);
  return { ratings: sampleRatings(), items: sampleItems(), users: undefined, label: SAMPLE_LABEL, simulated: true };
}

async function fromPath(source: string, io: Io): Promise<TourData> {
  return { ...(await readInput(source, {}, {}, io)), label: path.resolve(source), simulated: false };
}

/** Downloads the data set; undefined, with the reason on stderr, when that cannot be. */
async function fetchData(io: Io): Promise<string | undefined> {
  const progress = readProgress(NAME);
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new DataError(`No answer within ${ANSWER_SECONDS} s`)),
    ANSWER_SECONDS * 1000,
  );
  try {
    return await downloadMovieLens(NAME, {
      signal: AbortSignal.any([io.signal, silence.signal]),
      onProgress: (state) => {
        clearTimeout(timer);
        progress.update(state);
      },
    });
  } catch (error) {
    io.signal.throwIfAborted();
    io.note(`${(error as Error).message} Going on with the built-in sample instead of ${NAME}.`);
    return undefined;
  } finally {
    clearTimeout(timer);
    progress.stop();
  }
}
