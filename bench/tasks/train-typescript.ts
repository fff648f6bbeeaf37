// What one would write by hand: plain loops over typed arrays, one thread. Row-wise SGD, or Adam as it stands in the paper
// (every parameter moves in every step). As much of an epoch as the budget allows.
import { type ColumnsHeader, type RatingColumns, readHeader, readPart } from '../data/columns-file.js';
import { once, secondsSince } from '../measure.js';
import type { Measurement, Parameters, Work } from '../types.js';

/** Parameters in one array: user factors, item factors, user biases, item biases. */
interface Plain {
  dim: number;
  itemFactors: number;
  userBiases: number;
  itemBiases: number;
  values: Float32Array;
  mean: number;
  min: number;
  max: number;
  learningRate: number;
  isLogistic: boolean;
  isIdentity: boolean;
}

function newPlain({ users, items }: ColumnsHeader, { values }: RatingColumns, parameters: Parameters): Plain {
  const dim = parameters.dim as number;
  const itemFactors = users * dim;
  const userBiases = itemFactors + items * dim;
  const [std, range] = [(parameters.initStd as number | undefined) ?? 0.01, [Infinity, -Infinity]];
  let sum = 0;
  for (const value of values) {
    sum += value;
    if (value < (range[0] as number)) range[0] = value;
    if (value > (range[1] as number)) range[1] = value;
  }
  const [min, max] = range as [number, number];
  const share = (sum / values.length - min) / (max - min);
  const isIdentity = parameters.link === 'identity';
  return {
    dim,
    itemFactors,
    userBiases,
    itemBiases: userBiases + users,
    values: Float32Array.from({ length: userBiases + users + items }, (_, n) =>
      n < userBiases ? std * Math.sqrt(3) * (2 * Math.random() - 1) : 0,
    ),
    mean: isIdentity ? (parameters.biases === false ? 0 : sum / values.length) : Math.log(share / (1 - share)),
    min,
    max,
    learningRate: parameters.learningRate as number,
    isLogistic: parameters.objective === 'logistic',
    isIdentity,
  };
}

/** Slope of a rating's loss by its score. */
function slopeOf(plain: Plain, user: number, item: number, value: number): number {
  const { dim, itemFactors, userBiases, itemBiases, values, min, max } = plain;
  let score = plain.mean + (values[userBiases + user] as number) + (values[itemBiases + item] as number);
  const [u, i] = [user * dim, itemFactors + item * dim];
  for (let k = 0; k < dim; k++) score += (values[u + k] as number) * (values[i + k] as number);
  if (plain.isIdentity) return 2 * (score - value);
  const p = 1 / (1 + Math.exp(-score));
  if (plain.isLogistic) return p - (value - min) / (max - min);
  return 2 * (min + (max - min) * p - value) * (max - min) * p * (1 - p);
}

/** One rating after the other, each changing its two rows. */
function sgdStep(plain: Plain, user: number, item: number, value: number): void {
  const { dim, itemFactors, userBiases, itemBiases, values, learningRate } = plain;
  const step = learningRate * slopeOf(plain, user, item, value);
  const [u, i] = [user * dim, itemFactors + item * dim];
  for (let k = 0; k < dim; k++) {
    const old = values[u + k] as number;
    values[u + k] = old - step * (values[i + k] as number);
    values[i + k] = (values[i + k] as number) - step * old;
  }
  values[userBiases + user] = (values[userBiases + user] as number) - 0.25 * step;
  values[itemBiases + item] = (values[itemBiases + item] as number) - 0.25 * step;
}

function addGradient(plain: Plain, gradient: Float32Array, rating: [number, number, number], share: number): void {
  const { dim, itemFactors, userBiases, itemBiases, values } = plain;
  const [user, item, value] = rating;
  const slope = slopeOf(plain, user, item, value) * share;
  const [u, i] = [user * dim, itemFactors + item * dim];
  for (let k = 0; k < dim; k++) {
    gradient[u + k] = (gradient[u + k] as number) + slope * (values[i + k] as number);
    gradient[i + k] = (gradient[i + k] as number) + slope * (values[u + k] as number);
  }
  gradient[userBiases + user] = (gradient[userBiases + user] as number) + slope;
  gradient[itemBiases + item] = (gradient[itemBiases + item] as number) + slope;
}

/** Kingma and Ba 2015, algorithm 1. */
function adamStep(plain: Plain, state: Record<'gradient' | 'first' | 'second', Float32Array>, count: number): void {
  const { gradient, first, second } = state;
  const rate = plain.learningRate / (1 - 0.9 ** count);
  const scale = 1 / (1 - 0.999 ** count);
  for (let n = 0; n < gradient.length; n++) {
    const g = gradient[n] as number;
    const m = 0.9 * (first[n] as number) + 0.1 * g;
    const v = 0.999 * (second[n] as number) + 0.001 * g * g;
    first[n] = m;
    second[n] = v;
    plain.values[n] = (plain.values[n] as number) - (rate * m) / (Math.sqrt(v * scale) + 1e-8);
    gradient[n] = 0;
  }
}

/** Ratings at random places, as shuffled epochs visit them. */
function visits({ offsets, items, values }: RatingColumns, users: number): (n: number) => [number, number, number] {
  const owner = new Uint32Array(items.length);
  for (let user = 0; user < users; user++) owner.fill(user, offsets[user], offsets[user + 1]);
  const stride = 7_368_787; // a prime that divides no usual number of ratings
  return (n) => {
    const at = (n * stride) % items.length;
    return [owner[at] as number, items[at] as number, values[at] as number];
  };
}

export function typescript({ input, parameters }: Work): Measurement {
  const header = readHeader<ColumnsHeader>(input);
  const columns = readPart(input, 'train');
  const plain = newPlain(header, columns, parameters);
  const rating = visits(columns, header.users);
  const ratings = columns.items.length;
  const batch = parameters.batchSize === 'full' ? ratings : (parameters.batchSize as number);
  const size = plain.values.length;
  const state =
    batch === 1
      ? undefined
      : { gradient: new Float32Array(size), first: new Float32Array(size), second: new Float32Array(size) };
  const budget = parameters.budget as number;
  // Row-wise SGD looks at the clock once in so many ratings.
  const chunk = batch === 1 ? Math.min(ratings, 10_000) : batch;
  let count = 0;
  const step = (begin: number): number => {
    const end = Math.min(begin + chunk, ratings);
    for (let n = begin; n < end; n++) {
      if (state === undefined) sgdStep(plain, ...rating(n));
      else addGradient(plain, state.gradient, rating(n), 1 / (end - begin));
    }
    if (state !== undefined) adamStep(plain, state, ++count);
    return end;
  };
  step(0); // warm-up
  const start = performance.now();
  let done = 0;
  while (done < ratings && (done === 0 || secondsSince(start) < budget)) done = step(done);
  const seconds = (secondsSince(start) * ratings) / done;
  const isWhole = done === ratings;
  return {
    seconds: once(seconds),
    ...(!isWhole && { extrapolated: `${done.toLocaleString('en-US')} of ${ratings.toLocaleString('en-US')} ratings` }),
  };
}
