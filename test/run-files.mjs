// A child of run.mjs: imports and runs the test files that it is sent, and reports to it.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** @typedef {{ event: 'ready' } | ({ event: 'end', file: string } & Counts)} Report */
/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** uvu's own result of a suite: report text (true when empty), passed, skipped, total. */
/** @typedef {() => Promise<[string | true, number, number, number]>} Suite */

const uvu = /** @type {{ UVU_DEFER: number, UVU_INDEX: number, UVU_QUEUE: Suite[][] }} */ (
  /** @type {unknown} */ (globalThis)
);
uvu.UVU_DEFER = 1; // `test.run()` puts the suite into UVU_QUEUE[UVU_INDEX] and starts nothing
uvu.UVU_INDEX = 0;

/** Reports, and waits until it is sent: the next thing to happen may be the end of this process. @param {Report} report */
const send = (report) => new Promise((resolve) => process.send?.(report, resolve));

/** @param {string} file @param {unknown} error */
const describe = (file, error) =>
  `  FAIL  ${file}: outside a test\n    ${error instanceof Error ? error.stack : `thrown: ${String(error)}`}\n`;

/** @param {string} file @returns {Promise<Counts>} */
async function runFile(file) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  uvu.UVU_QUEUE = [[]];
  try {
    await import(pathToFileURL(path.join(import.meta.dirname, file)).href);
    if (uvu.UVU_QUEUE[0].length === 0) throw new Error('no suite is run: is `test.run()` missing?');
  } catch (error) {
    console.error(describe(file, error));
    return { ...counts, failed: 1 };
  }
  for (const suite of uvu.UVU_QUEUE[0]) {
    try {
      const [text, passed, skipped, total] = await suite();
      counts.passed += passed;
      counts.skipped += skipped;
      counts.failed += total - passed;
      if (text !== true) console.error(`\n${text}`);
      else if (passed < total) {
        // uvu drops what was thrown, so only the number of victims is known.
        console.error(`  FAIL  ${file}: ${total - passed} of ${total} did not finish: a hook threw, or a test threw`);
        console.error('    something that is not an Error\n');
      }
    } catch (error) {
      counts.failed += 1;
      console.error(describe(file, error));
    }
  }
  return counts;
}

process.on('message', async (/** @type {string} */ file) => {
  // With nothing left to do, a file whose promise never settles ends this process instead of its time limit.
  process.channel?.unref();
  console.log(file);
  const counts = await runFile(file);
  process.channel?.ref();
  await send({ event: 'end', file, ...counts });
});
process.on('disconnect', () => process.exit(0)); // a server or timer that a test left open must not hold up the run
await send({ event: 'ready' });
