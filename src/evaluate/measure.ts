import type { Dataset } from '../dataset/dataset.js';
import type { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import { type Baselines, measureBaselines } from './beside.js';
import { bootstrapIntervals, type Interval, type IntervalOptions } from './bootstrap.js';
import { describeCatalogue, type TrainingData } from './catalogue.js';
import { defineMetrics } from './definitions.js';
import { isRating, type MetricRequest, type RankingRequest } from './metric-names.js';
import { figuresOf, type PerUser, valuesOf } from './per-user.js';
import type { SampledNegatives } from './rank-sampled.js';
import type { Ranker } from './ranker.js';
import { type PredictIndices, ratingErrors } from './rating-errors.js';
import { recordRankings } from './record-rankings.js';
import type { Recorder } from './recorders.js';
import { mapTestSet, type TestSet } from './test-set.js';

/** What is measured: something that ranks and rates over the indices of its training data. */
export interface Measurable {
  readonly training: TrainingData;
  /** Whom it ranks for, and what they have: where these are not the users it was trained on. */
  readonly asked?: { users: Vocabulary; seen: Interactions };
  readonly ranker: Ranker;
  readonly predict: PredictIndices;
}

export interface MeasureOptions {
  requests: readonly MetricRequest[];
  /** List length where mrr alone asks for lists. */
  k: number;
  relevanceThreshold: number | undefined;
  candidates: 'all' | SampledNegatives;
  perUser: boolean;
  intervals?: Required<IntervalOptions> | undefined;
  baselines?: { seed: number } | undefined;
  signal: AbortSignal | undefined;
}

export interface Evaluation {
  /** Users with a relevant test item: those whom ranking metrics are means over. */
  users: number;
  /** Test rows. */
  interactions: number;
  /** Pairs of user and item that ranking metrics look for. */
  relevantInteractions: number;
  /** Distinct test users without a training interaction. */
  unknownUsers: number;
  /** Distinct test items without a training interaction. */
  unknownItems: number;
  /** Test rows of such a user or item. */
  unknownInteractions: number;
  /** Test rows that are left out of ranking metrics because the user has the item in training. */
  seenInteractions: number;
  /** Name to value, in the order asked for; NaN where nothing could be measured. */
  metrics: Record<string, number>;
  /** 95 % intervals over users, by the bootstrap, of the metrics that are figures of users. */
  intervals?: Record<string, Interval>;
  baselines?: Baselines;
  perUser?: PerUser;
  /** Name to one sentence; also the terms `relevant`, `candidates` and `known`. */
  definitions: Record<string, string>;
}

export async function measure(model: Measurable, test: Dataset, options: MeasureOptions): Promise<Evaluation> {
  const { requests, relevanceThreshold, candidates, intervals, signal } = options;
  const { training } = model;
  const catalogue = describeCatalogue(training);
  const set = mapTestSet(test, { ...training, ...model.asked }, catalogue.trained, relevanceThreshold);
  const ranking = requests.filter((request): request is RankingRequest => !isRating(request));
  const run = { ...options, requests: ranking, catalogue, set, seen: (model.asked ?? training).seen };
  const recorders = await recordRankings(model.ranker, run);
  const ratings = requests.some(isRating)
    ? await ratingErrors(set, model.predict, training.seen.valueRange(), signal)
    : undefined;

  const perUser = perUserOf(set, recorders, ratings);
  const figures = figuresOf(perUser);
  return {
    users: set.users.length,
    interactions: test.interactions.size,
    relevantInteractions: set.relevantItems.length,
    unknownUsers: set.unknownUsers,
    unknownItems: set.unknownItems,
    unknownInteractions: set.unknownInteractions,
    seenInteractions: set.seenInteractions,
    metrics: valuesOf(requests, recorders, ratings),
    ...(intervals && {
      intervals: {
        ...(await bootstrapIntervals(figures.ranking, intervals, signal)),
        ...(await bootstrapIntervals(figures.rating, intervals, signal)),
      },
    }),
    ...(options.baselines && { baselines: await measureBaselines(run, requests, options.baselines.seed) }),
    ...(options.perUser ? { perUser } : {}),
    definitions: defineMetrics(requests, {
      relevanceThreshold,
      sampledNegatives: candidates === 'all' ? undefined : candidates.sampledNegatives,
    }),
  };
}

function perUserOf({ users }: TestSet, recorders: readonly Recorder[], ratings: PerUser['ratings']): PerUser {
  const metrics: Record<string, Float64Array> = {};
  for (const { name, perUser } of recorders) if (perUser !== undefined) metrics[name] = perUser;
  return { users, metrics, ...(ratings && { ratings }) };
}
