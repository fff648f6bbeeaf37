/** SplitMix64 with streams: the slow twin of native/core/rng.h, in BigInt. */

const mask = (1n << 64n) - 1n;
const GAMMA = 0x9e3779b97f4a7c15n;

function mix(value: bigint): bigint {
  let z = value;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return z ^ (z >> 31n);
}

export class OracleRng {
  #state: bigint;

  constructor(seed: number | bigint, stream: bigint) {
    this.#state = mix(BigInt(seed)) ^ mix((stream * GAMMA + 0x632be59bd9b4e019n) & mask);
  }

  /** The generator in a given state. */
  static at(state: bigint): OracleRng {
    const rng = new OracleRng(0, 0n);
    rng.#state = state;
    return rng;
  }

  next(): bigint {
    this.#state = (this.#state + GAMMA) & mask;
    return mix(this.#state);
  }

  /** Lemire's multiplication with rejection. */
  below(bound: number): number {
    const b = BigInt(bound);
    const threshold = ((1n << 32n) - b) % b;
    let product = (this.next() >> 32n) * b;
    while ((product & 0xffffffffn) < threshold) product = (this.next() >> 32n) * b;
    return Number(product >> 32n);
  }

  /** Sum of twelve 16-bit uniforms, centred. */
  normal(): number {
    let sum = 0;
    for (let word = 0; word < 3; word++) {
      const bits = this.next();
      for (let part = 0n; part < 4n; part++) sum += Number((bits >> (16n * part)) & 0xffffn);
    }
    return (sum - 6 * 65535) / 65536;
  }

  /** Fisher-Yates from the back, in place. */
  shuffle<T>(order: { length: number; [n: number]: T }): void {
    for (let n = order.length; n > 1; n--) {
      const other = this.below(n);
      const last = order[n - 1] as T;
      order[n - 1] = order[other] as T;
      order[other] = last;
    }
  }
}

/** Numbers of a sequence by place; the slow twin of native/math/random.h. */
export class OracleSequence {
  readonly #start: bigint;

  /** @param seed or the state itself, where there is no stream. */
  constructor(seed: number | bigint, stream?: bigint) {
    this.#start =
      stream === undefined ? BigInt(seed) : mix(BigInt(seed)) ^ mix((stream * GAMMA + 0x632be59bd9b4e019n) & mask);
  }

  at(n: number): bigint {
    return mix((this.#start + BigInt(n + 1) * GAMMA) & mask);
  }
}
