import type { DriverName } from './drivers/index.js';
import { spread } from './measure.js';
import type { DriverResult, Measurement, Run, Spread } from './types.js';

type Measured = Measurement & { peakKilobytes: number };

/** A driver's figures: the run of median time stands for the others, with the least and the greatest time of all. */
export function summarize(driver: DriverName, runs: readonly Run[]): DriverResult {
  const broken = runs.find((run) => 'failed' in run);
  if (broken !== undefined) return { driver, failed: broken.failed };
  const measured = (runs as readonly Measured[]).toSorted((a, b) => a.seconds.median - b.seconds.median);
  const middle = measured[measured.length >> 1];
  if (middle === undefined) throw new Error(`driver '${driver}' has no runs`);
  const seconds: Spread = {
    median: middle.seconds.median,
    min: spread(measured.map((run) => run.seconds.min)).min,
    max: spread(measured.map((run) => run.seconds.max)).max,
  };
  const { parts, quality, extrapolated, note } = middle;
  return {
    driver,
    runs: runs.length,
    seconds,
    ...(parts && { parts }),
    ...(quality && { quality }),
    ...(extrapolated && { extrapolated }),
    ...(note && { note }),
    peakMegabytes: spread(measured.map((run) => run.peakKilobytes)).median / 1024,
  };
}
