import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { describeMachine } from '../machine.js';
import { type Axis, axes } from './points.js';
import type { Scaling } from './run-scaling.js';

const titles: Readonly<Record<Axis, string>> = { ratings: 'ratings trained on', dim: 'dim', threads: 'threads' };

/** A panel: one axis against time or memory, a line a way of training. */
const panel = (axis: Axis, measure: 'seconds' | 'peakMegabytes', values: number[]): object => ({
  width: 210,
  height: 170,
  transform: [{ filter: { field: 'axis', equal: axis } }],
  mark: { type: 'line', point: { size: 45 } },
  encoding: {
    x: {
      field: axis,
      type: 'quantitative',
      title: titles[axis],
      scale: { type: 'log', base: axis === 'ratings' ? 10 : 2, nice: false },
      axis: { values, format: axis === 'ratings' ? '.2~s' : 'd', grid: false },
    },
    y: {
      field: measure,
      type: 'quantitative',
      title: axis === 'ratings' ? { seconds: 'epoch, s', peakMegabytes: 'peak memory, MB' }[measure] : null,
      scale: axis === 'ratings' ? { type: 'log' } : { zero: true },
      // One extent for all, so that the panels of both rows stand below each other.
      axis: { format: measure === 'seconds' ? '~g' : ',.0f', tickCount: 4, minExtent: 42, maxExtent: 42 },
    },
    color: { field: 'curve', type: 'nominal', title: null, scale: { range: ['#0b6e99', '#d9730d'] } },
    shape: { field: 'curve', type: 'nominal', title: null },
  },
});

/** The Vega-Lite description: time above, memory below, an axis a column. */
export function plotSpec({ points, machine, date }: Scaling): TopLevelSpec {
  const middle = points.find(({ axis }) => axis === 'threads');
  if (middle === undefined) throw new Error('there are no points to plot');
  const valuesOf = (axis: Axis): number[] => [
    ...new Set(points.filter((point) => point.axis === axis).map((point) => point[axis])),
  ];
  const row = (measure: 'seconds' | 'peakMegabytes'): object => ({
    hconcat: axes.map((axis) => panel(axis, measure, valuesOf(axis))),
  });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    title: {
      text: 'Training: time of an epoch and peak memory',
      subtitle: [
        `${describeMachine(machine)}; ${date}. What an axis does not vary: ` +
          `${middle.ratings.toLocaleString('en-US')} ratings, dim ${middle.dim}, all threads.`,
      ],
      anchor: 'start',
      offset: 14,
    },
    data: { values: points },
    vconcat: [row('seconds'), row('peakMegabytes')],
    config: {
      font: 'sans-serif',
      legend: { orient: 'bottom', symbolStrokeWidth: 2 },
      view: { stroke: null },
      concat: { spacing: 26 },
    },
  } as TopLevelSpec;
}

/** The plot as SVG, drawn by Vega's own renderer without a browser or a canvas. */
export async function toSvg(scaling: Scaling): Promise<string> {
  const view = new View(parse(compile(plotSpec(scaling)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
