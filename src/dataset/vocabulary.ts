import { DataType, makeVector, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { DataError } from '../errors.js';
import { nearest } from '../options.js';

/** An id of a user or item as the data has it. */
export type Id = number | bigint | string;

export type IdKind = 'int32' | 'int64' | 'string';

/** Ids in the order of their indices: ascending numerically, strings by UTF-16 code unit, but for ids that joined later. */
export type Ids = Int32Array | BigInt64Array | readonly string[];

/** Largest vocabulary that is searched for a similar spelling in an error message. */
const SPELLING_LIMIT = 20_000;

/**
 * The map between ids and dense indices 0 … size - 1. Of data that is read, indices stand in ascending id order, so they
 * depend on the set of ids alone and not on the order of the rows they were read from; ids that join later (`extend`)
 * follow behind, so that no index ever changes. Immutable.
 */
export class Vocabulary {
  readonly kind: IdKind;
  readonly size: number;
  readonly #ids: Ids;
  /** (size) indices in ascending order of their ids; undefined where that is the order of the indices. */
  readonly #order: Uint32Array | undefined;

  /** @param ids (size) unique; kept, not copied. Use `fromVector` for ids that are not known to be unique. */
  constructor(ids: Ids) {
    this.kind = ids instanceof Int32Array ? 'int32' : ids instanceof BigInt64Array ? 'int64' : 'string';
    this.size = ids.length;
    this.#ids = ids;
    this.#order = ascendingOrder(ids);
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
      return wanted === undefined ? -1 : search(ids, this.#order, wanted);
    }
    if (ids instanceof BigInt64Array) {
      const wanted = toBigInt(id);
      return wanted === undefined ? -1 : search(ids, this.#order, wanted);
    }
    return typeof id === 'string' ? search(ids, this.#order, id) : -1;
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
      const at = (rank: number): Id => ids[this.#order?.[rank] ?? rank] as Id;
      return `${known} with ids ${at(0)} … ${at(this.size - 1)}`;
    }
    const near = this.size <= SPELLING_LIMIT ? nearest(String(id), ids) : undefined;
    return `${known} with string ids${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`;
  }

  /** The ids at some indices, in their order. RangeError as in `id`. */
  ids(indices: ArrayLike<number>): Id[] {
    return Array.from(indices, (index) => this.id(index));
  }

  /** The ids at ascending indices as a vocabulary of their own, in the same order. */
  subset(indices: Uint32Array): Vocabulary {
    const ids = this.#ids;
    if (ids instanceof Int32Array) return new Vocabulary(Int32Array.from(indices, (i) => ids[i] as number));
    if (ids instanceof BigInt64Array) return new Vocabulary(BigInt64Array.from(indices, (i) => ids[i] as bigint));
    return new Vocabulary(Array.from(indices, (i) => ids[i] as string));
  }

  /**
   * This vocabulary with the ids of another that it lacks behind its own, in ascending order; itself where it lacks none.
   * int32 with int64 gives int64. DataError when one holds strings and the other integers.
   */
  extend(other: Vocabulary): Vocabulary {
    this.#expectKind(other);
    const added = Array.from(other.#ids as Iterable<Id>).filter((id) => this.index(id) < 0);
    if (added.length === 0) return this;
    if (this.kind === 'string') {
      return new Vocabulary([...(this.#ids as readonly string[]), ...(added as string[]).sort()]);
    }
    const both = [...(this.#ids as Iterable<Id>), ...added.sort((a, b) => (a < b ? -1 : 1))];
    const isInt32 = this.kind === 'int32' && other.kind === 'int32';
    return new Vocabulary(isInt32 ? Int32Array.from(both as number[]) : BigInt64Array.from(both.map(BigInt)));
  }

  /** All ids of both in ascending order; kinds as in `extend`. */
  union(other: Vocabulary): Vocabulary {
    this.#expectKind(other);
    if (this.kind === 'string') {
      return new Vocabulary(Array.from(new Set([...this.#ids, ...other.#ids] as string[])).sort());
    }
    if (this.kind === 'int32' && other.kind === 'int32') {
      return new Vocabulary(Int32Array.from(new Set([...this.#ids, ...other.#ids] as number[])).sort());
    }
    return new Vocabulary(BigInt64Array.from(new Set([...this.#ids, ...other.#ids].map(BigInt))).sort());
  }

  #expectKind(other: Vocabulary): void {
    if ((this.kind === 'string') === (other.kind === 'string')) return;
    throw new DataError(`Ids of kind ${this.kind} and ${other.kind} cannot stand in one vocabulary`);
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
   * other type, on nulls and on ids that are not unique.
   */
  static fromVector(vector: Vector): Vocabulary {
    const ids = readIds(vector);
    const vocabulary = new Vocabulary(ids);
    const order = vocabulary.#order;
    if (order === undefined) return vocabulary;
    for (let rank = 1; rank < order.length; rank++) {
      const [before, id] = [ids[order[rank - 1] as number] as Id, ids[order[rank] as number] as Id];
      if (before === id) throw new DataError(`Vocabulary ids must be unique; ${id} stands in it twice`, { value: id });
    }
    return vocabulary;
  }

  equals(other: Vocabulary): boolean {
    if (this === other) return true;
    if (this.kind !== other.kind || this.size !== other.size) return false;
    for (let i = 0; i < this.size; i++) if (this.#ids[i] !== other.#ids[i]) return false;
    return true;
  }
}

function readIds(vector: Vector): Ids {
  if (vector.nullCount > 0) throw new DataError('Vocabulary ids must not be null');
  const { type } = vector;
  if (DataType.isUtf8(type)) return Array.from(vector as Vector<Utf8>, (id) => id as string);
  const values: unknown = DataType.isInt(type) ? vector.toArray() : undefined;
  if (values instanceof Int32Array || values instanceof BigInt64Array) return values;
  throw new DataError(`Vocabulary ids must be of type Int32, Int64 or Utf8, not ${type}`);
}

/** (ids) their indices in ascending order of ids; undefined where each id is above the one before. */
function ascendingOrder(ids: Ids): Uint32Array | undefined {
  let at = 1;
  while (at < ids.length && (ids[at - 1] as Id) < (ids[at] as Id)) at++;
  if (at >= ids.length) return undefined;
  const byId = (a: number, b: number): number => ((ids[a] as Id) < (ids[b] as Id) ? -1 : 1);
  return Uint32Array.from(ids.keys()).sort((a, b) => (ids[a] === ids[b] ? a - b : byId(a, b)));
}

/** Index of `wanted` by bisection in ascending order of ids, -1 when it is not there. */
function search<T extends Id>(ids: ArrayLike<T>, order: Uint32Array | undefined, wanted: T): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[order === undefined ? middle : (order[middle] as number)] as T) < wanted) low = middle + 1;
    else high = middle;
  }
  const index = order === undefined ? low : (order[low] as number);
  return ids[index] === wanted ? index : -1;
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
