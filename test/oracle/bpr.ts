/** Bayesian personalised ranking in float64, one triple after the other: the twin of bpr_trainer.cc and train_bpr.cc. */
import type { BprConfig } from '../../src/native/binding.js';
import { type AliasSlot, aliasTable, dealItems, drawSlot } from './item-groups.js';
import { OracleRng } from './train-rng.js';

const TRIPLES = 16;
const MOST_DRAWS = 16;

export interface OracleTable {
  values: Float64Array;
  /** AdaGrad's sums of squares. */
  first: Float64Array;
}

export interface OracleBpr {
  /** (numUsers, dim) */
  users: OracleTable;
  /** (numItems, dim) */
  items: OracleTable;
  /** (numItems) */
  biases: OracleTable;
}

export interface Triple {
  user: number;
  item: number;
  /** The item that is not the user's. */
  other: number;
}

type Pair = Pick<Triple, 'user' | 'item'>;

const tableOf = (size: number): OracleTable => ({ values: new Float64Array(size), first: new Float64Array(size) });

export function initialBpr({ numUsers, numItems, dim, offsets, noise, initStd, seed }: BprConfig): OracleBpr {
  const std = Math.fround(initStd);
  const draw = (table: OracleTable, row: number, stream: bigint): void => {
    const rng = new OracleRng(seed, (stream << 32n) + BigInt(row));
    for (let k = 0; k < dim; k++) table.values[row * dim + k] = Math.fround(std * rng.normal());
  };
  const start = { users: tableOf(numUsers * dim), items: tableOf(numItems * dim), biases: tableOf(numItems) };
  for (let user = 0; user < numUsers; user++) if (offsets[user] < offsets[user + 1]) draw(start.users, user, 41n);
  for (let item = 0; item < numItems; item++) if (noise[item] > 0) draw(start.items, item, 42n);
  return start;
}

/** x(u, i) - x(u, j) */
export function margin({ dim }: BprConfig, { users, items, biases }: OracleBpr, { user, item, other }: Triple): number {
  let sum = biases.values[item] - biases.values[other];
  for (let k = 0; k < dim; k++) {
    sum += users.values[user * dim + k] * (items.values[item * dim + k] - items.values[other * dim + k]);
  }
  return sum;
}

