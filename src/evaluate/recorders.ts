import type { Catalogue } from './catalogue.js';
import { listDiversity } from './diversity.js';
import type { ListMetric, RankingRequest } from './metric-names.js';
import * as metrics from './metrics.js';
import type { RankedUser } from './ranker.js';

/** Collects one ranking metric while users are ranked. */
export interface Recorder {
  readonly name: string;
  /** (users) its value of each user, where it is a mean over users; NaN for one who does not count. */
  readonly perUser?: Float64Array;
  visit(user: RankedUser): void;
  /** For mrr: the rank of a first hit that was not in the list of `visit`. */
  visitLate?(ordinal: number, rank: number): void;
  /** What is left to do once all users were visited. */
  finish?(signal: AbortSignal | undefined): Promise<void>;
  /** NaN without users. */
  value(): number;
}

/** Lists at most whose diversity is measured. */
export const DIVERSE_LISTS = 2000;

/** @param users how many will be visited. */
export function createRecorder({ name, kind, k }: RankingRequest, users: number, catalogue: Catalogue): Recorder {
  switch (kind) {
    case 'mrr':
      return recordReciprocalRanks(name, users);
    case 'coverage':
      return recordExposure(name, k, catalogue, metrics.coverageOf);
    case 'gini':
      return recordExposure(name, k, catalogue, metrics.giniOf);
    case 'diversity':
      return recordDiversity(name, k, users, catalogue);
    case 'novelty':
      return recordMean(name, users, ({ list }) => metrics.meanOver(list, k, catalogue.information));
    case 'popularity':
      return recordMean(name, users, ({ list }) => metrics.meanOver(list, k, catalogue.popularity));
    default: {
      const score = SCORES[kind];
      return recordMean(name, users, ({ ranks, relevant }) => score(ranks, k, relevant));
    }
  }
}

const SCORES: Record<
  Exclude<ListMetric, 'coverage' | 'gini' | 'diversity' | 'novelty' | 'popularity'>,
  (ranks: ArrayLike<number>, k: number, relevant: number) => number
> = {
  precision: metrics.precisionAt,
  recall: metrics.recallAt,
  truncatedRecall: metrics.truncatedRecallAt,
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

/** A metric of how often each training item is listed. */
function recordExposure(
  name: string,
  k: number,
  { trained }: Catalogue,
  measure: (exposures: Float64Array) => number,
): Recorder {
  const listed = new Uint32Array(trained.length);
  let visited = false;
  return {
    name,
    visit({ list }) {
      visited = true;
      for (let n = 0; n < list.length && n < k; n++) {
        const item = list[n] as number;
        listed[item] = (listed[item] as number) + 1;
      }
    },
    value: () => (visited ? measure(Float64Array.from(listed.filter((_, item) => trained[item] === 1))) : Number.NaN),
  };
}

/** Of evenly spaced users where there are many, as a list takes as long as its items have users. */
function recordDiversity(name: string, k: number, users: number, catalogue: Catalogue): Recorder {
  const stride = Math.ceil(users / DIVERSE_LISTS);
  const perUser = new Float64Array(users).fill(Number.NaN);
  const ordinals: number[] = [];
  const lists: Uint32Array[] = [];
  return {
    name,
    perUser,
    visit({ ordinal, list }) {
      if (ordinal % stride !== 0) return;
      ordinals.push(ordinal);
      // A copy: what is visited is a view of many lists.
      lists.push(list.slice(0, k));
    },
    async finish(signal) {
      const values = await listDiversity(lists, catalogue, signal);
      for (const [n, ordinal] of ordinals.entries()) perUser[ordinal] = values[n] as number;
    },
    value: () => metrics.mean(perUser.filter((value) => !Number.isNaN(value))),
  };
}
