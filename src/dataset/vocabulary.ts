import { DataType, makeVector, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { DataError } from '../errors.js';
import { nearest } from '../options.js';

/** An id of a user or item as the data has it. */
export type Id = number | bigint | string;

export type IdKind = 'int32' | 'int64' | 'string';

/** Ids in ascending order: numerically, strings by UTF-16 code unit. */
export type SortedIds = Int32Array | BigInt64Array | readonly string[];

/** Largest vocabulary that is searched for a similar spelling in an error message. */
const SPELLING_LIMIT = 20_000;

/**
 * The map between ids and dense indices 0 … size - 1. Indices stand in ascending id order, so they depend on the set of
 * ids alone and not on the order of the rows they were read from. Immutable.
 */
export class Vocabulary {
  readonly kind: IdKind;
  readonly size: number;
  readonly #ids: SortedIds;

  /** @param ids (size) ascending and unique; kept, not copied. Use `fromVector` for ids that are not known to be so. */
  constructor(ids: SortedIds) {
    this.kind = ids instanceof Int32Array ? 'int32' : ids instanceof BigInt64Array ? 'int64' : 'string';
    this.size = ids.length;
    this.#ids = ids;
  }

  /** The id at an index: a number for int32, a bigint for int64, else a string. RangeError outside 0 … size - 1. */
  id(index: number): Id {
    const id = this.#ids[index];
    if (id === undefined) throw new RangeError(`Index ${index} is outside a vocabulary of ${this.size} ids`);
    return id;
  }

  /**
   * The index of an id, -1 when unknown. For integer ids 5, 5n and "5" are the same id; "05", "5.0" and 5.5 are none.
   * String ids are found by strings alone.
   */
  index(id: Id): number {
    const ids = this.#ids;
    if (ids instanceof Int32Array) {
      const wanted = toNumber(id);
      return wanted === undefined ? -1 : search(ids, wanted);
    }
    if (ids instanceof BigInt64Array) {
      const wanted = toBigInt(id);
      return wanted === undefined ? -1 : search(ids, wanted);
    }
    return typeof id === 'string' ? search(ids, id) : -1;
  }

  /** The index of an id; DataError ERR_PALATE_UNKNOWN_ID when unknown. `what` names the thing: 'user' or 'item'. */
  expectIndex(id: Id, what: string): number {
    const index = this.index(id);
    if (index >= 0) return index;
    const shown = typeof id === 'string' ? JSON.stringify(id) : String(id);
    throw new DataError(`Unknown ${what} ${shown}; ${this.#describe(id, what)}`, {
      code: 'ERR_PALATE_UNKNOWN_ID',
      value: id,
    });
  }

  #describe(id: Id, what: string): string {
    const known = `the data has ${this.size.toLocaleString('en-US')} ${what}${this.size === 1 ? '' : 's'}`;
    if (this.size === 0) return known;
    const ids = this.#ids;
    if (ids instanceof Int32Array || ids instanceof BigInt64Array) {
      return `${known} with ids ${ids[0]} … ${ids[this.size - 1]}`;
    }
    const near = this.size <= SPELLING_LIMIT ? nearest(String(id), ids) : undefined;
    return `${known} with string ids${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`;
  }

  /** The ids at some indices, in their order. RangeError as in `id`. */
  ids(indices: ArrayLike<number>): Id[] {
    return Array.from(indices, (index) => this.id(index));
  }

  /** The ids at ascending indices as a vocabulary of their own. */
  subset(indices: Uint32Array): Vocabulary {
    const ids = this.#ids;
    if (ids instanceof Int32Array) return new Vocabulary(Int32Array.from(indices, (i) => ids[i] as number));
    if (ids instanceof BigInt64Array) return new Vocabulary(BigInt64Array.from(indices, (i) => ids[i] as bigint));
    return new Vocabulary(Array.from(indices, (i) => ids[i] as string));
  }

  /** All ids of both; int32 with int64 gives int64. DataError when one holds strings and the other integers. */
  union(other: Vocabulary): Vocabulary {
    if ((this.kind === 'string') !== (other.kind === 'string')) {
      throw new DataError(`Ids of kind ${this.kind} and ${other.kind} cannot stand in one vocabulary`);
    }
    if (this.kind === 'string') {
      return new Vocabulary(Array.from(new Set([...this.#ids, ...other.#ids] as string[])).sort());
    }
    if (this.kind === 'int32' && other.kind === 'int32') {
      return new Vocabulary(Int32Array.from(new Set([...this.#ids, ...other.#ids] as number[])).sort());
    }
    return new Vocabulary(BigInt64Array.from(new Set([...this.#ids, ...other.#ids].map(BigInt))).sort());
  }

  /** The ids as an Arrow vector (Int32, Int64 or Utf8); integers share memory. */
  toVector(): Vector {
    const ids = this.#ids;
    if (ids instanceof Int32Array) return makeVector(ids);
    if (ids instanceof BigInt64Array) return makeVector(ids);
    return vectorFromArray(ids, new Utf8());
  }

  /**
   * The vocabulary whose index i is row i of `vector` (Int32, Int64 or Utf8, as `toVector` gives it). DataError on any
   * other type, on nulls and on ids that are not ascending and unique.
   */
  static fromVector(vector: Vector): Vocabulary {
    const ids = sortedIds(vector);
    for (let i = 1; i < ids.length; i++) {
      if ((ids[i - 1] as Id) >= (ids[i] as Id)) {
        throw new DataError(`Vocabulary ids must be ascending and unique; ${ids[i]} follows ${ids[i - 1]}`, {
          value: ids[i],
        });
      }
    }
    return new Vocabulary(ids);
  }

  equals(other: Vocabulary): boolean {
    if (this === other) return true;
    if (this.kind !== other.kind || this.size !== other.size) return false;
    for (let i = 0; i < this.size; i++) if (this.#ids[i] !== other.#ids[i]) return false;
    return true;
  }
}

function sortedIds(vector: Vector): SortedIds {
  if (vector.nullCount > 0) throw new DataError('Vocabulary ids must not be null');
  const { type } = vector;
  if (DataType.isUtf8(type)) return Array.from(vector as Vector<Utf8>, (id) => id as string);
  const values: unknown = DataType.isInt(type) ? vector.toArray() : undefined;
  if (values instanceof Int32Array || values instanceof BigInt64Array) return values;
  throw new DataError(`Vocabulary ids must be of type Int32, Int64 or Utf8, not ${type}`);
}

/** Index of `wanted` in ascending ids by bisection, -1 when it is not there. */
function search<T extends Id>(ids: ArrayLike<T>, wanted: T): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] as T) < wanted) low = middle + 1;
    else high = middle;
  }
  return ids[low] === wanted ? low : -1;
}

/** Decimal integers in the one form that `String` gives them. */
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The id as a number that may be an int32; undefined when it is none. A rounded bigint is beyond int32 anyway. */
function toNumber(id: unknown): number | undefined {
  if (typeof id === 'string') return DECIMAL.test(id) ? Number(id) : undefined;
  return typeof id === 'number' || typeof id === 'bigint' ? Number(id) : undefined;
}

function toBigInt(id: unknown): bigint | undefined {
  if (typeof id === 'string') return DECIMAL.test(id) ? BigInt(id) : undefined;
  // Beyond 2^53 a number may stand for several integers.
  if (typeof id === 'number') return Number.isSafeInteger(id) ? BigInt(id) : undefined;
  return typeof id === 'bigint' ? id : undefined;
}
