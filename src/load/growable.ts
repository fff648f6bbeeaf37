/** The typed arrays that columns are made of. */
export type NumericArray = Int32Array | BigInt64Array | Float32Array | Float64Array | Uint8Array;

/**
 * A typed array that grows: room for an estimate of the length first, then 1.5 times as much when that was too little.
 * Pages that are never written cost no memory, so an estimate a little too high is better than one too low.
 */
export class Growable<T extends NumericArray> {
  readonly #make: (length: number) => T;
  #array: T;
  #length = 0;

  constructor(make: (length: number) => T, expectedLength: number) {
    this.#make = make;
    this.#array = make(Math.max(64, expectedLength));
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for `count` more values and returns the array to write them to, from index `length` on. */
  reserve(count: number): T {
    const needed = this.#length + count;
    if (needed > this.#array.length) {
      const larger = this.#make(Math.max(needed, Math.ceil(this.#array.length * 1.5)));
      larger.set(this.#array.subarray(0, this.#length) as never);
      this.#array = larger;
    }
    return this.#array;
  }

  /** Declares `count` values, written after `reserve`, as part of the array. */
  commit(count: number): void {
    this.#length += count;
  }

  append(values: T): void {
    this.reserve(values.length).set(values as never, this.#length);
    this.#length += values.length;
  }

  /**
   * The first `length` values, by default all. A view when at most an eighth of the memory is unused; otherwise a copy
   * of the right size, so that a small column never holds a large buffer.
   */
  finish(length: number = this.#length): T {
    const exact = this.#array.length - length <= this.#array.length / 8;
    return (exact ? this.#array.subarray(0, length) : this.#array.slice(0, length)) as T;
  }
}
