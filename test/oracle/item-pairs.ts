/** Pairs of items of one history as native/core/item_pairs.cc draws them, and training on them in float64, one after
 * the other: the twin of train_item_pairs.cc. */
import type { ItemPairConfig } from '../../src/native/binding.js';
import { type AliasSlot, aliasTable, dealItems, drawSlot } from './item-groups.js';
import { OracleRng, OracleSequence } from './train-rng.js';

const BATCH = 16;
const MOST_DRAWS = 16;
const ROUND_PLACES = 16;

type Histories = Pick<ItemPairConfig, 'offsets' | 'items'>;

interface Pair {
  input: number;
  output: number;
  history: number;
}

export interface OracleTables {
  /** (numItems, dim) */
  inputs: Float64Array;
  outputs: Float64Array;
}

const historyAt = (offsets: Uint32Array, position: number): number =>
  offsets.findIndex((_, h) => (offsets[h + 1] as number) > position);

/** Without a window: the chance of each ordered pair. */
function pairRate({ offsets, items }: Histories, pairsPerItem: number): number {
  let pairs = 0;
  for (let h = 1; h < offsets.length; h++) {
    const length = offsets[h] - offsets[h - 1];
    pairs += length * (length - 1);
  }
  return pairs === 0 ? 0 : (pairsPerItem * items.length) / pairs;
}

/** Positions at which the shares of each chunk begin, each with the end of its last. */
export function chunksOf(config: ItemPairConfig, histories: Histories): number[][] {
  const rate = pairRate(histories, config.pairsPerItem);
  const chunkShares = ROUND_PLACES * Math.max(1, Math.floor(config.pairsPerChunk / config.pairsPerRound));
  const most = config.pairsPerChunk / chunkShares;
  const shares: number[] = [];
  let drawn = most;
  for (let position = 0; position < histories.items.length; position++) {
    const h = historyAt(histories.offsets, position);
    const length = histories.offsets[h + 1] - histories.offsets[h];
    if (drawn >= most) {
      shares.push(position);
      drawn = 0;
    }
    if (length >= 2) drawn += config.window === 0 ? rate * (length - 1) : Math.min(config.window + 1, length - 1);
  }
  const bounds = [...shares, histories.items.length];
  return shares.flatMap((_, n) => (n % chunkShares === 0 ? [bounds.slice(n, n + chunkShares + 1)] : []));
}

/** The pairs whose input stands at `position`. */
export function pairsAt(config: ItemPairConfig, histories: Histories, position: number, seed: bigint): Pair[] {
  const { offsets, items } = histories;
  const history = historyAt(offsets, position);
  const first = offsets[history];
  const last = offsets[history + 1] - 1;
  if (last === first) return [];
  const rng = new OracleRng(seed, BigInt(position));
  const pair = (other: number): Pair => ({ input: items[position], output: items[other], history });
  const pairs: Pair[] = [];
  if (config.window > 0) {
    const reach = 1 + rng.below(config.window);
    for (let other = Math.max(first, position - reach); other <= Math.min(last, position + reach); other++) {
      if (other !== position) pairs.push(pair(other));
    }
    return pairs;
  }
  const mean = pairRate(histories, config.pairsPerItem) * (last - first);
  const extra = Number(rng.next() >> 32n) < (mean % 1) * 2 ** 32 ? 1 : 0;
  for (let n = 0; n < Math.floor(mean) + extra; n++) {
    const drawn = first + rng.below(last - first);
    pairs.push(pair(drawn >= position ? drawn + 1 : drawn));
  }
  return pairs;
}

