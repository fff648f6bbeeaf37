import type { Interactions } from '../dataset/interactions.js';
import { CHART_WIDTH, type ChartText, drawChart } from './chart.js';
import { formatCount } from './format.js';
import type { Chart } from './types.js';

/** Up to so many distinct ratings each has a bar of its own. */
const MOST_BARS = 20;

interface Bar {
  label: string;
  count: number;
}

/** How often each rating was given; in twenty equal steps where there are more different ones. */
export function drawRatingChart({ values }: Interactions, text: ChartText): Promise<Chart> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const distinct = [...counts.keys()].sort((a, b) => a - b);
  const bars =
    distinct.length <= MOST_BARS
      ? distinct.map((value) => ({ label: ratingLabel(value), count: counts.get(value) as number }))
      : binned(values, distinct[0] as number, distinct.at(-1) as number);
  return drawBars(bars, 'rating', 'ratings', text);
}

const ratingLabel = (value: number): string => String(Number(value.toPrecision(4)));

function binned(values: ArrayLike<number>, min: number, max: number): Bar[] {
  const width = (max - min) / MOST_BARS;
  const counts = new Uint32Array(MOST_BARS);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.min(MOST_BARS - 1, Math.floor(((values[i] as number) - min) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return Array.from(counts, (count, bin) => ({ label: ratingLabel(min + bin * width), count }));
}

/**
 * How many users or items have so many interactions, in classes that double: 1, 2-3, 4-7, ... Those without any are left
 * out.
 *
 * @param counts (users or items) interactions of each
 * @param noun what is counted, in the plural
 */
export function drawCountChart(counts: Uint32Array, noun: string, text: ChartText): Promise<Chart> {
  const classes = new Map<number, number>();
  for (const count of counts) {
    if (count === 0) continue;
    const octave = 31 - Math.clz32(count);
    classes.set(octave, (classes.get(octave) ?? 0) + 1);
  }
  const octaves = [...classes.keys()];
  const [first, last] = [Math.min(...octaves), Math.max(...octaves)];
  const bars = Array.from({ length: octaves.length === 0 ? 0 : last - first + 1 }, (_, i) => ({
    label: octaveLabel(first + i),
    count: classes.get(first + i) ?? 0,
  }));
  return drawBars(bars, 'ratings each', noun, text);
}

function octaveLabel(octave: number): string {
  const [low, high] = [2 ** octave, 2 ** (octave + 1) - 1];
  return low === high ? String(low) : low >= 1024 ? `${low / 1024}k+` : `${low}–${high}`;
}

function drawBars(bars: readonly Bar[], xTitle: string, yTitle: string, text: ChartText): Promise<Chart> {
  // Labels of 6 pixels a character, on the width that the axis leaves.
  const crowded = bars.some(({ label }) => 6 * label.length + 4 > (CHART_WIDTH - 50) / bars.length);
  return drawChart(text, {
    data: {
      values: bars.map((bar) => ({ ...bar, hover: `${bar.label}: ${formatCount(bar.count)} ${yTitle}` })),
    },
    mark: { type: 'bar', width: { band: 0.82 } },
    encoding: {
      x: {
        field: 'label',
        type: 'ordinal',
        sort: null,
        title: xTitle,
        axis: { labelAngle: crowded ? -45 : 0, labelOverlap: false, ticks: false, labelPadding: 4 },
      },
      y: {
        field: 'count',
        type: 'quantitative',
        title: yTitle,
        axis: { tickCount: 4, format: ',d', tickMinStep: 1 },
      },
      description: { field: 'hover' },
    },
  });
}

/** "1 to 329, half of them 3 or fewer" of the counts that are not 0. */
export function describeCounts(counts: Uint32Array): string {
  const sorted = counts.filter((count) => count > 0).sort();
  if (sorted.length === 0) return 'none has any';
  const median = sorted[sorted.length >> 1] as number;
  return `${formatCount(sorted[0] as number)} to ${formatCount(sorted.at(-1) as number)}, median ${formatCount(median)}`;
}
