/**
 * Runs native work that looks at a flag, which the signal raises. Rejects with the signal's reason when it was aborted,
 * before or meanwhile.
 */
export async function withCancel<T>(
  signal: AbortSignal | undefined,
  start: (cancel: Int32Array) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const onAbort = (): void => {
    Atomics.store(cancel, 0, 1);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await start(cancel);
    signal?.throwIfAborted();
    return result;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
