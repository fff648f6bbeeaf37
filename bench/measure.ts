import type { Spread } from './types.js';

/** Seconds since a `performance.now()`. */
export const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Peak resident memory of this process so far. */
export const peakKilobytes = (): number => process.resourceUsage().maxRSS;

export const once = (seconds: number): Spread => ({ median: seconds, min: seconds, max: seconds });

/** Median (the upper one of an even number), least and greatest. */
export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  if (median === undefined) throw new Error('no samples');
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number };
}

export const scale = ({ median, min, max }: Spread, factor: number): Spread => ({
  median: median * factor,
  min: min * factor,
  max: max * factor,
});

/** Repeats `run` after a warm-up of two, at least three times and until `budget` seconds have passed; seconds a run. */
export function repeat(run: () => void, budget: number): Spread {
  const samples: number[] = [];
  const warmUps = 2;
  for (let n = 0, begin = 0; n < warmUps + 3 || secondsSince(begin) < budget; n++) {
    if (n === warmUps) begin = performance.now();
    const start = performance.now();
    run();
    if (n >= warmUps) samples.push(secondsSince(start));
  }
  return spread(samples);
}
