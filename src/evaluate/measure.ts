import type { Dataset } from '../dataset/dataset.js';
import { type Catalogue, describeCatalogue, type TrainingData } from './catalogue.js';
import { defineMetrics } from './definitions.js';
import { isRating, type MetricRequest, type RankingRequest } from './metric-names.js';
import { rankAll } from './rank-all.js';
import { rankSampled, type SampledNegatives } from './rank-sampled.js';
import type { Ranker, RankingVisitor } from './ranker.js';
import { type PredictIndices, ratingErrors } from './rating-errors.js';
import { createRecorder, type Recorder } from './recorders.js';
import { mapTestSet, type TestSet } from './test-set.js';

/** What is measured: something that ranks and rates over the indices of its training data. */
export interface Measurable {
  readonly training: TrainingData;
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
  signal: AbortSignal | undefined;
}

/** Values of each user who counts in ranking metrics. */
export interface PerUser {
  /** (users) user index of the model. */
  users: Uint32Array;
  /** (users) of each metric that is a mean over users. */
  metrics: Record<string, Float64Array>;
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
  perUser?: PerUser;
  /** Name to one sentence; also the terms `relevant`, `candidates` and `known`. */
  definitions: Record<string, string>;
}

export async function measure(model: Measurable, test: Dataset, options: MeasureOptions): Promise<Evaluation> {
  const { requests, relevanceThreshold, candidates, signal } = options;
  const { training } = model;
  const catalogue = describeCatalogue(training);
  const set = mapTestSet(test, training, catalogue.trained, relevanceThreshold);
  const ranking = requests.filter((request): request is RankingRequest => !isRating(request));
  const recorders = ranking.length === 0 ? [] : await recordRankings(model, catalogue, set, ranking, options);
  const errors = requests.some(isRating)
    ? await ratingErrors(set, model.predict, training.seen.valueRange(), signal)
    : undefined;

  const values = new Map(recorders.map((recorder) => [recorder.name, recorder.value()]));
  const metrics: Record<string, number> = {};
  for (const { name, kind } of requests) {
    metrics[name] = kind === 'rmse' || kind === 'mae' ? (errors?.[kind] as number) : (values.get(name) as number);
  }
  return {
    users: set.users.length,
    interactions: test.interactions.size,
    relevantInteractions: set.relevantItems.length,
    unknownUsers: set.unknownUsers,
    unknownItems: set.unknownItems,
    unknownInteractions: set.unknownInteractions,
    seenInteractions: set.seenInteractions,
    metrics,
    ...(options.perUser ? { perUser: perUserOf(set, recorders) } : {}),
    definitions: defineMetrics(requests, {
      relevanceThreshold,
      sampledNegatives: candidates === 'all' ? undefined : candidates.sampledNegatives,
    }),
  };
}

async function recordRankings(
  { training: { seen }, ranker }: Measurable,
  catalogue: Catalogue,
  set: TestSet,
  requests: readonly RankingRequest[],
  { k, candidates, signal }: MeasureOptions,
): Promise<Recorder[]> {
  const recorders = requests.map((request) => createRecorder(request, set.users.length, catalogue));
  const late = recorders.filter((recorder) => recorder.visitLate !== undefined);
  const visitor: RankingVisitor = {
    visit(user) {
      for (const recorder of recorders) recorder.visit(user);
    },
    visitLate(ordinal, rank) {
      for (const recorder of late) recorder.visitLate?.(ordinal, rank);
    },
  };
  const { trained } = catalogue;
  if (candidates === 'all') {
    const longest = requests.reduce((most, request) => Math.max(most, request.k ?? 0), 0) || k;
    await rankAll(set, ranker, visitor, {
      seen,
      candidates: trained,
      k: longest,
      fullRanking: late.length > 0,
      signal,
    });
  } else {
    await rankSampled(set, ranker, visitor, { ...candidates, seen, trained, signal });
  }
  return recorders;
}

/** The metrics that are means over users. */
function perUserOf({ users }: TestSet, recorders: readonly Recorder[]): PerUser {
  const metrics: Record<string, Float64Array> = {};
  for (const { name, perUser } of recorders) if (perUser !== undefined) metrics[name] = perUser;
  return { users, metrics };
}
