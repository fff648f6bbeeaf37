import { setImmediate } from 'node:timers/promises';
import { fitBiases } from './baselines.js';
import { isRating, type MetricRequest } from './metric-names.js';
import { valuesOf } from './per-user.js';
import { popularityRanker } from './popularity-ranker.js';
import { randomRanker } from './random-ranker.js';
import { ratingErrors } from './rating-errors.js';
import { type RankingRun, recordRankings } from './record-rankings.js';

/** Metrics of what any model should beat. */
export interface Baselines {
  /** Items by how many training users have them. */
  popularity?: Record<string, number>;
  /** Items in random order. */
  random?: Record<string, number>;
  /** Ratings from the mean and the biases of user and item alone; see biasBaseline. */
  biases?: Record<string, number>;
}

/**
 * The same metrics of what needs no model: rankings by popularity and at random, and ratings from biases.
 * @param seed of the random order.
 */
export async function measureBaselines(
  run: RankingRun,
  requests: readonly MetricRequest[],
  seed: number,
): Promise<Baselines> {
  const { requests: ranking, catalogue, set, signal } = run;
  const baselines: Baselines = {};
  if (ranking.length > 0) {
    const popularity = await recordRankings(popularityRanker(catalogue), run);
    baselines.popularity = valuesOf(ranking, popularity, undefined);
    const random = await recordRankings(randomRanker(catalogue, seed), run);
    baselines.random = valuesOf(ranking, random, undefined);
  }
  if (requests.some(isRating)) {
    const fit = fitBiases(catalogue.seen);
    let sweep = fit.next();
    for (; !sweep.done; sweep = fit.next()) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    const biases = sweep.value;
    const errors = await ratingErrors(
      set,
      (users, items) => Float32Array.from(users, (user, n) => biases.predict(user, items[n] as number)),
      biases.range,
      signal,
    );
    baselines.biases = valuesOf(requests, [], errors);
  }
  return baselines;
}
