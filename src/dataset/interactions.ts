import { makeVector, Table, type Vector } from 'apache-arrow';
import type { Csr } from './csr.js';
import { selectLabelled } from './select-labelled.js';

/** Interactions by item (CSC). */
export interface ByItem {
  /** (numItems + 1) */
  offsets: Uint32Array;
  /** (size) user indices, ascending within an item. */
  users: Uint32Array;
  /** (size) */
  values: Float32Array;
  /** (size) index of each entry in the arrays by user. */
  positions: Uint32Array;
}

/**
 * Who rated what, by user (CSR): users ascending, items ascending within a user, each pair at most once. The arrays are
 * the very memory that native code reads: treat them as read-only.
 */
export class Interactions {
  readonly numUsers: number;
  readonly numItems: number;
  readonly size: number;
  /** (numUsers + 1): entries of user u are offsets[u] … offsets[u + 1] - 1. */
  readonly offsets: Uint32Array;
  /** (size) item index. */
  readonly items: Uint32Array;
  /** (size) rating; 1 where implicit. */
  readonly values: Float32Array;
  /** (size) unix seconds. */
  readonly times: Float64Array | undefined;
  #users: Uint32Array | undefined;
  #byItem: ByItem | undefined;
  #range: { min: number; max: number } | undefined;

  /** The arrays are kept, not copied, and not checked: their order is the caller's duty. */
  constructor({ numUsers, numItems, offsets, items, values, times }: Csr) {
    this.numUsers = numUsers;
    this.numItems = numItems;
    this.size = items.length;
    this.offsets = offsets;
    this.items = items;
    this.values = values;
    this.times = times;
  }

  /** (size) user index of each entry; built on first use. */
  get users(): Uint32Array {
    if (this.#users === undefined) {
      this.#users = new Uint32Array(this.size);
      for (let user = 0; user < this.numUsers; user++) {
        this.#users.fill(user, this.offsets[user], this.offsets[user + 1]);
      }
    }
    return this.#users;
  }

  /** The transpose; built on first use. */
  byItem(): ByItem {
    this.#byItem ??= transpose(this);
    return this.#byItem;
  }

  /** View of the items of a user, ascending. RangeError for an index that is none. */
  itemsOf(user: number): Uint32Array {
    return this.items.subarray(this.#offset(user), this.offsets[user + 1]);
  }

  /** View of the values of a user, in the order of `itemsOf`. */
  valuesOf(user: number): Float32Array {
    return this.values.subarray(this.#offset(user), this.offsets[user + 1]);
  }

  #offset(user: number): number {
    if (Number.isInteger(user) && user >= 0 && user < this.numUsers) return this.offsets[user] as number;
    throw new RangeError(`User index ${user} is outside 0 … ${this.numUsers - 1}`);
  }

  /** (numUsers) entries of each user. */
  userCounts(): Uint32Array {
    const counts = new Uint32Array(this.numUsers);
    for (let u = 0; u < counts.length; u++) counts[u] = (this.offsets[u + 1] as number) - (this.offsets[u] as number);
    return counts;
  }

  /** (numItems) entries of each item. */
  itemCounts(): Uint32Array {
    const { items } = this;
    const counts = new Uint32Array(this.numItems);
    for (let i = 0; i < items.length; i++) counts[items[i] as number] = (counts[items[i] as number] as number) + 1;
    return counts;
  }

  /** Smallest and largest value; NaN for both when there are no entries. Found on first use. */
  valueRange(): { min: number; max: number } {
    this.#range ??= this.#findRange();
    return { ...this.#range };
  }

  #findRange(): { min: number; max: number } {
    const { values } = this;
    let min = values[0] ?? Number.NaN;
    let max = min;
    for (let i = 1; i < values.length; i++) {
      const value = values[i] as number;
      if (value < min) min = value;
      else if (value > max) max = value;
    }
    return { min, max };
  }

  /** Mean value, summed in float64; NaN when there are no entries. */
  meanValue(): number {
    const { values } = this;
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i] as number;
    return sum / values.length;
  }

  /**
   * Some of the entries, in the same index space.
   * @param chosen positions in any order, each at most once (Uint32Array), or a mask of `size` bytes, not 0 to keep an
   *   entry (Uint8Array). RangeError for positions outside or twice, and for a mask of another length.
   */
  select(chosen: Uint32Array | Uint8Array): Interactions {
    const mask = chosen instanceof Uint8Array ? chosen : toMask(chosen, this.size);
    if (mask.length !== this.size) {
      throw new RangeError(`Expected a mask of ${this.size} bytes, one for each interaction, received ${mask.length}`);
    }
    return new Interactions(selectLabelled(this, mask, 0, false));
  }

  /** Table of userIndex, itemIndex (Uint32), value (Float32) and, where there are times, time (Float64). No copies. */
  toTable(): Table {
    const columns: Record<string, Vector> = {
      userIndex: makeVector(this.users),
      itemIndex: makeVector(this.items),
      value: makeVector(this.values),
    };
    if (this.times !== undefined) columns.time = makeVector(this.times);
    return new Table(columns);
  }
}

/** Counting sort by item; as entries are visited by user, users come out ascending. */
function transpose({ numItems, size, items, values, users }: Interactions): ByItem {
  const offsets = new Uint32Array(numItems + 1);
  for (let i = 0; i < size; i++) {
    const after = (items[i] as number) + 1;
    offsets[after] = (offsets[after] as number) + 1;
  }
  for (let item = 1; item <= numItems; item++) {
    offsets[item] = (offsets[item] as number) + (offsets[item - 1] as number);
  }
  const next = offsets.slice();
  const out = {
    offsets,
    users: new Uint32Array(size),
    values: new Float32Array(size),
    positions: new Uint32Array(size),
  };
  for (let i = 0; i < size; i++) {
    const item = items[i] as number;
    const at = next[item] as number;
    next[item] = at + 1;
    out.users[at] = users[i] as number;
    out.values[at] = values[i] as number;
    out.positions[at] = i;
  }
  return out;
}

function toMask(positions: Uint32Array, size: number): Uint8Array {
  const mask = new Uint8Array(size);
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i] as number;
    if (position >= size) throw new RangeError(`Position ${position} is outside ${size} interactions`);
    if (mask[position] === 1) throw new RangeError(`Position ${position} is chosen twice`);
    mask[position] = 1;
  }
  return mask;
}
