import { rangeError, typeError } from '../options.js';
import {
  type Figure,
  figureOf,
  type Interval,
  type IntervalOptions,
  percentileInterval,
  readIntervalOptions,
  resampleFigures,
} from './bootstrap.js';
import type { Evaluation } from './measure.js';
import { figuresOf, type PerUser } from './per-user.js';

/** A difference of two models, and what it would be for other users. */
export interface Difference extends Interval {
  /** First model minus second. */
  difference: number;
}

/**
 * How far two models differ on the same test users, metric by metric, with paired 95 % intervals: users are drawn with
 * replacement, and each sample gives the difference of both models on it. An interval without 0 is a difference that
 * another draw of users would most likely show too; the intervals of the models themselves may overlap all the same, as
 * users who are easy for one are easy for the other.
 *
 * @param first an evaluation with `perUser`, as is `second`, of models trained on the same data and by the same test.
 * @returns the metrics that both have and that are figures of users: not coverage and gini, which belong to all lists.
 * @throws TypeError without `perUser`; RangeError where the users differ.
 */
export async function compareEvaluations(
  first: Evaluation,
  second: Evaluation,
  options: IntervalOptions & { signal?: AbortSignal } = {},
): Promise<Record<string, Difference>> {
  const { signal, ...rest } = options;
  const resolved = readIntervalOptions(rest);
  const [a, b] = [perUserOf(first, 'first'), perUserOf(second, 'second')];
  const differences: Record<string, Difference> = {};
  for (const kind of ['ranking', 'rating'] as const) {
    const [mine, theirs] = [figuresOf(a)[kind], figuresOf(b)[kind]];
    const shared = Object.keys(mine).filter((name) => name in theirs);
    if (shared.length === 0) continue;
    if (!sameUsers(a, b, kind)) throw rangeError('second', 'an evaluation of the same test users', 'other users');
    const pairs = shared.flatMap((name) => [mine[name] as Figure, theirs[name] as Figure]);
    const users = (pairs[0] as Figure).totals.length;
    const samples = users < 2 ? [] : await resampleFigures(pairs, users, resolved, signal);
    for (const [n, name] of shared.entries()) {
      const other = samples[2 * n + 1];
      const gaps = samples[2 * n]?.map((value, at) => value - ((other as Float64Array)[at] as number));
      differences[name] = {
        difference: figureOf(mine[name] as Figure) - figureOf(theirs[name] as Figure),
        ...percentileInterval(gaps ?? new Float64Array(0)),
      };
    }
  }
  return differences;
}

function perUserOf(evaluation: Evaluation, name: string): PerUser {
  if (evaluation?.perUser === undefined) throw typeError(name, 'an evaluation with `perUser: true`', evaluation);
  return evaluation.perUser;
}

function sameUsers(a: PerUser, b: PerUser, kind: 'ranking' | 'rating'): boolean {
  const [x, y] = kind === 'ranking' ? [a.users, b.users] : [a.ratings?.users, b.ratings?.users];
  return x?.length === y?.length && (x ?? []).every((user, n) => user === y?.[n]);
}
