import type { Interactions } from '../../dataset/interactions.js';
import type { MomentSlots } from '../../types.js';

/** Widths of the moments of a user, coarse to fine: the day and the ten minutes of a rating. */
const WIDTHS = [
  { name: 'day', seconds: 86_400 },
  { name: 'sitting', seconds: 600 },
] as const;

/** The moments of users at one width, and their ratings. */
export interface MomentLevel extends MomentSlots {
  /** (slots + 1) ratings of each slot, in the new order. */
  ratings: Uint32Array;
  /** (slots) query one level up: the user, or numUsers + a slot counted over all levels. */
  parents: Uint32Array;
}

/** Ratings in order of user and time, and the moments that they fall in. */
export interface Moments {
  /** (size) positions in the interactions. */
  order: Uint32Array;
  levels: readonly MomentLevel[];
  /** (size) query of each rating in the new order: numUsers + its finest slot, or its user without moments. */
  queries: Uint32Array;
}

/** No moments: ratings stay in their order. */
export function withoutMoments(interactions: Interactions): Moments {
  return { order: Uint32Array.from(interactions.items.keys()), levels: [], queries: interactions.users };
}

function orderByTime({ offsets, numUsers }: Interactions, times: Float64Array): Uint32Array {
  const order = Uint32Array.from(times.keys());
  for (let user = 0; user < numUsers; user++) {
    const own = order.subarray(offsets[user], offsets[user + 1]);
    own.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  }
  return order;
}

/** @param times (size) unix seconds of the interactions. */
export function layOutMoments(interactions: Interactions, times: Float64Array): Moments {
  const { numUsers, size } = interactions;
  const order = orderByTime(interactions, times);
  const levels: MomentLevel[] = [];
  let queries = interactions.users;
  let first = numUsers;
  for (const width of WIDTHS) {
    const offsets = new Uint32Array(numUsers + 1);
    const slots: number[] = [];
    const ratings: number[] = [];
    const parents: number[] = [];
    const finer = new Uint32Array(size);
    for (let user = 0; user < numUsers; user++) {
      const begin = interactions.offsets[user] as number;
      for (let t = begin; t < (interactions.offsets[user + 1] as number); t++) {
        const slot = Math.floor((times[order[t] as number] as number) / width.seconds);
        if (t === begin || slot !== slots.at(-1)) {
          slots.push(slot);
          ratings.push(t);
          parents.push(queries[t] as number);
        }
        finer[t] = first + slots.length - 1;
      }
      offsets[user + 1] = slots.length;
    }
    ratings.push(size);
    levels.push({
      ...width,
      offsets,
      slots: Float64Array.from(slots),
      ratings: Uint32Array.from(ratings),
      parents: Uint32Array.from(parents),
    });
    first += slots.length;
    queries = finer;
  }
  return { order, levels, queries };
}