/** Loss of one pair, and its slopes by the scores of its output and of its negatives (`none`: void ones). */
export function pairSlopes(
  { objective, logNoise }: Pick<ItemPairConfig, 'objective' | 'logNoise'>,
  targets: readonly number[],
  scores: readonly number[],
): { loss: number; slopes: number[] } {
  const taken = targets.map((target, r) => r === 0 || target !== targets[0]);
  const label = (r: number): number => (r === 0 ? 1 : 0);
  if (objective === 'negativeSampling') {
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    const losses = scores.map((x, r) => (taken[r] ? Math.log1p(Math.exp(r === 0 ? -x : x)) : 0));
    const slopes = scores.map((x, r) => (taken[r] ? sigmoid(x) - label(r) : 0));
    return { loss: losses.reduce((a, b) => a + b, 0), slopes };
  }
  const powers = scores.map((x, r) => (taken[r] ? Math.exp(x - (logNoise[targets[r]] ?? 0)) : 0));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { loss: -Math.log(powers[0] / sum), slopes: powers.map((power, r) => power / sum - label(r)) };
}

const row = (table: Float64Array, item: number, dim: number): Float64Array =>
  table.subarray(item * dim, (item + 1) * dim);
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, k) => sum + x * b[k], 0);

/** The output of a pair, then its negatives, drawn by the numbers of `sequence` from `first` on; those of further tries
 * follow `perTry` later each. */
function drawTargets(
  config: ItemPairConfig,
  pair: Pair,
  slots: readonly AliasSlot[],
  sequence: OracleSequence,
  first: number,
  perTry: number,
): number[] {
  const seen = config.rejectSeen
    ? config.seenItems.subarray(config.offsets[pair.history], config.offsets[pair.history + 1])
    : new Uint32Array(0);
  const negative = (r: number): number => {
    for (let n = 0; n < MOST_DRAWS; n++) {
      const item = drawSlot(slots, sequence.at(first + r + n * perTry));
      if (!seen.includes(item)) return item;
    }
    return pair.output;
  };
  return [pair.output, ...Array.from({ length: config.negatives }, (_, r) => negative(r))];
}

/** Trains on the pairs of one cell; returns the sum of losses. */
function runCell(
  config: ItemPairConfig,
  { inputs, outputs }: OracleTables,
  pairs: readonly Pair[],
  slots: readonly AliasSlot[],
  sequence: OracleSequence,
  rate: number,
): number {
  const { dim, negatives } = config;
  let total = 0;
  let drawn = 0;
  const turns = Math.ceil(pairs.length / BATCH);
  for (let turn = 0; turn < turns; turn++) {
    const next = pairs.filter((_, place) => place % turns === turn);
    const batch = next.map((pair) => {
      const targets = drawTargets(config, pair, slots, sequence, drawn, pairs.length * negatives);
      drawn += negatives;
      const scores = targets.map((target) => dot(row(inputs, pair.input, dim), row(outputs, target, dim)));
      return { pair, targets, ...pairSlopes(config, targets, scores) };
    });
    for (const { pair, targets, slopes, loss } of batch) {
      total += loss;
      const input = row(inputs, pair.input, dim);
      const before = input.slice();
      for (const [r, target] of targets.entries()) {
        const output = row(outputs, target, dim);
        for (let k = 0; k < dim; k++) {
          input[k] -= rate * slopes[r] * output[k];
          output[k] -= rate * slopes[r] * before[k];
        }
      }
    }
  }
  return total;
}

