import { type Catalogue, countNonZero } from './catalogue.js';
import type { ListMetric, RankingRequest } from './metric-names.js';
import * as metrics from './metrics.js';
import type { RankedUser } from './ranker.js';

/** Collects one ranking metric while users are ranked. */
export interface Recorder {
  readonly name: string;
  /** (users) its value of each user, where it is a mean over users. */
  readonly perUser?: Float64Array;
  visit(user: RankedUser): void;
  /** For mrr: the rank of a first hit that was not in the list of `visit`. */
  visitLate?(ordinal: number, rank: number): void;
  /** NaN without users. */
  value(): number;
}

/** @param users how many will be visited. */
export function createRecorder({ name, kind, k }: RankingRequest, users: number, catalogue: Catalogue): Recorder {
  if (kind === 'mrr') return recordReciprocalRanks(name, users);
  if (kind === 'coverage') return recordCoverage(name, k, catalogue);
  const { information } = catalogue;
  if (kind === 'novelty') {
    return recordMean(name, users, ({ list }) => metrics.meanOver(list, k, information));
  }
  const score = SCORES[kind];
  return recordMean(name, users, ({ ranks, relevant }) => score(ranks, k, relevant));
}

const SCORES: Record<
  Exclude<ListMetric, 'coverage' | 'novelty'>,
  (ranks: ArrayLike<number>, k: number, relevant: number) => number
> = {
  precision: metrics.precisionAt,
  recall: metrics.recallAt,
  ndcg: metrics.ndcgAt,
  ndcgFull: metrics.ndcgFullAt,
  hitRate: metrics.hitRateAt,
  map: metrics.averagePrecisionAt,
};

function recordMean(
  name: string,
  users: number,
  score: (user: RankedUser) => number,
): Recorder & { perUser: Float64Array } {
  const perUser = new Float64Array(users);
  return {
    name,
    perUser,
    visit(user) {
      perUser[user.ordinal] = score(user);
    },
    value: () => metrics.mean(perUser),
  };
}

function recordReciprocalRanks(name: string, users: number): Recorder {
  const recorder = recordMean(name, users, ({ ranks }) => metrics.reciprocalRank(ranks));
  return {
    ...recorder,
    visitLate(ordinal, rank) {
      recorder.perUser[ordinal] = 1 / rank;
    },
  };
}

function recordCoverage(name: string, k: number, catalogue: Catalogue): Recorder {
  const listed = new Uint8Array(catalogue.information.length);
  let visited = false;
  return {
    name,
    visit({ list }) {
      visited = true;
      for (let n = 0; n < list.length && n < k; n++) listed[list[n] as number] = 1;
    },
    value: () => (visited ? countNonZero(listed) / catalogue.size : Number.NaN),
  };
}
