import { expectInt, expectOneOf, rangeError, typeError } from '../options.js';

/** Metrics of the first k places of each list. */
const LIST_METRICS = [
  'precision',
  'recall',
  'truncatedRecall',
  'ndcg',
  'ndcgFull',
  'hitRate',
  'map',
  'coverage',
  'novelty',
  'diversity',
  'popularity',
  'gini',
] as const;
/** Metrics of predicted ratings. */
const RATING_METRICS = ['rmse', 'mae'] as const;
const METRICS = [...LIST_METRICS, 'mrr', ...RATING_METRICS] as const;

export type ListMetric = (typeof LIST_METRICS)[number];
export type RatingMetric = (typeof RATING_METRICS)[number];

/** Metrics as they are named in the result: `ndcg@10`, `mrr`, `rmse`. */
export type RankingRequest =
  | { name: string; kind: ListMetric; k: number }
  | { name: string; kind: 'mrr'; k?: undefined };
export type RatingRequest = { name: string; kind: RatingMetric; k?: undefined };
export type MetricRequest = RankingRequest | RatingRequest;

export function isRating(request: MetricRequest): request is RatingRequest {
  return request.kind === 'rmse' || request.kind === 'mae';
}

/** What is computed when no metrics are named; the rating metrics only where there are ratings to compare. */
const DEFAULTS = [
  'precision',
  'recall',
  'ndcg',
  'hitRate',
  'map',
  'mrr',
  'coverage',
  'novelty',
  'diversity',
  'popularity',
  'gini',
] as const;

/** Values of k, ascending and unique. */
export function readCutOffs(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw rangeError('k', 'an integer >= 1 or a non-empty array of them', value);
  const ks = list.map((k) => expectInt('k', k, { min: 1 }));
  return Array.from(new Set(ks)).sort((a, b) => a - b);
}

/**
 * The metrics asked for, each once. A list metric without `@` stands for one at each of `ks`, `ndcg@5` for itself.
 * RangeError that names the nearest metric for an unknown one.
 * @param rated whether there are ratings for rmse and mae.
 */
export function readMetrics(value: unknown, ks: readonly number[], rated: boolean): MetricRequest[] {
  const names = value ?? (rated ? [...DEFAULTS, ...RATING_METRICS] : DEFAULTS);
  if (!Array.isArray(names)) throw typeError('metrics', 'an array of metric names', value);
  if (names.length === 0) throw rangeError('metrics', 'a non-empty array of metric names', value);
  const requests = new Map<string, MetricRequest>();
  for (const name of names as readonly unknown[]) {
    for (const request of readMetric(name, ks)) requests.set(request.name, request);
  }
  const rating = Array.from(requests.values()).find(isRating);
  if (rating !== undefined && !rated) {
    throw rangeError('metrics', 'ranking metrics: the model or the test data has no ratings', rating.name);
  }
  return Array.from(requests.values());
}

function readMetric(value: unknown, ks: readonly number[]): MetricRequest[] {
  const at = typeof value === 'string' ? value.indexOf('@') : -1;
  const kind = expectOneOf('metrics', at < 0 ? value : (value as string).slice(0, at), METRICS);
  if (kind === 'mrr' || kind === 'rmse' || kind === 'mae') {
    if (at >= 0) throw rangeError('metrics', `'${kind}' without @, as it has no cut-off`, value);
    return [{ name: kind, kind }];
  }
  if (at < 0) return ks.map((k) => ({ name: `${kind}@${k}`, kind, k }));
  const text = (value as string).slice(at + 1);
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw rangeError('metrics', `'${kind}@k' with an integer k >= 1`, value);
  return [{ name: `${kind}@${text}`, kind, k: Number(text) }];
}
