import type { Dataset } from '../dataset/dataset.js';
import { Random } from '../dataset/random.js';
import { expectInt, expectKnownKeys, expectNumber, rangeError } from '../options.js';
import { drawParts, partOf, partSizes } from './parts.js';

/** Options of `holdOutUsers`. */
export interface HoldOutUsersOptions {
  /** How many users to hold out. Default: a tenth of them, rounded up. */
  users?: number;
  /** Share of a held-out user's interactions that is his history; the others are the test. Default .8. */
  history?: number;
  /** Default 42. */
  seed?: number;
}

const TRAIN = 0;
const HISTORY = 1;
const TEST = 2;

/**
 * Strong generalisation (Marlin 2004; Liang et al. 2018): some users are held out as a whole, and what they have is shared
 * out at random to a history, from which they are folded in, and a test:
 * `evaluate(await train(parts.train, …), parts.test, { histories: parts.histories })`. For validation users hold some out
 * of `train` again.
 *
 * A user's rows are shared out by largest remainder, ties to the history; one too small for a test row has a history alone.
 */
export function holdOutUsers(
  data: Dataset,
  options: HoldOutUsersOptions = {},
): { train: Dataset; histories: Dataset; test: Dataset } {
  expectKnownKeys('holdOutUsers', options, ['users', 'history', 'seed']);
  const history = expectNumber('history', options.history ?? 0.8, { min: 0, max: 1, exclusiveMin: true });
  if (history === 1) throw rangeError('history', 'a number > 0 and < 1', history);
  const random = new Random(expectInt('seed', options.seed ?? 42));
  const { offsets, size } = data.interactions;
  const counts = data.interactions.userCounts();
  const present = Array.from(counts.keys()).filter((user) => (counts[user] as number) > 0);
  const held = expectInt('users', options.users ?? Math.ceil(present.length / 10), {
    min: 1,
    max: Math.max(1, present.length - 1),
  });
  const isHeld = new Uint8Array(present.length);
  drawParts(isHeld, 0, present.length, [present.length - held, held], random);
  const labels = new Uint8Array(size).fill(TRAIN);
  for (const [n, user] of present.entries()) {
    if (isHeld[n] === 0) continue;
    const begin = offsets[user] as number;
    const end = offsets[user + 1] as number;
    drawParts(labels, begin, end, partSizes(end - begin, [history, 1 - history]), random);
    for (let row = begin; row < end; row++) labels[row] = labels[row] === 0 ? HISTORY : TEST;
  }
  return {
    train: partOf(data, labels, TRAIN),
    histories: partOf(data, labels, HISTORY),
    test: partOf(data, labels, TEST),
  };
}
