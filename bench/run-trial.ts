import { type DriverName, drivers as register } from './drivers/index.js';
import type { Progress } from './progress.js';
import { formatTime } from './report.js';
import { summarize } from './summarize.js';
import type { DriverResult, Run, Trial } from './types.js';

export interface Runner {
  whyMissing(driver: DriverName): string | undefined;
  /** One run of a driver in a process of its own. */
  run(driver: DriverName): Promise<Run>;
}

/** How often a driver of a trial runs. */
const timesOf = (trial: Trial, driver: DriverName, runs: number): number => (trial.once.includes(driver) ? 1 : runs);

export const countRuns = (trial: Trial, runs: number): number =>
  trial.drivers.reduce((sum, driver) => sum + timesOf(trial, driver, runs), 0);

/**
 * Runs the drivers of a trial in turn, so that a change of the machine's pace meets all of them. Each warms up within its
 * process. A peer that fails is left out; without palate there is nothing to compare.
 * @throws Error when palate fails
 */
export async function runTrial(
  trial: Trial,
  runs: number,
  runner: Runner,
  progress: Progress,
): Promise<DriverResult[]> {
  const done = new Map<DriverName, Run[]>();
  const skipped = new Map<DriverName, string>();
  for (const driver of trial.drivers) {
    const why = runner.whyMissing(driver);
    if (why === undefined) done.set(driver, []);
    else {
      skipped.set(driver, why);
      progress.note(`${trial.name}: ${driver} skipped: ${why}`, timesOf(trial, driver, runs));
    }
  }
  for (let round = 0; round < runs; round++) {
    for (const [driver, earlier] of done) {
      const times = timesOf(trial, driver, runs);
      if (round >= times) continue;
      const label = `${trial.name}: ${driver}${times > 1 ? `, run ${round + 1} of ${times}` : ''}`;
      if (earlier.some((run) => 'failed' in run)) {
        progress.note(`${label}: left out, as it has failed`, 1);
        continue;
      }
      progress.begin(label);
      const run = await runner.run(driver);
      earlier.push(run);
      progress.end(`${label}: ${'failed' in run ? `failed: ${run.failed}` : formatTime(run.seconds.median)}`);
      if ('failed' in run && register[driver].role === 'figure') throw new Error(`${label} failed: ${run.failed}`);
    }
  }
  return trial.drivers.map((driver) => {
    const why = skipped.get(driver);
    return why === undefined ? summarize(driver, done.get(driver) ?? []) : { driver, skipped: why };
  });
}
