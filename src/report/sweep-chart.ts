import { type ChartText, drawChart } from './chart.js';
import { lossFormat } from './loss-chart.js';
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
 * Loss by epoch of several runs, on a logarithmic axis; a cross ends a run that diverged. Runs that diverged before
 * their first epoch ended have no curve: the caption names them. A curve that leaves the axis ends at its edge.
 *
 * @param domain least and greatest loss of the axis, so that charts side by side can share one
 */
export function drawSweepChart(runs: readonly SweepRun[], text: ChartText, domain?: [number, number]): Promise<Chart> {
  const known = runs.map((run) => ({ ...run, losses: within(run.losses, domain) }));
  const drawn = known.filter(({ losses }) => losses.length > 0);
  const lost = known.filter(({ losses }) => losses.length === 0).map(({ label }) => label);
  const labels = drawn.map(({ label }) => label);
  const byRun = (range: readonly unknown[]): object => ({
    field: 'label',
    type: 'nominal',
    legend: null,
    scale: { domain: labels, range: labels.map((_, i) => range[i % range.length]) },
  });
  const [least, most] = domain ?? spanOf(drawn);
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'epoch',
    scale: { nice: false, zero: false },
    axis: { tickMinStep: 1, tickCount: 5, format: ',d' },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: 'loss',
    scale: { type: 'log', nice: false, domain: [least, most] },
    axis: { tickCount: 5, format: lossFormat(most) },
  };
  const color = byRun(seriesColours);
  const ends = drawn.map(({ label, losses, diverged }) => ({
    label,
    epoch: losses.length,
    loss: losses.at(-1) as number,
    diverged,
  }));
  const layers = [
    {
      data: {
        values: drawn.flatMap(({ label, losses }) => losses.map((loss, i) => ({ label, epoch: i + 1, loss }))),
      },
      mark: { type: 'line', strokeWidth: 1.75, interpolate: 'linear' },
      encoding: { x, y, color, strokeDash: byRun(DASHES) },
    },
    {
      data: { values: ends.filter(({ diverged }) => diverged) },
      mark: { type: 'point', shape: 'cross', angle: 45, size: 90, filled: true, opacity: 1 },
      encoding: { x, y, color },
    },
    {
      data: { values: apart(ends, [least, most]) },
      mark: { type: 'text', align: 'left', dx: 8 },
      encoding: { x, y: { ...y, field: 'at' }, color, text: { field: 'text' } },
    },
  ];
  const caption = [
    text.caption,
    lost.length > 0 && `${lost.join(', ')} diverged before the first epoch ended.`,
    drawn.some(({ diverged }) => diverged) && 'Crosses mark runs that diverged.',
  ];
  return drawChart({ ...text, caption: caption.filter(Boolean).join(' ') }, { layer: layers });
}

/** What a chart of these runs says. */
export function sweepText(runs: readonly SweepRun[]): ChartText {
  const diverged = runs.filter((run) => run.diverged).map(({ label }) => label);
  const told = diverged.length === 0 ? 'None diverged.' : `Diverged: ${diverged.join(', ')}.`;
  return { name: 'sweep', title: 'Loss by epoch', description: `Loss by epoch of ${runs.length} runs. ${told}` };
}

/** The finite losses up to the first that leaves the domain, which is put on its edge. */
function within(losses: readonly number[], domain: readonly [number, number] | undefined): number[] {
  const finite = losses.filter((loss) => Number.isFinite(loss) && loss > 0);
  if (domain === undefined) return finite;
  const [least, most] = domain;
  const beyond = finite.findIndex((loss) => loss < least || loss > most);
  if (beyond < 0) return finite;
  return [...finite.slice(0, beyond), (finite[beyond] as number) > most ? most : least];
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

/** Labels of the ends of curves, moved upwards where they would cover each other. */
function apart(ends: readonly RunEnd[], [least, most]: [number, number]): object[] {
  const gap = LABEL_GAP * Math.log(most / least);
  let above = Number.NEGATIVE_INFINITY;
  return [...ends]
    .sort((a, b) => a.loss - b.loss)
    .map((end) => {
      above = Math.max(Math.log(end.loss), above + gap);
      return { ...end, at: Math.exp(above), text: `${end.label}${end.diverged ? ' diverged' : ''}` };
    });
}
