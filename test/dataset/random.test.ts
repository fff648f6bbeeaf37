import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';

const draw = (seed: number, count: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.uint32());
};

/** xoshiro128** in bigint arithmetic, from a given state. */
function* slowXoshiro(state: bigint[]): Generator<number> {
  const mask = 0xffffffffn;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  let [a, b, c, d] = state as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotate((b * 5n) & mask, 7n) * 9n) & mask);
    const t = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11n);
  }
}

const mix = (word: number): number => {
  let h = BigInt.asUintN(32, BigInt(word));
  h = BigInt.asUintN(32, (h ^ (h >> 16n)) * 0x85ebca6bn);
  h = BigInt.asUintN(32, (h ^ (h >> 13n)) * 0xc2b2ae35n);
  return Number(h ^ (h >> 16n));
};

test('equals a bigint twin for any seed', () => {
  for (const seed of [0, 1, 42, -1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    const low = Number(BigInt.asIntN(32, BigInt(seed)));
    const high = Number(BigInt.asIntN(32, BigInt(seed) >> 32n));
    const g = 0x9e3779b9;
    const state = [
      mix(low + g),
      mix(Number(BigInt.asUintN(32, BigInt(high) ^ BigInt(mix(low + 2 * g))))),
      mix(low + 3 * g),
    ].map(BigInt);
    state.push(BigInt(mix(high + 4 * g)) | 1n);
    const twin = slowXoshiro(state);
    assert.equal(
      draw(seed, 200),
      Array.from({ length: 200 }, () => twin.next().value as number),
      `seed ${seed}`,
    );
  }
});

test('the sequence never changes', () => {
  assert.equal(draw(42, 4), [2814828936, 3307814618, 938241013, 1922158505]);
});

test('seeds differ, also beyond 32 bits', () => {
  const first = new Set([0, 1, 2, 42, -42, 42 + 2 ** 32, 42 + 2 ** 33].map((seed) => draw(seed, 3).join()));
  assert.is(first.size, 7);
});

test('below: in range, every value, even', () => {
  const random = new Random(7);
  for (const limit of [1, 2, 3, 31, 33, 129]) {
    const counts = new Array<number>(limit).fill(0);
    for (let i = 0; i < 1000 * limit; i++) {
      const draw = random.below(limit);
      counts[draw] = (counts[draw] as number) + 1;
    }
    assert.is(counts.length, limit);
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 200, `limit ${limit}: ${count}`);
  }
  let max = 0;
  for (let i = 0; i < 100; i++) max = Math.max(max, random.below(2 ** 32));
  assert.ok(max > 2 ** 31);
});

test('float lies in [0, 1)', () => {
  const random = new Random(1);
  let sum = 0;
  for (let i = 0; i < 10_000; i++) {
    const value = random.float();
    assert.ok(value >= 0 && value < 1);
    sum += value;
  }
  assert.ok(Math.abs(sum / 10_000 - 0.5) < 0.02);
});

test.run();
