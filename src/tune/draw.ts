import { Random } from '../dataset/random.js';
import { type Axis, type Values, valueAt } from './space.js';

/** Tries at a trial that is none of those before. */
const MOST_TRIES = 1000;

/**
 * At most `trials` different points of a space, drawn independently; fewer where a thousand draws in a row bring nothing
 * new, as in a space of few values. More trials of the same seed begin with the same ones.
 * @param accepts points that it refuses are drawn again. Default: takes all.
 */
export function drawTrials(
  axes: readonly Axis[],
  trials: number,
  seed: number,
  accepts: (values: Values) => boolean = () => true,
): Values[] {
  const random = new Random(seed);
  const drawn = new Map<string, Values>();
  for (let tries = 0; drawn.size < trials && tries < MOST_TRIES; tries++) {
    const values = Object.fromEntries(axes.map((axis) => [axis.key, valueAt(axis, random.float())]));
    const name = JSON.stringify(values);
    if (drawn.has(name) || !accepts(values)) continue;
    drawn.set(name, values);
    tries = -1;
  }
  return [...drawn.values()];
}
