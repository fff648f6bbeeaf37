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
/** Labels nearer to each other than this share of the axis are moved apart. */
const NEAR = 0.12;
/** Pixels of a label above the end of its curve, and of a line of text. */
const LABEL_RISE = 9;
const LINE = 13;

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
  const span = Math.max(...heights) - Math.min(...heights);
  const ends = (['train', 'valid'] as const).flatMap((part) => points.filter((p) => p.part === part).slice(-1));
  const [one, other] = ends.map(({ loss }) => onAxis(loss));
  const isNear = one !== undefined && other !== undefined && Math.abs(one - other) < NEAR * span;
  const higher = Math.max(...ends.map(({ loss }) => loss));
  return ends.map((value) => ({
    value,
    dy: isNear && value.loss === higher ? -LABEL_RISE - LINE : -LABEL_RISE,
    text: `${value.part} ${formatMeasure(value.loss)}`,
    shade: value.part === 'train' ? 'muted' : 'series1',
  }));
}