/** Trains on one chunk; `rateOf` gives the learning rate when a share of it is done. */
function runChunk(
  config: ItemPairConfig,
  histories: Histories,
  tables: OracleTables,
  { chunk, shares, seed }: { chunk: number; shares: number[]; seed: bigint },
  rateOf: (done: number) => number,
): { sum: number; pairs: number } {
  const rng = new OracleRng(seed, (1n << 32n) + BigInt(chunk));
  const items = dealItems(config.noise, rng);
  const groups = items.length;
  const strata = items.map((_, n) => n);
  rng.shuffle(strata);
  const groupOf = new Map(items.flatMap((members, g) => members.map((item) => [item, g] as const)));
  const tablesOfNoise = items.map((members) => aliasTable(members, config.noise));
  const rounds = Math.ceil((shares.length - 1) / ROUND_PLACES);
  let [sum, count] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const cells: Pair[][] = Array.from({ length: groups * groups }, () => []);
    for (let share = round; share + 1 < shares.length; share += rounds) {
      for (let position = shares[share]; position < shares[share + 1]; position++) {
        for (const pair of pairsAt(config, histories, position, seed)) {
          cells[(groupOf.get(pair.input) as number) * groups + (groupOf.get(pair.output) as number)].push(pair);
          count++;
        }
      }
    }
    for (const [n, stratum] of strata.entries()) {
      const rate = rateOf((round * groups + n) / (rounds * groups));
      for (let input = 0; input < groups; input++) {
        const output = (input + stratum) % groups;
        const cell = input * groups + output;
        const stream = ((BigInt(chunk) + 2n) << 32n) + BigInt(round * groups * groups + cell);
        const state = new OracleRng(seed, stream).next();
        sum += runCell(config, tables, cells[cell], tablesOfNoise[output], new OracleSequence(state), rate);
      }
    }
  }
  return { sum, pairs: count };
}

export function initialTables({ numItems, dim, noise, initStd, seed }: ItemPairConfig): OracleTables {
  const inputs = new Float64Array(numItems * dim);
  for (let item = 0; item < numItems; item++) {
    const rng = new OracleRng(seed, (32n << 32n) + BigInt(item));
    if (noise[item] > 0) for (let k = 0; k < dim; k++) inputs[item * dim + k] = initStd * rng.normal();
  }
  return { inputs, outputs: new Float64Array(numItems * dim) };
}

const mean = (losses: readonly { sum: number; pairs: number }[]): number => {
  const pairs = losses.reduce((total, part) => total + part.pairs, 0);
  return pairs === 0 ? 0 : losses.reduce((total, { sum }) => total + sum, 0) / pairs;
};

/** The interactions that take part in an epoch. */
export function subsampled({ offsets, items, chances, seed }: ItemPairConfig, epoch: number): Histories {
  if (chances.length === 0) return { offsets, items };
  const state = new OracleRng(seed, (34n << 32n) + BigInt(epoch)).next();
  const kept = (n: number): boolean =>
    Number(new OracleRng(state, BigInt(n)).next() >> 32n) < chances[items[n]] * 2 ** 32;
  const taking = [...items.keys()].filter(kept);
  return {
    offsets: offsets.map((offset) => taking.filter((n) => n < offset).length),
    items: Uint32Array.from(taking, (n) => items[n]),
  };
}

/** One epoch in place; the learning rate falls from `rate` to `lastRate`. */
export function runOracleEpoch(
  config: ItemPairConfig,
  tables: OracleTables,
  epoch: number,
  [rate, lastRate]: readonly [number, number],
): { pairs: number; trainLoss: number; validLoss: number } {
  const seed = new OracleRng(config.seed, (30n << 32n) + BigInt(epoch)).next();
  const histories = subsampled(config, epoch);
  const chunks = chunksOf(config, histories);
  const order = chunks.map((_, chunk) => chunk);
  new OracleRng(config.seed, (31n << 32n) + BigInt(epoch)).shuffle(order);
  const trained = order.map((chunk, before) =>
    runChunk(config, histories, tables, { chunk, shares: chunks[chunk], seed }, (done) => {
      return rate + ((lastRate - rate) * (before + done)) / order.length;
    }),
  );
  const valid: Histories = { offsets: config.validOffsets, items: config.validItems };
  const validConfig = { ...config, rejectSeen: false };
  const validSeed = new OracleRng(config.seed, 33n << 32n).next();
  const validated = chunksOf(validConfig, valid).map((shares, chunk) =>
    runChunk(validConfig, valid, tables, { chunk, shares, seed: validSeed }, () => 0),
  );
  return {
    pairs: trained.reduce((total, { pairs }) => total + pairs, 0),
    trainLoss: mean(trained),
    validLoss: mean(validated),
  };
}
