import type { ModelData } from '../types.js';
import { drawEmbeddingMap, type MapOptions } from './embedding-map.js';
import { formatCount } from './format.js';
import { drawNormChart } from './norm-chart.js';
import { LEAST_POINTS } from './project-items.js';
import type { Chart } from './types.js';

/** Whether there is something to draw a map of. */
export function hasItemVectors({ parameters, seen }: ModelData): boolean {
  return 'itemFactors' in parameters && parameters.dim > 0 && seen.itemCounts().filter(Boolean).length >= LEAST_POINTS;
}

/** The map of the items' vectors. */
export function mapOfItems(data: ModelData, options: MapOptions): Promise<Chart> {
  return drawEmbeddingMap(data, options, {
    name: 'map',
    title: 'Map of the items',
    description:
      `A scatter of up to ${formatCount(options.items)} items, by the likeness of their vectors and marked by genre; ` +
      'the best known ones are named.',
  });
}

/** Lengths of the items' vectors against their popularity. */
export function normsOfItems(data: ModelData): Promise<Chart> {
  return drawNormChart(data, {
    name: 'norms',
    title: 'Popularity and vector length',
    description: 'Items by their number of ratings and by the length of their vectors, with the median length.',
    caption: 'The stronger the colour, the more items; the line is their median.',
  });
}
