import { rangeError } from '../options.js';
import type { HistoryEntry, ItemWeightModelData, Range } from '../types.js';
import { listItems, nameOf, readHistory } from './history.js';
import type { Serving } from './serving.js';
import { UNKNOWN } from './unknown.js';
import { weightOf } from './weight-columns.js';
import { type Histories, weightSearch } from './weight-search.js';

/** Items of one history, ascending, with their values. */
interface Liked {
  items: Uint32Array;
  values: Float32Array;
}

/** The search writes where these say. */
function checkIndices(indices: Uint32Array, numItems: number): void {
  const outside = indices.findIndex((item) => item >= numItems);
  if (outside >= 0) throw rangeError('indices', `item indices below ${numItems}`, indices[outside]);
}

/** Serves item-item weights: a user is what he likes. */
export function serveItemWeights(data: ItemWeightModelData): Serving {
  const { parameters, seen } = data;
  checkIndices(parameters.indices, data.items.size);
  const { ratingWeights, positiveThreshold } = parameters;
  const isLike = (rating: number): boolean => positiveThreshold === undefined || rating >= positiveThreshold;
  const range: Partial<Range> = data.implicit ? {} : seen.valueRange();
  let cached: Histories | undefined;

  /** The likes of all users. */
  const likes = (): Histories => {
    if (cached !== undefined) return cached;
    const kept =
      positiveThreshold === undefined ? seen : seen.select(Uint8Array.from(seen.values, (x) => (isLike(x) ? 1 : 0)));
    const values = ratingWeights ? kept.values : new Float32Array(kept.size).fill(1);
    cached = { offsets: kept.offsets, items: kept.items, values };
    return cached;
  };
  const likesOfUser = (user: number): Liked => {
    const { offsets, items, values } = likes();
    const bounds = [offsets[user], offsets[user + 1]] as const;
    return { items: items.subarray(...bounds), values: values.subarray(...bounds) };
  };
  /** What is rated below the range of a like counts as seen, and adds nothing. */
  const read = (history: readonly HistoryEntry[], name?: string): { all: Uint32Array; liked: Liked } => {
    const rated = readHistory(data, history, range, name);
    const liked = rated.filter(({ rating }) => rating === undefined || data.implicit || isLike(rating));
    const value = (rating: number | undefined): number => (ratingWeights ? (rating ?? range.max ?? 1) : 1);
    return {
      all: Uint32Array.from(rated, ({ item }) => item),
      liked: {
        items: Uint32Array.from(liked, ({ item }) => item),
        values: Float32Array.from(liked, ({ rating }) => value(rating)),
      },
    };
  };

  return {
    // A score takes as many multiplications as the history has items with a weight for it; some dozens is typical.
    dim: 64,
    forUsers: (users) => weightSearch(parameters, gather(Array.from(users, likesOfUser))),
    forRange: (first, end) => {
      const { offsets, ...arrays } = likes();
      return weightSearch(parameters, { offsets: offsets.subarray(first, end + 1), ...arrays });
    },
    forHistories(histories, method) {
      if (method !== undefined) {
        throw rangeError('foldIn', `left out: a user of model '${data.name}' is what he likes`, method);
      }
      const users = histories.map((history, u) => read(history, nameOf(histories, u)));
      return {
        search: weightSearch(parameters, gather(users.map(({ liked }) => liked))),
        lists: listItems(users.map(({ all }) => all)),
      };
    },
    scorePairs(users, items) {
      const scores = new Float32Array(users.length);
      for (let n = 0; n < scores.length; n++) {
        const user = users[n] as number;
        const item = items[n] as number;
        if (user === UNKNOWN || item === UNKNOWN) continue;
        const liked = likesOfUser(user);
        // Rounded after each step, as the search does.
        let score = 0;
        for (let h = 0; h < liked.items.length; h++) {
          const weight = weightOf(parameters, liked.items[h] as number, item);
          score = Math.fround(score + Math.fround((liked.values[h] as number) * weight));
        }
        scores[n] = score;
      }
      return scores;
    },
    termsOf(user, item) {
      const { items, values } = typeof user === 'number' ? likesOfUser(user) : read(user).liked;
      const terms = Float64Array.from(items, (h, n) => (values[n] as number) * weightOf(parameters, h, item));
      return { items, terms, base: 0 };
    },
  };
}

function gather(users: readonly Liked[]): Histories {
  const { offsets, items } = listItems(users.map((user) => user.items));
  const values = new Float32Array(items.length);
  for (const [u, user] of users.entries()) values.set(user.values, offsets[u]);
  return { offsets, items, values };
}
