import { resolveDevice } from '../native/device.js';
import { expectBoolean, expectInt, expectKnownKeys, expectOneOf, expectSignal } from '../options.js';
import type { ModelData, RecommendAllOptions } from '../types.js';
import { candidateMask } from './candidates.js';
import { topItems, usersAtOnce } from './rank-users.js';
import { Recommendations } from './ranked-items.js';
import { servingOf } from './serving-of.js';

const optionNames = [
  'k',
  'batchSize',
  'excludeSeen',
  'excludeItems',
  'candidateItems',
  'threads',
  'device',
  'signal',
] as const satisfies readonly (keyof RecommendAllOptions)[];

/** Users enough to keep all threads busy, and results of a few megabytes. */
const defaultBatch = 4096;

interface Batch {
  first: number;
  end: number;
}

/**
 * The k best items of every user, in batches in order of the user's index, each as `recommend` returns it. A batch is
 * computed on threads of its own while the one before is being used, and no further ahead: memory does not grow with
 * the number of users. Leaving the loop early stops what is being computed.
 *
 * @throws TypeError, RangeError for wrong options and DataError for unknown items, before the first batch. The iteration
 * rejects with the reason of the signal once it aborts.
 */
export function recommendAll(
  data: ModelData,
  options: RecommendAllOptions = {},
): AsyncGenerator<Recommendations, void, undefined> {
  expectKnownKeys('recommendAll', options, optionNames);
  const k = Math.min(expectInt('k', options.k ?? 10, { min: 1 }), data.items.size);
  const batchSize = expectInt('batchSize', options.batchSize ?? usersAtOnce(k, defaultBatch), { min: 1 });
  const excludeSeen = expectBoolean('excludeSeen', options.excludeSeen ?? true);
  const threads =
    options.threads === undefined ? undefined : expectInt('threads', options.threads, { min: 1, max: 1024 });
  const device = resolveDevice(expectOneOf('device', options.device ?? 'auto', ['auto', 'cpu', 'cuda']));
  const signal = expectSignal(options.signal);
  const candidates = candidateMask(data, options);

  const compute = async ({ first, end }: Batch, stop: AbortSignal): Promise<Recommendations> => {
    const search = servingOf(data).forRange(first, end);
    const { offsets, items } = data.seen;
    const exclude = excludeSeen ? { offsets: offsets.subarray(first, end + 1), items } : undefined;
    const top = await search.start({ k, exclude, candidates, threads, device }, stop);
    const users = Uint32Array.from({ length: end - first }, (_, n) => first + n);
    return new Recommendations(data, topItems(search, top, { k, first: 0 }), users);
  };
  return oneAhead(batchesOf(data.users.size, batchSize), compute, signal);
}

function* batchesOf(size: number, batchSize: number): Generator<Batch> {
  for (let first = 0; first < size; first += batchSize) yield { first, end: Math.min(size, first + batchSize) };
}

/** What `compute` makes of each input, in order; the next one is under way while the consumer holds one. */
async function* oneAhead<T, R>(
  inputs: Iterator<T>,
  compute: (input: T, stop: AbortSignal) => Promise<R>,
  signal: AbortSignal | undefined,
): AsyncGenerator<R, void, undefined> {
  const left = new AbortController();
  const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const start = (): Promise<R> | undefined => {
    const input = inputs.next();
    if (input.done) return undefined;
    const started = compute(input.value, stop);
    // It is awaited once the consumer asks again; until then a failure must not count as unhandled.
    started.catch(() => {});
    return started;
  };
  let ahead = start();
  try {
    while (ahead !== undefined) {
      const ready = await ahead;
      signal?.throwIfAborted();
      ahead = start();
      yield ready;
    }
  } finally {
    left.abort();
    // Nobody asks for this one any more; its threads must be done before the caller goes on.
    await ahead?.catch(() => {});
  }
}
