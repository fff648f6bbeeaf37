import { setImmediate } from 'node:timers/promises';
import type { Interactions } from '../dataset/interactions.js';
import { Random } from '../dataset/random.js';
import { type Ranker, type RankingVisitor, relevantOf } from './ranker.js';
import type { TestSet } from './test-set.js';

export interface SampledNegatives {
  /** How many a user. */
  sampledNegatives: number;
  seed: number;
}

/** Users after which the event loop gets its turn. */
const TURN = 512;

/** Ranks the sampled candidates of each user of a test set, all of them, in the order of `TestSet.users`. */
export async function rankSampled(
  set: TestSet,
  ranker: Ranker,
  visitor: RankingVisitor,
  options: SampledNegatives & { seen: Interactions; trained: Uint8Array; signal: AbortSignal | undefined },
): Promise<void> {
  const sample = candidateSampler(set, options.seen, options.trained, options);
  for (let ordinal = 0; ordinal < set.users.length; ordinal++) {
    if (ordinal % TURN === 0) {
      await setImmediate();
      options.signal?.throwIfAborted();
    }
    const list = ranker.rankAmong(set.users[ordinal] as number, sample(ordinal));
    const relevant = new Set(relevantOf(set, ordinal));
    const ranks: number[] = [];
    for (let i = 0; i < list.length; i++) if (relevant.has(list[i] as number)) ranks.push(i + 1);
    visitor.visit({ ordinal, list, ranks, relevant: relevant.size });
  }
}

/**
 * Candidates of one user after another: his relevant items, and others drawn uniformly without replacement from the
 * trained items that he has neither in training nor in the test; all of these where there are not enough.
 * @returns a function of the position in `TestSet.users`, to be called for 0, 1, ... as it draws from one sequence; its
 *   result is ascending.
 */
export function candidateSampler(
  set: TestSet,
  seen: Interactions,
  trained: Uint8Array,
  { sampledNegatives, seed }: SampledNegatives,
): (ordinal: number) => Uint32Array {
  const random = new Random(seed);
  const pool = Uint32Array.from(trained.keys()).filter((item) => trained[item] === 1);
  /** (numItems) the user, as ordinal + 1, for whom an item was last barred from the draw. */
  const barredFor = new Uint32Array(trained.length);

  return (ordinal) => {
    for (const item of seen.itemsOf(set.users[ordinal] as number)) barredFor[item] = ordinal + 1;
    const rows = set.rowItems.subarray(set.userRows[2 * ordinal], set.userRows[2 * ordinal + 1]);
    // An item unknown to the model lies beyond the array, where a write does nothing.
    for (const item of rows) barredFor[item] = ordinal + 1;
    const chosen = Array.from(relevantOf(set, ordinal));
    const wanted = chosen.length + sampledNegatives;
    // Fisher-Yates as far as needed; the order that earlier users left behind is as good as any to start from.
    for (let i = 0; i < pool.length && chosen.length < wanted; i++) {
      const other = i + random.below(pool.length - i);
      const item = pool[other] as number;
      pool[other] = pool[i] as number;
      pool[i] = item;
      if (barredFor[item] !== ordinal + 1) chosen.push(item);
    }
    return Uint32Array.from(chosen).sort();
  };
}
