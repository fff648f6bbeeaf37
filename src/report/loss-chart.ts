import type { EpochRecord } from '../types.js';
import { type ChartText, drawChart, haloText } from './chart.js';
import { formatMeasure } from './format.js';
import { logTicks, lossFormat } from './loss-axis.js';
import { colour } from './palette.js';
import type { Chart } from './types.js';

/** Losses over a larger ratio than this are drawn on a logarithmic axis. */
const LOG_RATIO = 20;
/** Points of a curve; of longer trainings every n-th epoch is drawn, the first and the last always. */
const MOST_POINTS = 250;
/** Of so few epochs each is marked. */
const MARKED_POINTS = 30;
/** Of the plot and of labels, in pixels; the width of a label as a share of the plot's. */
const PLOT_HEIGHT = 165;
const LABEL_RISE = 9;
const LINE = 13;
const LABEL_WIDTH = 0.3;

interface LossPoint {
  epoch: number;
  loss: number;
  part: 'train' | 'valid';
}

/** Loss by epoch: of training as a dashed line, of validation as a solid one. */
export function drawLossChart(epochs: readonly EpochRecord[], text: ChartText): Promise<Chart> {
  const every = Math.ceil(epochs.length / MOST_POINTS);
  const drawn = epochs.filter((_, i) => i % every === 0 || i === epochs.length - 1);
  const points: LossPoint[] = [
    ...drawn.map(({ epoch, train }): LossPoint => ({ epoch, loss: train.loss, part: 'train' })),
    ...drawn.flatMap(({ epoch, valid }): LossPoint[] =>
      valid === undefined ? [] : [{ epoch, loss: valid.loss, part: 'valid' }],
    ),
  ].filter(({ loss }) => Number.isFinite(loss));
  const losses = points.map(({ loss }) => loss);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const isLog = least > 0 && most > LOG_RATIO * least;
  const best = lowest(epochs);
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'epoch',
    scale: { zero: false, nice: false },
    axis: { tickMinStep: 1, tickCount: 6, format: ',d' },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: 'loss',
    scale: isLog ? { type: 'log' } : { zero: false },
    axis: { format: lossFormat(most), ...(isLog ? { values: logTicks(least, most) } : { tickCount: 5 }) },
  };
  return drawChart(text, {
    data: { values: points },
    layer: [
      {
        mark: { type: 'line', strokeWidth: 1.75, point: points.length <= 2 * MARKED_POINTS && { size: 14 } },
        encoding: {
          x,
          y,
          color: byPart({ train: colour('muted'), valid: colour('series1') }),
          strokeDash: byPart({ train: [4, 3], valid: [1, 0] }),
        },
      },
      {
        data: { values: best === undefined ? [] : [best] },
        mark: { type: 'point', size: 70, stroke: colour('series1'), strokeWidth: 1.5 },
        encoding: { x, y },
      },
      ...endLabels(points, isLog).flatMap(({ value, dy, text: label, shade }) =>
        haloText(
          { align: 'right', dy, text: label, color: colour(shade) },
          { data: { values: [value] }, encoding: { x, y } },
        ),
      ),
    ],
  });
}

const byPart = (range: Record<LossPoint['part'], unknown>): object => ({
  field: 'part',
  type: 'nominal',
  legend: null,
  scale: { domain: Object.keys(range), range: Object.values(range) },
});

/** The epoch with the lowest validation loss. */
function lowest(epochs: readonly EpochRecord[]): { epoch: number; loss: number } | undefined {
  let best: { epoch: number; loss: number } | undefined;
  for (const { epoch, valid } of epochs) {
    if (valid !== undefined && !(valid.loss >= (best?.loss ?? Number.POSITIVE_INFINITY))) {
      best = Number.isFinite(valid.loss) ? { epoch, loss: valid.loss } : best;
    }
  }
  return best;
}

interface EndLabel {
  value: LossPoint;
  dy: number;
  text: string;
  shade: 'muted' | 'series1';
}

/** The name and last loss of each curve above its end, where falling curves leave room, so that no legend is needed. */
function endLabels(points: readonly LossPoint[], isLog: boolean): EndLabel[] {
  const onAxis = (loss: number): number => (isLog ? Math.log(loss) : loss);
  const heights = points.map(({ loss }) => onAxis(loss));
  const span = Math.max(...heights) - Math.min(...heights) || 1;
  const pixels = (height: number): number => (PLOT_HEIGHT * height) / span;
  const labels = (['train', 'valid'] as const).flatMap((part) => {
    const curve = points.filter((point) => point.part === part);
    const end = curve.at(-1);
    if (end === undefined) return [];
    const under = curve.filter(({ epoch }) => epoch >= (1 - LABEL_WIDTH) * end.epoch);
    const highest = Math.max(...under.map(({ loss }) => onAxis(loss)));
    return [{ end, bottom: pixels(highest) + LABEL_RISE }];
  });
  labels.sort((a, b) => a.bottom - b.bottom);
  const [lower, upper] = labels;
  if (lower && upper) upper.bottom = Math.max(upper.bottom, lower.bottom + LINE);
  return labels.map(({ end, bottom }) => ({
    value: end,
    dy: Math.round(pixels(onAxis(end.loss)) - bottom),
    text: `${end.part} ${formatMeasure(end.loss)}`,
    shade: end.part === 'train' ? 'muted' : 'series1',
  }));
}
