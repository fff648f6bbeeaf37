import type { LikesConfig } from '../../src/native/binding.js';
import type { LikeLists } from '../oracle/count-cooccurrence.js';
import { OracleRng } from '../oracle/train-rng.js';

/** Random likes of skewed popularity; every third user likes nothing, and so does nobody the last item. */
export function randomLikes(numUsers: number, numItems: number, seed: number): number[][] {
  const rng = new OracleRng(seed, 0n);
  const chance = (): number => Number(rng.next() >> 40n) / 2 ** 24;
  return Array.from({ length: numUsers }, (_, user) =>
    Array.from({ length: Math.max(0, numItems - 1) }, (_, item) => item).filter(
      (item) => user % 3 !== 2 && chance() < 0.8 / (1 + (4 * item) / numItems),
    ),
  );
}

/** The arrays that native code reads. */
export function likesConfig(likes: LikeLists, numItems: number, threads = 1): LikesConfig {
  const offsets = new Uint32Array(likes.length + 1);
  for (const [user, items] of likes.entries()) offsets[user + 1] = (offsets[user] as number) + items.length;
  return { offsets, items: Uint32Array.from(likes.flat()), numItems, threads };
}
