import { availableParallelism } from 'node:os';
import { DataError } from '../errors.js';
import { native } from '../native/load.js';
import { expectInt, expectKnownKeys, expectNumber, expectSignal, typeError } from '../options.js';
import { Dataset } from './dataset.js';
import type { Interactions } from './interactions.js';

/** Who likes what, CSR by user: items ascending within a user. */
export interface Likes {
  /** (numUsers + 1) */
  offsets: Uint32Array;
  /** (likes) item indices */
  items: Uint32Array;
}

/** How many users like both of two items: symmetric, sparse, without a diagonal; CSR over item indices. */
export interface CoOccurrence {
  readonly numItems: number;
  /** (numItems + 1): row i is offsets[i] … offsets[i + 1] - 1. */
  readonly offsets: Uint32Array;
  /** (pairs, in both orders) item indices, ascending within a row. */
  readonly items: Uint32Array;
  /** (pairs, in both orders) at least 1. */
  readonly counts: Uint32Array;
  /** Largest count; 0 when no user likes two items. */
  readonly largest: number;
}

export interface CoOccurrenceOptions {
  /** Least rating of a like. Default 4; an implicit dataset's interactions all are likes. */
  positiveThreshold?: number;
  /** At most so many. Default: as many as the machine runs at once. */
  threads?: number;
  signal?: AbortSignal;
}

/** Ratings of at least `threshold`; all interactions of an implicit dataset. DataError where there are none. */
export function likedInteractions(data: Dataset, threshold: number): Interactions {
  const { interactions } = data;
  if (data.implicit) return interactions;
  const liked = interactions.select(Uint8Array.from(interactions.values, (value) => (value >= threshold ? 1 : 0)));
  if (liked.size === 0) {
    const { min, max } = data.ratingRange;
    throw new DataError(
      `No rating reaches \`positiveThreshold\` ${threshold}: they lie between ${min} and ${max}. Lower it.`,
      { column: 'rating' },
    );
  }
  return liked;
}

/** The same, as lists of items alone. */
export function likesOf(data: Dataset, threshold: number): Likes {
  const { offsets, items } = likedInteractions(data, threshold);
  return { offsets, items };
}

/**
 * Counts for each two items the users who like both. Runs on native threads; the event loop stays free.
 * @throws TypeError, RangeError for a wrong option; DataError when nothing is liked; the signal's reason when aborted.
 */
export async function countCoOccurrences(data: Dataset, options: CoOccurrenceOptions = {}): Promise<CoOccurrence> {
  if (!(data instanceof Dataset)) throw typeError('data', 'a Dataset', data);
  expectKnownKeys('countCoOccurrences', options, ['positiveThreshold', 'threads', 'signal']);
  const { signal } = options;
  expectSignal(signal);
  signal?.throwIfAborted();
  const likes = likesOf(data, expectNumber('positiveThreshold', options.positiveThreshold ?? 4));
  const threads = expectInt('threads', options.threads ?? availableParallelism(), { min: 1, max: 1024 });
  const counter = new (native().Cooccurrence)({ ...likes, numItems: data.numItems, threads });
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const onAbort = (): void => {
    Atomics.store(cancel, 0, 1);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const { nonzeros, largest } = await counter.count(cancel);
    signal?.throwIfAborted();
    const arrays = {
      offsets: new Uint32Array(data.numItems + 1),
      items: new Uint32Array(nonzeros),
      counts: new Uint32Array(nonzeros),
    };
    counter.read(arrays);
    return { numItems: data.numItems, ...arrays, largest };
  } finally {
    signal?.removeEventListener('abort', onAbort);
    counter.dispose();
  }
}
