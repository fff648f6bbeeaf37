/**
 * What `compute` makes of each input, in order; the next one is under way while the consumer holds one. Leaving the loop
 * early stops it. Rejects with the signal's reason.
 */
export async function* oneAhead<T, R>(
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
