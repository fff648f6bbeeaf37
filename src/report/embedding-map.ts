import { rangeError } from '../options.js';
import { gatherRows } from '../recommend/dense-search.js';
import { genresOf, titleOf } from '../recommend/metadata.js';
import { itemVectorsOf } from '../recommend/similar.js';
import type { ModelData } from '../types.js';
import { type ChartText, drawChart, haloText } from './chart.js';
import { printable } from './escape.js';
import { formatCount } from './format.js';
import { groupByGenre, OTHER_GENRES } from './genre-groups.js';
import { seriesColours } from './palette.js';
import { placeLabels } from './place-labels.js';
import { LEAST_POINTS, projectItems } from './project-items.js';
import type { Chart } from './types.js';

/** Pixels of the square that points are placed in. */
const SIDE = 560;
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross', 'triangle-right', 'circle'];
const MOST_LABELS = 24;
const LABEL_SIZE = 10;
const LONGEST_LABEL = 26;

export interface MapOptions {
  /** The most rated items; how many of them. */
  items: number;
  seed: number;
  signal?: AbortSignal | undefined;
}

interface MapPoint {
  x: number;
  y: number;
  group: string;
  hover: string;
  title: string;
}

/** Items in the plane, near each other where the model finds them alike; hovering over a point names it. */
export async function drawEmbeddingMap(
  data: ModelData,
  options: MapOptions,
  text: Omit<ChartText, 'caption'>,
): Promise<Chart> {
  const counts = data.seen.itemCounts();
  const shown = mappedItems(data, counts, options.items);
  if (shown.length < LEAST_POINTS)
    throw rangeError('model', `one with ${LEAST_POINTS} trained items or more`, data.name);
  const { dim, itemFactors } = itemVectorsOf(data);
  const places = toSquare(await projectItems(gatherRows(itemFactors, shown, dim), dim, options));
  const { groups, groupOf } = groupByGenre(
    Array.from(shown, (item) => genresOf(data, item)),
    seriesColours.length - 1,
  );
  const points = Array.from(shown, (item, i): MapPoint => {
    const title = printable(titleOf(data, item) ?? `item ${data.items.id(item)}`);
    const hover = [
      title,
      genresOf(data, item).map(printable).join(', '),
      `${formatCount(counts[item] as number)} ratings`,
    ];
    return {
      x: places[2 * i] as number,
      y: places[2 * i + 1] as number,
      group: groupOf[i] as string,
      hover: hover.filter(Boolean).join('\n'),
      title,
    };
  });
  const some = shown.length < countTrained(counts) ? `The ${formatCount(shown.length)} most rated items` : 'All items';
  const caption =
    `${some}, placed by UMAP on the cosine of their vectors: neighbours are alike, while distances between groups mean ` +
    `little.${groups.some((group) => group !== OTHER_GENRES) ? ' An item has the mark of its rarest genre.' : ''}`;
  return drawChart({ ...text, caption }, mapView(points, groups));
}

/** Items with ratings and a vector, most rated first. */
function mappedItems(data: ModelData, counts: Uint32Array, most: number): Uint32Array {
  const { dim, itemFactors } = itemVectorsOf(data);
  return Uint32Array.from(counts.keys())
    .filter(
      (item) => counts[item] !== 0 && itemFactors.subarray(item * dim, (item + 1) * dim).some((value) => value !== 0),
    )
    .sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
    .slice(0, most);
}

const countTrained = (counts: Uint32Array): number => counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);

/** Coordinates scaled to the square, its centre kept; far-off points stand at its edge so that the others have room. */
function toSquare(places: Float64Array): Float64Array {
  const scaled = new Float64Array(places.length);
  for (const axis of [0, 1]) {
    const sorted = places.filter((_, i) => i % 2 === axis).sort();
    const low = sorted[Math.floor(0.005 * sorted.length)] as number;
    const high = sorted[Math.ceil(0.995 * sorted.length) - 1] as number;
    const span = high > low ? high - low : 1;
    for (let i = axis; i < places.length; i += 2) {
      const share = Math.min(1.02, Math.max(-0.02, ((places[i] as number) - low) / span));
      scaled[i] = Math.round(10 * (0.02 + 0.96 * share) * SIDE) / 10;
    }
  }
  return scaled;
}

function mapView(points: readonly MapPoint[], groups: readonly string[]): object {
  const position = (field: 'x' | 'y'): object => ({
    field,
    type: 'quantitative',
    axis: null,
    scale: { domain: [0, SIDE], nice: false, zero: false, ...(field === 'y' && { reverse: true }) },
  });
  const byGroup = (range: readonly string[]): object => ({
    field: 'group',
    type: 'nominal',
    scale: {
      domain: groups,
      range: groups.map((group, i) => (group === OTHER_GENRES ? range.at(-1) : range[i])),
    },
    legend:
      groups.length > 1 || groups[0] !== OTHER_GENRES
        ? { title: null, orient: 'bottom', columns: 4, symbolSize: 60, rowPadding: 3, columnPadding: 40 }
        : null,
  });
  const labels = placeLabels(
    points.map(({ x, y, title }) => ({ x: x + 5, y, text: shortTitle(title) })),
    { fontSize: LABEL_SIZE, width: SIDE, most: MOST_LABELS },
  );
  const encoding = { x: position('x'), y: position('y') };
  return {
    width: SIDE,
    height: SIDE,
    autosize: 'pad',
    layer: [
      {
        data: { values: points.map(({ x, y, group, hover }) => ({ x, y, group, hover })) },
        mark: { type: 'point', filled: true, size: 24, opacity: 0.85 },
        encoding: {
          ...encoding,
          color: byGroup(seriesColours),
          shape: byGroup(SHAPES),
          description: { field: 'hover' },
        },
      },
      ...haloText(
        { align: 'left', baseline: 'middle', fontSize: LABEL_SIZE },
        { data: { values: labels }, encoding: { ...encoding, text: { field: 'text' } } },
      ),
    ],
  };
}

/** Without the year, and with an end where it is long. */
function shortTitle(title: string): string {
  const name = title.replace(/ \(\d{4}\)$/, '');
  return name.length <= LONGEST_LABEL ? name : `${name.slice(0, LONGEST_LABEL - 1).trimEnd()}…`;
}
