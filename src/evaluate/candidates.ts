import { Random } from '../dataset/random.js';
import type { TestSet, TrainingSide } from './test-set.js';

/** Items that each of some users is not offered, ascending within a user: (users + 1) and (excluded). */
export interface Exclusions {
  offsets: Uint32Array;
  items: Uint32Array;
}

/** Which items compete for the places of a list. */
export interface Candidates {
  /** (numItems) 1 for the items with a training interaction. */
  readonly trained: Uint8Array;
  /** Largest number of exclusions of one user. */
  readonly maxExclusions: number;
  /** @param ordinals positions in `TestSet.users`. */
  exclusions(ordinals: Uint32Array): Exclusions;
}

export interface SampledNegatives {
  sampledNegatives: number;
  seed: number;
}

/** All trained items less those the user has in training. */
export function allCandidates(set: TestSet, { seen }: TrainingSide): Candidates {
  const seenOf = (ordinal: number): Uint32Array => seen.itemsOf(set.users[ordinal] as number);
  let maxExclusions = 0;
  for (let i = 0; i < set.users.length; i++) maxExclusions = Math.max(maxExclusions, seenOf(i).length);
  return {
    trained: markTrained(seen.itemCounts()),
    maxExclusions,
    exclusions(ordinals) {
      const offsets = new Uint32Array(ordinals.length + 1);
      for (let i = 0; i < ordinals.length; i++) {
        offsets[i + 1] = (offsets[i] as number) + seenOf(ordinals[i] as number).length;
      }
      const items = new Uint32Array(offsets[ordinals.length] as number);
      for (let i = 0; i < ordinals.length; i++) items.set(seenOf(ordinals[i] as number), offsets[i]);
      return { offsets, items };
    },
  };
}

/**
 * The user's relevant items and others drawn uniformly without replacement from the trained items that he has neither
 * in training nor in the test; all of these where there are not enough. A user's draw depends on the seed and on his
 * position in the test set alone.
 */
export function sampledCandidates(
  set: TestSet,
  { seen, items: { size: numItems } }: TrainingSide,
  { sampledNegatives, seed }: SampledNegatives,
): Candidates {
  const trained = markTrained(seen.itemCounts());
  const random = new Random(seed);
  const seeds = Uint32Array.from(set.users, () => random.uint32());
  const blocked = new Uint8Array(numItems);
  const chosen = new Uint8Array(numItems);
  const pool = new Uint32Array(numItems);

  const choose = (ordinal: number): void => {
    blocked.fill(0);
    for (const item of seen.itemsOf(set.users[ordinal] as number)) blocked[item] = 1;
    const rows = set.rowItems.subarray(set.userRows[2 * ordinal], set.userRows[2 * ordinal + 1]);
    // An item unknown to the model lies beyond the array, where a write does nothing.
    for (const item of rows) blocked[item] = 1;
    let size = 0;
    for (let item = 0; item < numItems; item++) {
      if (trained[item] === 1 && blocked[item] === 0) pool[size++] = item;
    }
    chosen.fill(0);
    for (const item of relevantOf(set, ordinal)) chosen[item] = 1;
    shuffleHead(pool, size, Math.min(sampledNegatives, size), new Random(seeds[ordinal] as number));
    for (const item of pool.subarray(0, Math.min(sampledNegatives, size))) chosen[item] = 1;
  };

  return {
    trained,
    maxExclusions: numItems,
    exclusions(ordinals) {
      const offsets = new Uint32Array(ordinals.length + 1);
      const items = new Uint32Array(ordinals.length * numItems);
      let next = 0;
      for (let i = 0; i < ordinals.length; i++) {
        choose(ordinals[i] as number);
        for (let item = 0; item < numItems; item++) if (chosen[item] === 0) items[next++] = item;
        offsets[i + 1] = next;
      }
      return { offsets, items: items.subarray(0, next) };
    },
  };
}

/** View of the relevant items of a user. */
export function relevantOf({ relevantItems, relevantOffsets }: TestSet, ordinal: number): Uint32Array {
  return relevantItems.subarray(relevantOffsets[ordinal], relevantOffsets[ordinal + 1]);
}

function markTrained(counts: Uint32Array): Uint8Array {
  return Uint8Array.from(counts, (count) => (count > 0 ? 1 : 0));
}

/** Fisher-Yates of the first `count` places of pool[0, size). */
function shuffleHead(pool: Uint32Array, size: number, count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const other = i + random.below(size - i);
    const item = pool[i] as number;
    pool[i] = pool[other] as number;
    pool[other] = item;
  }
}
