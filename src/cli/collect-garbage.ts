/**
 * Frees what nothing refers to any more. Native training allocates next to nothing in JavaScript, so V8 would keep the
 * columns of a file that has been read to the end of it. Does nothing in a Node built without the inspector, whose protocol
 * is the documented way to ask for a collection.
 */
export async function collectGarbage(): Promise<void> {
  if (!process.features.inspector) return;
  const { Session } = await import('node:inspector');
  const session = new Session();
  session.connect();
  try {
    await new Promise<void>((resolve, reject) => {
      session.post('HeapProfiler.collectGarbage', (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    session.disconnect();
  }
}
