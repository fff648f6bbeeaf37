import { Random } from '../dataset/random.js';
import { UNKNOWN } from '../recommend/unknown.js';
import type { Catalogue } from './catalogue.js';
import type { Ranker } from './ranker.js';

/**
 * Ranks in random order, another one for each user; every order is equally likely. It draws from one sequence, so users
 * must come in the same order for the same figures.
 */
export function randomRanker({ trained }: Catalogue, seed: number): Ranker {
  const random = new Random(seed);
  const pool = Uint32Array.from(trained.keys()).filter((item) => trained[item] === 1);
  /** (numItems) the user, as his number + 1, from whom an item is hidden. */
  const hidden = new Uint32Array(trained.length);
  let asked = 0;

  /** Hides the items; returns how many of the pool are left. */
  const hide = (items: Uint32Array): number => {
    asked++;
    let left = pool.length;
    for (const item of items) if (trained[item] === 1) left--;
    for (const item of items) hidden[item] = asked;
    return left;
  };
  return {
    dim: 0,
    async rank({ users, exclude, k }) {
      const lists = new Uint32Array(users.length * k).fill(UNKNOWN);
      for (let row = 0; row < users.length; row++) {
        const left = hide(exclude.items.subarray(exclude.offsets[row], exclude.offsets[row + 1]));
        // Fisher-Yates as far as needed; the order that earlier users left behind is as good as any to start from.
        const wanted = Math.min(k, left);
        for (let place = 0, found = 0; found < wanted; place++) {
          const other = place + random.below(pool.length - place);
          const item = pool[other] as number;
          pool[other] = pool[place] as number;
          pool[place] = item;
          if (hidden[item] !== asked) lists[row * k + found++] = item;
        }
      }
      return lists;
    },
    async rankFirst({ users, exclude, targets, listed }) {
      return users.map((_, row) => {
        const left = hide(exclude.items.subarray(exclude.offsets[row], exclude.offsets[row + 1]));
        const size = (targets.offsets[row + 1] as number) - (targets.offsets[row] as number);
        return listed + 1 + leastOf(size, left - listed, random);
      });
    },
    rankAmong(_, items) {
      const list = items.slice();
      for (let place = list.length - 1; place > 0; place--) {
        const other = random.below(place + 1);
        const item = list[other] as number;
        list[other] = list[place] as number;
        list[place] = item;
      }
      return list;
    },
  };
}

/** The least of `size` different numbers below `limit`, all sets of which are equally likely. */
function leastOf(size: number, limit: number, random: Random): number {
  if (2 * size >= limit) {
    // It is among the first few.
    let least = 0;
    while (random.below(limit - least) >= size) least++;
    return least;
  }
  const drawn = new Set<number>();
  let least = limit;
  while (drawn.size < size) {
    const draw = random.below(limit);
    drawn.add(draw);
    if (draw < least) least = draw;
  }
  return least;
}
