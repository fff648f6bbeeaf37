import { type ChartText, drawChart } from './chart.js';
import { logTicks, lossFormat } from './loss-axis.js';
import { seriesColours } from './palette.js';
import type { Chart } from './types.js';

/** A run of a sweep. */
export interface SweepRun {
  /** What tells it from the others of its chart: a learning rate, say. */
  label: string;
  /** Loss of each epoch that was done. */
  losses: readonly number[];
  /** It ended in NaN or infinity. */
  diverged: boolean;
}

const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [1, 3],
  [10, 4],
  [4, 2, 1, 2],
];
/** Least distance of labels, as a share of the axis. */
const LABEL_GAP = 0.075;

/**
 * Loss by epoch of several runs, on a logarithmic axis; a cross ends a run that diverged. Runs that diverged in
 * their first epoch have no curve: the caption names them. A curve that leaves the axis ends at its edge.
 *
 * @param domain least and greatest loss of the axis, so that charts side by side can share one
 */
export function drawSweepChart(runs: readonly SweepRun[], text: ChartText, domain?: [number, number]): Promise<Chart> {
  const drawn = runs
    .map((run) => ({ ...run, points: curveOf(run.losses, domain) }))
    .filter(({ points }) => points.length > 0);
  const labels = drawn.map(({ label }) => label);
  const byRun = (range: readonly unknown[]): object => ({
    field: 'label',
    type: 'nominal',
    legend: null,
    scale: { domain: labels, range: labels.map((_, i) => range[i % range.length]) },
  });
  const ends = drawn.map(({ label, points, diverged }) => ({ label, diverged, ...(points.at(-1) as CurvePoint) }));
  const lastEpoch = Math.max(1, ...ends.map(({ epoch }) => epoch));
  const [least, most] = domain ?? spanOf(drawn);
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'epoch',
    scale: { domain: [1, Math.max(2, Math.ceil(lastEpoch))], nice: false },
    axis: { tickMinStep: 1, tickCount: 5, format: ',d' },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: 'loss',
    scale: { type: 'log', nice: false, domain: [least, most] },
    axis: { values: logTicks(least, most), format: lossFormat(most) },
  };
  const color = byRun(seriesColours);
  const layers = [
    {
      data: {
        values: drawn.flatMap(({ label, points }) => points.map((point) => ({ label, ...point }))),
      },
      mark: { type: 'line', strokeWidth: 1.75 },
      encoding: { x, y, color, strokeDash: byRun(DASHES) },
    },
    {
      data: { values: ends.filter(({ diverged }) => diverged) },
      mark: { type: 'point', shape: 'cross', angle: 45, size: 90, filled: true, opacity: 1 },
      encoding: { x, y, color },
    },
    {
      data: { values: apart(ends, [least, most]).map((end) => ({ ...end, epoch: lastEpoch })) },
      mark: { type: 'text', align: 'left', dx: 8 },
      encoding: { x, y: { ...y, field: 'at' }, color, text: { field: 'text' } },
    },
  ];
  const ended = runs
    .filter(({ diverged }) => diverged)
    .map(({ label, losses }) => `${label} in epoch ${losses.length + 1}`);
  const caption = [text.caption, ended.length > 0 && `Crosses: diverged, ${ended.join(', ')}.`];
  return drawChart({ ...text, caption: caption.filter(Boolean).join(' ') }, { layer: layers });
}

/** What a chart of these runs says. */
export function sweepText(runs: readonly SweepRun[]): ChartText {
  const diverged = runs.filter((run) => run.diverged).map(({ label }) => label);
  const told = diverged.length === 0 ? 'None diverged.' : `Diverged: ${diverged.join(', ')}.`;
  return { name: 'sweep', title: 'Loss by epoch', description: `Loss by epoch of ${runs.length} runs. ${told}` };
}

interface CurvePoint {
  epoch: number;
  loss: number;
}

/** Finite losses by epoch, up to where the curve leaves the domain. */
function curveOf(losses: readonly number[], domain: readonly [number, number] | undefined): CurvePoint[] {
  const points = losses
    .map((loss, i) => ({ epoch: i + 1, loss }))
    .filter(({ loss }) => Number.isFinite(loss) && loss > 0);
  const [least, most] = domain ?? [0, Number.POSITIVE_INFINITY];
  const beyond = points.findIndex(({ loss }) => loss < least || loss > most);
  if (beyond <= 0) return beyond === 0 ? [] : points;
  const [last, next] = [points[beyond - 1], points[beyond]] as [CurvePoint, CurvePoint];
  const edge = next.loss > most ? most : least;
  const share = Math.log(edge / last.loss) / Math.log(next.loss / last.loss);
  return [...points.slice(0, beyond), { epoch: last.epoch + share * (next.epoch - last.epoch), loss: edge }];
}

/**
 * An axis for some runs: from their least loss to their greatest. Runs that diverged count with their first loss alone,
 * or nothing could be seen of the others. 1 to 10 where there are no losses.
 */
export function spanOf(runs: readonly Pick<SweepRun, 'losses' | 'diverged'>[]): [number, number] {
  const losses = runs
    .flatMap(({ losses: all, diverged }) => (diverged ? all.slice(0, 1) : all))
    .filter((loss) => Number.isFinite(loss) && loss > 0);
  if (losses.length === 0) return [1, 10];
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  return runs.some(({ diverged }) => diverged) || most === least ? [least, 10 * most] : [least, most];
}

interface RunEnd {
  label: string;
  epoch: number;
  loss: number;
  diverged: boolean;
}

/** Labels of the ends of curves, moved up where they would cover each other, and down again from the top of the axis. */
function apart(ends: readonly RunEnd[], [least, most]: [number, number]): object[] {
  const gap = LABEL_GAP * Math.log(most / least);
  const sorted = [...ends].sort((a, b) => a.loss - b.loss);
  const places = sorted.map(({ loss }) => Math.log(loss));
  for (let i = 1; i < places.length; i++) places[i] = Math.max(places[i] as number, (places[i - 1] as number) + gap);
  let limit = Math.log(most);
  for (let i = places.length - 1; i >= 0; i--) {
    places[i] = Math.min(places[i] as number, limit);
    limit = (places[i] as number) - gap;
  }
  return sorted.map((end, i) => ({
    ...end,
    at: Math.exp(places[i] as number),
    text: `${end.label}${end.diverged ? ' diverged' : ''}`,
  }));
}
