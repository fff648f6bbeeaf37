import type { DriverResult, TrialResult } from './types.js';

const time = (seconds: number): string =>
  seconds >= 1
    ? `${seconds.toFixed(2)} s`
    : seconds >= 1e-3
      ? `${(seconds * 1e3).toFixed(2)} ms`
      : `${(seconds * 1e6).toFixed(1)} µs`;

const pairs = (values: Record<string, number> | undefined, show: (n: number) => string): string =>
  Object.entries(values ?? {})
    .map(([name, value]) => `${name} ${show(value)}`)
    .join(', ');

function row(result: DriverResult, ours: DriverResult | undefined): string {
  if (result.skipped !== undefined) return `| ${result.driver} | skipped: ${result.skipped} | | | | |`;
  const seconds = result.seconds as { median: number; min: number; max: number };
  const ratio =
    ours?.seconds === undefined || ours === result ? '' : `${(seconds.median / ours.seconds.median).toFixed(2)} ×`;
  return `| ${result.driver} | ${time(seconds.median)} (${time(seconds.min)} to ${time(seconds.max)}) | ${ratio} | ${Math.round(result.peakMegabytes as number)} MB | ${pairs(result.parts, time)} | ${pairs(result.quality, (n) => `${Number.isInteger(n) ? n : Number(n.toPrecision(6))}`)} |`;
}

/** A trial as Markdown: median time, the peer's time as a multiple of ours, peak memory of the process. */
export function toMarkdown(trial: TrialResult): string {
  const ours = trial.drivers[0];
  return [
    `### ${trial.task}`,
    '',
    `${trial.caption}. ${pairs(trial.parameters as Record<string, number>, String)}; median of ${trial.runs}.`,
    '',
    '| driver | time (min to max) | against palate | peak memory | parts | result |',
    '| --- | --- | --- | --- | --- | --- |',
    ...trial.drivers.map((result) => row(result, ours)),
    '',
  ].join('\n');
}
