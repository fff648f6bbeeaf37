/** Pairs of items split by a random order: the slow twin of native/core/pair_counts.cc and native/math/feistel.h. */
import type { SoftmaxConfig } from '../../src/native/binding.js';
import { OracleRng } from './train-rng.js';

const ROUNDS = 6;
const ORDER_STREAM = 30n << 32n;

function mix(half: number, key: number): number {
  let x = Math.imul(half ^ key, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca77);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae3d);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Ranks of 0, 1, ..., size - 1 in a seeded random order; sizes below 2^30. */
export function randomRanks(size: number, seed: number, stream: bigint): number[] {
  let bits = 2;
  while (2 ** bits < size) bits++;
  const lowBits = bits >> 1;
  const lowMask = 2 ** lowBits - 1;
  const highMask = 2 ** (bits - lowBits) - 1;
  const rng = new OracleRng(seed, stream);
  const keys = Array.from({ length: ROUNDS }, () => Number(rng.next() >> 32n));
  const image = (element: number): number => {
    let high = element >>> lowBits;
    let low = element & lowMask;
    for (let round = 0; round < ROUNDS; round += 2) {
      high ^= mix(low, keys[round] as number) & highMask;
      low ^= mix(high, keys[round + 1] as number) & lowMask;
    }
    return high * 2 ** lowBits + low;
  };
  return Array.from({ length: size }, (_, element) => {
    let rank = image(element);
    while (rank >= size) rank = image(rank);
    return rank;
  });
}

export interface OraclePair {
  input: number;
  target: number;
}

/** All pairs of one user's items, user by user; `targets` undefined: of two different items of the same list. */
function allPairs(offsets: Uint32Array, items: Uint32Array, targets?: { offsets: Uint32Array; items: Uint32Array }) {
  const pairs: OraclePair[] = [];
  for (let user = 0; user + 1 < offsets.length; user++) {
    const own = items.subarray(offsets[user], offsets[user + 1]);
    const others = targets?.items.subarray(targets.offsets[user], targets.offsets[user + 1]) ?? own;
    own.forEach((input, x) => {
      others.forEach((target, y) => {
        if (targets !== undefined || x !== y) pairs.push({ input, target });
      });
    });
  }
  return pairs;
}

/** The pairs to train, to validate and to test on; those to train on in the order of their ranks. */
export function splitPairs(config: SoftmaxConfig): [OraclePair[], OraclePair[], OraclePair[]] {
  const { offsets, items, fractions, validOffsets, validItems } = config;
  const pairs = allPairs(offsets, items);
  const last = fractions.findLastIndex((share) => share > 0);
  const ordered: OraclePair[] = [];
  if (last <= 0) ordered.push(...pairs);
  else {
    randomRanks(pairs.length, config.seed, ORDER_STREAM).forEach((rank, n) => {
      ordered[rank] = pairs[n] as OraclePair;
    });
  }
  const bound = (part: number, before: number): number =>
    part >= last ? pairs.length : before + Math.floor((fractions[part] as number) * pairs.length);
  const first = bound(0, 0);
  const second = bound(1, first);
  const valid =
    validOffsets.length === 0
      ? ordered.slice(first, second)
      : allPairs(offsets, items, { offsets: validOffsets, items: validItems });
  return [ordered.slice(0, first), valid, ordered.slice(second)];
}