export const lossOf = (x: number): number => Math.max(-x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Moves the rows of a triple by the pull of its turn. */
export function moveTriple(config: BprConfig, p: OracleBpr, triple: Triple, pull: number, rate: number): void {
  const { dim } = config;
  const step = ({ values, first }: OracleTable, at: number, slope: number, length: number, l2: number): void => {
    const g = slope + Math.fround(l2) * values[at];
    first[at] += g ** 2;
    const scale = config.optimizer === 'adagrad' ? Math.sqrt(first[at]) + Math.fround(config.epsilon) : 1;
    values[at] -= (length * g) / scale;
  };
  for (let k = 0; k < dim; k++) {
    const [u, i, j] = [triple.user, triple.item, triple.other].map((row) => row * dim + k);
    const [a, b, c] = [p.users.values[u], p.items.values[i], p.items.values[j]];
    step(p.users, u, -pull * (b - c), rate, config.regularizationUser);
    step(p.items, i, -pull * a, rate, config.regularizationItem);
    step(p.items, j, pull * a, rate, config.regularizationItem);
  }
  if (!config.biases) return;
  const biasRate = rate * Math.fround(config.biasLearningRate);
  step(p.biases, triple.item, -pull, biasRate, config.regularizationBias);
  step(p.biases, triple.other, pull, biasRate, config.regularizationBias);
}

interface Losses {
  sum: number;
  triples: number;
}

/** Passes over the pairs of a cell. */
function runCell(
  config: BprConfig,
  p: OracleBpr,
  pairs: readonly Pair[],
  { slots, rng, rate }: { slots: readonly AliasSlot[]; rng: OracleRng; rate: number },
  losses: Losses,
): void {
  const otherOf = ({ user, item }: Pair): number => {
    if (!config.rejectSeen) return drawSlot(slots, rng.next());
    const seen = config.items.subarray(config.offsets[user], config.offsets[user + 1]);
    for (let n = 0; n < MOST_DRAWS; n++) {
      const other = drawSlot(slots, rng.next());
      if (!seen.includes(other)) return other;
    }
    return item;
  };
  const turns = Math.ceil(pairs.length / TRIPLES);
  for (let pass = 0; pass < config.negatives; pass++) {
    for (let turn = 0; turn < turns; turn++) {
      const triples = pairs
        .filter((_, place) => place % turns === turn)
        .map((pair): Triple => ({ ...pair, other: otherOf(pair) }))
        .filter(({ item, other }) => item !== other);
      const margins = triples.map((triple) => margin(config, p, triple));
      for (const [n, x] of margins.entries()) {
        losses.sum += lossOf(x);
        losses.triples++;
        if (rate !== 0) moveTriple(config, p, triples[n], 1 / (1 + Math.exp(x)), rate);
      }
    }
  }
}

/** Users of each chunk, in random order. */
function chunksOf({ offsets, pairsPerChunk }: Pick<BprConfig, 'offsets' | 'pairsPerChunk'>, seed: bigint): number[][] {
  const users = Array.from({ length: offsets.length - 1 }, (_, u) => u).filter((u) => offsets[u] < offsets[u + 1]);
  new OracleRng(seed, 0n).shuffle(users);
  const chunks: number[][] = [];
  let pairs = pairsPerChunk;
  for (const user of users) {
    if (pairs >= pairsPerChunk) {
      chunks.push([]);
      pairs = 0;
    }
    (chunks.at(-1) as number[]).push(user);
    pairs += offsets[user + 1] - offsets[user];
  }
  return chunks;
}

/** All pairs of `offsets` and `items`, chunk by chunk; rate 0 only sums losses. */
function runPairs(
  config: BprConfig,
  part: Pick<BprConfig, 'offsets' | 'items'>,
  p: OracleBpr,
  seed: bigint,
  rate: number,
) {
  const losses: Losses = { sum: 0, triples: 0 };
  const { offsets, items } = part;
  for (const [chunk, users] of chunksOf({ ...config, offsets }, seed).entries()) {
    const rng = new OracleRng(seed, (1n << 32n) + BigInt(chunk));
    const dealt = dealItems(config.noise, rng);
    const groups = dealt.length;
    const strata = dealt.map((_, n) => n);
    rng.shuffle(strata);
    const itemGroup = new Map(dealt.flatMap((members, g) => members.map((item) => [item, g] as const)));
    const countOf = (user: number): number => offsets[user + 1] - offsets[user];
    const size = users.reduce((sum, user) => sum + countOf(user), 0);
    const cells: Pair[][] = Array.from({ length: groups * groups }, () => []);
    let before = 0;
    for (const user of users) {
      const userGroup = Math.min(groups - 1, Math.floor(((before + Math.floor(countOf(user) / 2)) * groups) / size));
      before += countOf(user);
      for (const item of items.subarray(offsets[user], offsets[user + 1])) {
        cells[userGroup * groups + (itemGroup.get(item) as number)].push({ user, item });
      }
    }
    for (const stratum of strata) {
      for (let group = 0; group < groups; group++) {
        const other = (group + stratum) % groups;
        const cell = group * groups + other;
        const state = new OracleRng(seed, ((BigInt(chunk) + 2n) << 32n) + BigInt(cell)).next();
        const slots = aliasTable(dealt[other], config.noise);
        runCell(config, p, cells[cell], { slots, rng: OracleRng.at(state), rate }, losses);
      }
    }
  }
  return losses;
}

const meanOf = ({ sum, triples }: Losses): number => (triples === 0 ? 0 : sum / triples);

/** One epoch in place. */
export function runOracleBpr(config: BprConfig, p: OracleBpr, epoch: number, learningRate: number) {
  const seed = new OracleRng(config.seed, (40n << 32n) + BigInt(epoch)).next();
  const trained = runPairs(config, config, p, seed, Math.fround(learningRate));
  const valid = { offsets: config.validOffsets, items: config.validItems };
  const validated = runPairs(config, valid, p, new OracleRng(config.seed, 43n << 32n).next(), 0);
  return { triples: trained.triples, trainLoss: meanOf(trained), validLoss: meanOf(validated) };
}
