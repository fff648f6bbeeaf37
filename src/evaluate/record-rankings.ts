import type { Interactions } from '../dataset/interactions.js';
import type { Catalogue } from './catalogue.js';
import type { RankingRequest } from './metric-names.js';
import { rankAll } from './rank-all.js';
import { rankSampled, type SampledNegatives } from './rank-sampled.js';
import type { Ranker, RankingVisitor } from './ranker.js';
import { createRecorder, type Recorder } from './recorders.js';
import type { TestSet } from './test-set.js';

/** What is ranked, for whom, and what is measured of it. */
export interface RankingRun {
  requests: readonly RankingRequest[];
  set: TestSet;
  catalogue: Catalogue;
  /** What the users have: it is not offered to them. */
  seen: Interactions;
  /** List length where mrr alone asks for lists. */
  k: number;
  candidates: 'all' | SampledNegatives;
  signal: AbortSignal | undefined;
}

/** The metrics of one way to rank. */
export async function recordRankings(ranker: Ranker, run: RankingRun): Promise<Recorder[]> {
  const { requests, set, catalogue, seen, candidates, signal } = run;
  if (requests.length === 0) return [];
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
    const k = requests.reduce((most, request) => Math.max(most, request.k ?? 0), 0) || run.k;
    await rankAll(set, ranker, visitor, { seen, candidates: trained, k, fullRanking: late.length > 0, signal });
  } else {
    await rankSampled(set, ranker, visitor, { ...candidates, seen, trained, signal });
  }
  for (const recorder of recorders) await recorder.finish?.(signal);
  return recorders;
}
