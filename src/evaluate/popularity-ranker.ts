import { UNKNOWN } from '../recommend/unknown.js';
import type { Catalogue } from './catalogue.js';
import type { Ranker } from './ranker.js';

/** Ranks for everyone by how many training users have an item: the first thing that a model has to beat. */
export function popularityRanker({ trained, counts }: Catalogue): Ranker {
  const order = Uint32Array.from(trained.keys())
    .filter((item) => trained[item] === 1)
    .sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b);
  const places = new Uint32Array(trained.length);
  for (let place = 0; place < order.length; place++) places[order[place] as number] = place;
  return {
    dim: 0,
    async rank({ users, exclude, k }) {
      const lists = new Uint32Array(users.length * k).fill(UNKNOWN);
      /** (numItems) the user, as row + 1, from whom an item is hidden. */
      const hidden = new Uint32Array(trained.length);
      for (let row = 0; row < users.length; row++) {
        const end = exclude.offsets[row + 1] as number;
        for (let n = exclude.offsets[row] as number; n < end; n++) hidden[exclude.items[n] as number] = row + 1;
        let found = 0;
        for (let place = 0; place < order.length && found < k; place++) {
          const item = order[place] as number;
          if (hidden[item] !== row + 1) lists[row * k + found++] = item;
        }
      }
      return lists;
    },
    async rankFirst({ users, exclude, targets }) {
      const ranks = new Uint32Array(users.length);
      for (let row = 0; row < users.length; row++) {
        let first = order.length;
        for (let n = targets.offsets[row] as number; n < (targets.offsets[row + 1] as number); n++) {
          first = Math.min(first, places[targets.items[n] as number] as number);
        }
        let seen = 0;
        for (let n = exclude.offsets[row] as number; n < (exclude.offsets[row + 1] as number); n++) {
          const item = exclude.items[n] as number;
          if (trained[item] === 1 && (places[item] as number) < first) seen++;
        }
        ranks[row] = first + 1 - seen;
      }
      return ranks;
    },
    rankAmong: (_, items) => items.slice().sort((a, b) => (places[a] as number) - (places[b] as number)),
  };
}
