import { type Figure, figureOf } from './bootstrap.js';
import type { MetricRequest } from './metric-names.js';
import type { RatingErrors } from './rating-errors.js';
import type { Recorder } from './recorders.js';

/** Values of each user. */
export interface PerUser {
  /** (users) those who count in ranking metrics, as user indices of the model, or of `histories`. */
  users: Uint32Array;
  /** (users) of each metric that is a mean over users; NaN for those whom diversity leaves out. */
  metrics: Record<string, Float64Array>;
  /** Of rmse and mae: sums over the test rows of a user. */
  ratings?: RatingErrors;
}

/** What the metrics of an evaluation are sums over: users with something relevant, and users with test rows. */
export interface Figures {
  ranking: Record<string, Figure>;
  rating: Record<string, Figure>;
}

export function figuresOf({ metrics, ratings }: Pick<PerUser, 'metrics' | 'ratings'>): Figures {
  const ranking = Object.fromEntries(Object.entries(metrics).map(([name, totals]) => [name, { totals }]));
  if (ratings === undefined) return { ranking, rating: {} };
  const { rows: sizes, squaredErrors, absoluteErrors } = ratings;
  return {
    ranking,
    rating: { rmse: { totals: squaredErrors, sizes, root: true }, mae: { totals: absoluteErrors, sizes } },
  };
}

/** The metrics asked for, in that order; those that were not measured are left out. */
export function valuesOf(
  requests: readonly MetricRequest[],
  recorders: readonly Recorder[],
  ratings: RatingErrors | undefined,
): Record<string, number> {
  const { rating } = figuresOf({ metrics: {}, ...(ratings && { ratings }) });
  const values = new Map<string, number>([
    ...recorders.map((recorder) => [recorder.name, recorder.value()] as const),
    ...Object.entries(rating).map(([name, figure]) => [name, figureOf(figure)] as const),
  ]);
  const metrics: Record<string, number> = {};
  for (const { name } of requests) {
    const value = values.get(name);
    if (value !== undefined) metrics[name] = value;
  }
  return metrics;
}
