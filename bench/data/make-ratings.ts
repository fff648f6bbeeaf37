import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { partialName } from './partial.js';

const rank = 8;

/** Uniform numbers in [0, 1) from a 32-bit state (xorshift32): fast, the same everywhere. */
function uniforms(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

/** Roughly normal: the sum of four uniforms, centred, with unit variance. */
const normal = (random: () => number): number => (random() + random() + random() + random() - 2) * Math.sqrt(3);

/** Rows each user rates: log-normal, at least one, scaled so that they add up to `rows`. */
function userCounts(rows: number, users: number, items: number, random: () => number): Uint32Array {
  const weights = Float64Array.from({ length: users }, () => Math.exp(1.25 * normal(random)));
  const scale = rows / weights.reduce((a, b) => a + b, 0);
  const counts = Uint32Array.from(weights, (w) => Math.min(items >> 1, Math.max(1, Math.round(w * scale))));
  let missing = rows - counts.reduce((a, b) => a + b, 0);
  for (let u = 0; missing !== 0; u = (u + 1) % users) {
    const count = counts[u] as number;
    const step = missing > 0 ? (count < items >> 1 ? 1 : 0) : count > 1 ? -1 : 0;
    counts[u] = count + step;
    missing -= step;
  }
  return counts;
}

/** How many ratings, of how many users and items; those two default to the proportions of MovieLens latest. */
export interface RatingsShape {
  rows: number;
  users?: number;
  items?: number;
}

/**
 * Writes a synthetic ratings CSV with the shape of MovieLens latest (98 ratings a user, one item for 515 ratings, popular
 * items rated most) and a low-rank structure under noise. The file appears when it is whole.
 */
export function makeRatings(file: string, shape: RatingsShape, onProgress: (share: number) => void): void {
  const { rows } = shape;
  const random = uniforms(12345);
  const users = shape.users ?? Math.max(2, Math.round(rows / 98));
  const items = shape.items ?? Math.max(4, Math.min(53889, Math.round(rows / 50)));
  const most = users * (items >> 1);
  if (rows < users || rows > most) {
    throw new RangeError(
      `${users} users can rate half of ${items} items each: ${users} to ${most} ratings, not ${rows}`,
    );
  }
  const counts = userCounts(rows, users, items, random);
  const itemRows = Float32Array.from({ length: items * rank }, () => normal(random) * 0.3);
  const itemBias = Float32Array.from({ length: items }, () => normal(random) * 0.4);
  const userRow = new Float32Array(rank);
  const stamp = new Uint32Array(items);
  const partial = partialName(file);
  const descriptor = openSync(partial, 'w');
  let lines: string[] = ['userId,movieId,rating,timestamp'];
  for (let user = 1; user <= users; user++) {
    const bias = normal(random) * 0.45;
    for (let k = 0; k < rank; k++) userRow[k] = normal(random);
    const start = 800_000_000 + Math.floor(random() * 700_000_000);
    for (let n = 0; n < (counts[user - 1] as number); n++) {
      let item = Math.floor(items * random() ** 4);
      while (stamp[item] === user) item = item + 1 === items ? 0 : item + 1;
      stamp[item] = user;
      let rating = 3.5 + bias + (itemBias[item] as number) + 0.7 * normal(random);
      for (let k = 0; k < rank; k++) rating += (userRow[k] as number) * (itemRows[item * rank + k] as number);
      rating = Math.min(5, Math.max(0.5, Math.round(rating * 2) / 2));
      lines.push(`${user},${item + 1},${rating.toFixed(1)},${start + n * 7}`);
    }
    if (lines.length < 100_000) continue;
    writeSync(descriptor, `${lines.join('\n')}\n`);
    lines = [];
    onProgress(user / users);
  }
  if (lines.length > 0) writeSync(descriptor, `${lines.join('\n')}\n`);
  closeSync(descriptor);
  renameSync(partial, file);
}
