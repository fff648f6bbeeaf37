import type { Interactions } from '../../dataset/interactions.js';

/** Widths of the moments of a user, in seconds, coarse to fine: the day and the ten minutes of a rating. */
export const MOMENTS = [
  { name: 'day', seconds: 86_400 },
  { name: 'sitting', seconds: 600 },
] as const;

/** When users rated, at one width. */
export interface MomentLevel {
  name: string;
  seconds: number;
  /** (numUsers + 1) labels of each user. */
  users: Uint32Array;
  /** (labels) floor(time / seconds), ascending within a user. */
  slots: Float64Array;
  /** (labels + 1) ratings of each label, in the new order. */
  offsets: Uint32Array;
  /** (labels) query row one level up: the user, or a label of the level before. */
  parents: Uint32Array;
}

/** Ratings in order of user and time, and where labels begin. */
export interface Moments {
  /** (size) positions in the interactions. */
  order: Uint32Array;
  levels: MomentLevel[];
  /** (size) query of each rating in the new order. */
  queryRows: Uint32Array;
}

/** No moments: the order as it is, each rating of its user. */
export function withoutMoments(interactions: Interactions): Moments {
  return { order: Uint32Array.from(interactions.items.keys()), levels: [], queryRows: interactions.users };
}

/** @param times (size) unix seconds. */
export function layOutMoments(interactions: Interactions, times: Float64Array): Moments {
  const { offsets, numUsers, size } = interactions;
  const order = Uint32Array.from(times.keys());
  for (let user = 0; user < numUsers; user++) {
    order
      .subarray(offsets[user], offsets[user + 1])
      .sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  }
  const levels: MomentLevel[] = [];
  let parentRows = interactions.users.slice();
  let firstRow = numUsers;
  for (const { name, seconds } of MOMENTS) {
    const users = new Uint32Array(numUsers + 1);
    const slots: number[] = [];
    const starts: number[] = [];
    const parents: number[] = [];
    const rows = new Uint32Array(size);
    for (let user = 0; user < numUsers; user++) {
      const begin = offsets[user] as number;
      for (let t = begin; t < (offsets[user + 1] as number); t++) {
        const slot = Math.floor((times[order[t] as number] as number) / seconds);
        if (t === begin || slot !== slots.at(-1)) {
          slots.push(slot);
          starts.push(t);
          parents.push(parentRows[t] as number);
        }
        rows[t] = firstRow + slots.length - 1;
      }
      users[user + 1] = slots.length;
    }
    levels.push({
      name,
      seconds,
      users,
      slots: Float64Array.from(slots),
      offsets: Uint32Array.from([...starts, size]),
      parents: Uint32Array.from(parents),
    });
    firstRow += slots.length;
    parentRows = rows;
  }
  return { order, levels, queryRows: parentRows };
}
