/**
 * Ordinal ratings by the plainest sampler there is (Albert, Chib 1993, section 4.1): weights alone, each in turn, and each
 * cutpoint uniform between the normal numbers on its sides. Slow to mix, but every draw is a textbook one; its random
 * numbers have nothing to do with the kernel's.
 */
import { Random } from '../../src/dataset/random.js';
import type { SamplerConfig } from '../../src/native/binding.js';
import type { OracleField, OracleRating } from './sample-fm.js';

/** Box and Muller. */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());

/** Gamma(half / 2, 1 / 2) as a sum of squares. */
function chiSquared(random: Random, freedom: number): number {
  let sum = 0;
  for (let n = 0; n < freedom; n++) sum += normal(random) ** 2;
  return sum;
}

/** N(mean, 1) between two bounds: rejected until it fits, Robert 1995's exponential proposals far out. */
function between(random: Random, mean: number, low: number, high: number): number {
  const [a, b] = [low - mean, high - mean];
  if (b < 0) return -between(random, -mean, -high, -low);
  for (;;) {
    let x: number;
    if (a > 0.5) {
      x = a - Math.log(1 - random.float()) / a;
      if (Math.log(1 - random.float()) > -0.5 * (x - a) ** 2) continue;
    } else {
      x = normal(random);
    }
    if (x > a && x < b) return mean + x;
  }
}

/** The state after each sweep; arrays are reused. */
export function* plainOrdinalGibbs(
  config: SamplerConfig,
  ratings: readonly OracleRating[],
  fields: readonly OracleField[],
  numFeatures: number,
  sweeps: number,
): Generator<{ values: number[]; cutpoints: number[] }> {
  const random = new Random(99);
  const { categories } = config;
  const count = config.categoryValues.length;
  const values = new Array<number>(numFeatures).fill(0);
  const means = fields.map(() => 0);
  const precisions = fields.map(() => 1);
  const cutpoints = Array.from({ length: count - 1 }, (_, k) => k - (count - 2) / 2);
  const actives = ratings.map(({ active }) => [...active]);
  const score = (t: number): number => actives[t].reduce((sum, [j, x]) => sum + x * values[j], 0);
  const used = Array.from(values.keys(), (j) => ratings.some(({ active }) => active.has(j)));
  const latents = ratings.map(() => 0);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const t of ratings.keys()) {
      const c = categories[t];
      latents[t] = between(random, score(t), cutpoints[c - 1] ?? -Infinity, cutpoints[c] ?? Infinity);
    }
    for (const k of cutpoints.keys()) {
      const low = Math.max(...latents.filter((_, t) => categories[t] === k));
      const high = Math.min(...latents.filter((_, t) => categories[t] === k + 1));
      cutpoints[k] = low + random.float() * (high - low);
    }
    for (const [g, { begin, end }] of fields.entries()) {
      const members = values.slice(begin, end).filter((_, n) => used[begin + n]);
      const squares = members.reduce((sum, w) => sum + (w - means[g]) ** 2, means[g] ** 2);
      precisions[g] = chiSquared(random, 2 + members.length) / (1 + squares);
      const total = members.reduce((sum, w) => sum + w, 0);
      means[g] = total / (members.length + 1) + normal(random) / Math.sqrt((members.length + 1) * precisions[g]);
      for (let j = begin; j < end; j++) {
        if (!used[j]) continue;
        let [squaresOf, products] = [precisions[g], precisions[g] * means[g]];
        for (const [t, { active }] of ratings.entries()) {
          const x = active.get(j);
          if (x === undefined) continue;
          squaresOf += x * x;
          products += x * (latents[t] - score(t) + x * values[j]);
        }
        values[j] = products / squaresOf + normal(random) / Math.sqrt(squaresOf);
      }
    }
    yield { values, cutpoints };
  }
}
