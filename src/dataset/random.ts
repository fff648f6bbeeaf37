/** 32-bit finaliser of MurmurHash3: spreads the words of a seed. */
function scramble(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Seeded generator xoshiro128** (Blackman and Vigna, 2018). Integer arithmetic only, so a seed gives the same sequence
 * on every platform. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed any safe integer. */
  constructor(seed: number) {
    const low = seed | 0;
    const high = Math.floor(seed / 2 ** 32) | 0;
    const gamma = 0x9e3779b9;
    this.#a = scramble(low + gamma);
    this.#b = scramble(high ^ scramble(low + 2 * gamma));
    this.#c = scramble(low + 3 * gamma);
    // Not all four words may be zero: the generator would stay there.
    this.#d = scramble(high + 4 * gamma) | 1;
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const b = this.#b;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  /** Uniform integer in [0, limit), 1 <= limit <= 2^32. Draws outside are rejected, so there is no modulo bias. */
  below(limit: number): number {
    if (limit === 1) return 0;
    const mask = 0xffffffff >>> Math.clz32(limit - 1);
    for (;;) {
      const draw = (this.uint32() & mask) >>> 0;
      if (draw < limit) return draw;
    }
  }

  /** Uniform number in [0, 1) on a grid of 2^-32. */
  float(): number {
    return this.uint32() / 2 ** 32;
  }
}
