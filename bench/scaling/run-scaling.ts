// How the time of an epoch and the peak memory grow with ratings, dim and threads: a table, a JSON file and a plot.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { inputOf } from '../data/inputs.js';
import { commandOf } from '../drivers/command.js';
import { machine } from '../machine.js';
import { makeInput } from '../make-input.js';
import { newProgress } from '../progress.js';
import { formatMegabytes, formatTime } from '../report.js';
import { writeWhole } from '../results.js';
import { parseLast, runChild } from '../run-child.js';
import type { Machine, Measurement, Parameters, Size } from '../types.js';
import { toSvg } from './plot.js';
import { type Axis, axes, curves, type Point, pointsOf } from './points.js';

/** A point of a curve with what was measured there. */
export interface Measured extends Point {
  axis: Axis;
  /** Of the training part: .9 of the rows. */
  ratings: number;
  /** Median seconds of an epoch. */
  seconds: number;
  peakMegabytes: number;
}

export interface Scaling {
  machine: Machine;
  size: Size;
  date: string;
  points: Measured[];
}

const TRAIN_SHARE = 0.9;
const EPOCHS = 4;

async function measure(point: Point, signal: AbortSignal): Promise<Omit<Measured, 'axis'>> {
  const { curve, rows, dim, threads } = point;
  const parameters: Parameters = { ...curves[curve], rows, dim, trainShare: TRAIN_SHARE, epochs: EPOCHS };
  const input = inputOf('columns', parameters, undefined);
  await makeInput(input, signal);
  const command = commandOf({ task: 'train', driver: 'palate', parameters, input: input.file, threads, device: 'cpu' });
  const outcome = await runChild(command, { signal });
  if ('failed' in outcome) throw new Error(`scaling failed: ${outcome.failed}`);
  const { seconds, peakKilobytes } = parseLast<Measurement & { peakKilobytes: number }>(outcome.output);
  return {
    ...point,
    ratings: Math.round(rows * TRAIN_SHARE),
    seconds: seconds.median,
    peakMegabytes: peakKilobytes / 1024,
  };
}

export function scalingTable({ points }: Scaling): string {
  const rows = points.map(
    ({ axis, curve, ratings, dim, threads, seconds, peakMegabytes }) =>
      `| ${axis} | ${curve} | ${ratings.toLocaleString('en-US')} | ${dim} | ${threads} | ${formatTime(seconds)} | ` +
      `${(ratings / seconds / 1e6).toPrecision(3)} M | ${formatMegabytes(peakMegabytes)} |`,
  );
  return [
    '### scaling',
    '',
    '| axis | training | ratings | dim | threads | epoch | ratings a second | peak memory |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Measures each point once, though several axes may go through it, and writes `scaling-SIZE.json` and `scaling.svg`. */
export async function runScaling({
  size,
  json,
  folder,
  signal,
}: {
  size: Size;
  json: boolean;
  folder: string;
  signal: AbortSignal;
}): Promise<Scaling> {
  const wanted = axes.flatMap((axis) =>
    pointsOf(size, axis, availableParallelism()).map((point) => ({ axis, point, key: JSON.stringify(point) })),
  );
  const known = new Map<string, Omit<Measured, 'axis'>>();
  const progress = newProgress(new Set(wanted.map(({ key }) => key)).size, process.stderr);
  try {
    for (const { point, key } of wanted) {
      if (known.has(key)) continue;
      const { curve, rows, dim, threads } = point;
      const label = `scaling: ${curve}, ${rows.toLocaleString('en-US')} rows, dim ${dim}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
      progress.begin(label);
      const measured = await measure(point, signal);
      known.set(key, measured);
      progress.end(`${label}: ${formatTime(measured.seconds)}`);
    }
  } finally {
    progress.stop();
  }
  const points = wanted.map(({ axis, key }) => ({ axis, ...(known.get(key) as Omit<Measured, 'axis'>) }));
  const scaling: Scaling = { machine: machine(), size, date: new Date().toISOString().slice(0, 10), points };
  const svg = await toSvg(scaling);
  writeWhole(path.join(folder, `scaling-${size}.json`), `${JSON.stringify(scaling, null, 2)}\n`);
  writeWhole(path.join(folder, 'scaling.svg'), svg);
  if (!json) process.stdout.write(`${scalingTable(scaling)}\n`);
  return scaling;
}
