import { itemVectorsOf } from '../recommend/similar.js';
import type { ModelData } from '../types.js';
import { type ChartText, drawChart } from './chart.js';
import { colour } from './palette.js';
import type { Chart } from './types.js';

/** Columns an octave of popularity, and rows of the whole range of norms. */
const COLUMNS_PER_OCTAVE = 2;
const ROWS = 26;
/** The median of fewer items says little. */
const LEAST_ITEMS = 5;

/** Where items lie by popularity and by the length of their vectors: stronger where there are more, with the median. */
export function drawNormChart(data: ModelData, text: ChartText): Promise<Chart> {
  const { cells, medians } = binNorms(data);
  const most = Math.max(1, ...cells.map(({ items }) => items));
  const x = {
    field: 'from',
    type: 'quantitative',
    title: 'ratings of the item',
    scale: { type: 'log', nice: false },
    axis: { values: [1, 3, 10, 30, 100, 300, 1000, 10_000, 100_000], format: '~s' },
  };
  const y = { field: 'low', type: 'quantitative', title: 'length of its vector', axis: { tickCount: 5, grid: true } };
  return drawChart(text, {
    layer: [
      {
        data: {
          values: cells.map((cell) => ({
            ...cell,
            shade: Math.round(100 * (0.1 + 0.75 * Math.sqrt(cell.items / most))) / 100,
          })),
        },
        mark: { type: 'rect', color: colour('series1'), strokeWidth: 0 },
        encoding: {
          x,
          x2: { field: 'to' },
          y,
          y2: { field: 'high' },
          fillOpacity: { field: 'shade', type: 'quantitative', scale: null },
          description: { field: 'hover' },
        },
      },
      {
        data: { values: medians },
        mark: { type: 'line', color: colour('series2'), strokeWidth: 2, point: { size: 16, color: colour('series2') } },
        encoding: { x: { ...x, field: 'middle' }, y: { ...y, field: 'median' } },
      },
    ],
  });
}

interface Cell {
  from: number;
  to: number;
  low: number;
  high: number;
  items: number;
  hover: string;
}

function binNorms(data: ModelData): { cells: Cell[]; medians: { middle: number; median: number }[] } {
  const counts = data.seen.itemCounts();
  const norms = itemNorms(data);
  const edges = columnEdges(counts.reduce((most, count) => Math.max(most, count), 1));
  const height = norms.reduce((most, norm, item) => (counts[item] === 0 ? most : Math.max(most, norm)), 0) / ROWS || 1;
  const columns: number[][] = edges.map(() => []);
  for (const [item, count] of counts.entries()) {
    if (count > 0) columns[edges.findLastIndex((edge) => edge <= count)]?.push(norms[item] as number);
  }
  const cells: Cell[] = [];
  const medians: { middle: number; median: number }[] = [];
  for (const [column, found] of columns.slice(0, -1).entries()) {
    const [from, to] = [edges[column] as number, edges[column + 1] as number];
    const rows = new Uint32Array(ROWS);
    for (const norm of found) {
      const row = Math.min(ROWS - 1, Math.floor(norm / height));
      rows[row] = (rows[row] as number) + 1;
    }
    const ratings = to - from === 1 ? `${from}` : `${from} to ${to - 1}`;
    for (const [row, items] of rows.entries()) {
      if (items === 0) continue;
      cells.push({
        from,
        to,
        low: row * height,
        high: (row + 1) * height,
        items,
        hover: `${items} items with ${ratings} ratings`,
      });
    }
    const sorted = found.sort((a, b) => a - b);
    if (sorted.length >= LEAST_ITEMS) {
      medians.push({ middle: Math.sqrt(from * to), median: sorted[sorted.length >> 1] as number });
    }
  }
  return { cells, medians };
}

/** Bounds of columns of equal width on the logarithmic axis, as integers: 1, 2, 3, 4, 6, 8, 12, ... beyond `most`. */
function columnEdges(most: number): number[] {
  const edges = [1];
  for (let n = 1; (edges.at(-1) as number) <= most; n++) {
    const edge = Math.ceil(2 ** (n / COLUMNS_PER_OCTAVE));
    if (edge !== edges.at(-1)) edges.push(edge);
  }
  return edges;
}

/** (numItems) lengths of the vectors that items are compared by. */
function itemNorms(data: ModelData): Float64Array {
  const { dim, itemFactors } = itemVectorsOf(data);
  return Float64Array.from({ length: data.items.size }, (_, item) => {
    let squares = 0;
    for (let k = item * dim; k < (item + 1) * dim; k++) squares += (itemFactors[k] as number) ** 2;
    return Math.sqrt(squares);
  });
}
