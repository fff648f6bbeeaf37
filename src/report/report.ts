import { Dataset } from '../dataset/dataset.js';
import type { Model } from '../model.js';
import { expectInt, expectKnownKeys, expectSignal, expectString, typeError } from '../options.js';
import type { EpochRecord } from '../types.js';
import type { SweepRun } from './sweep-chart.js';
import type { Chart, Report, ReportChapter } from './types.js';

/** Texts of a chart, in place of its own. */
export type ChartTexts = Partial<Pick<Chart, 'name' | 'title' | 'description' | 'caption'>>;

export interface SweepChartOptions extends ChartTexts {
  /** Least and greatest loss of the axis, so that charts side by side can share one. Default: those of the runs. */
  domain?: [number, number];
}

export interface EmbeddingMapOptions {
  /** At most so many items, the most rated ones. Default 600. */
  items?: number;
  /** Equal seeds give equal maps. Default 42. */
  seed?: number;
  signal?: AbortSignal;
}

export interface ModelChapterOptions {
  /** Lower-case words with hyphens: its anchor, and how its files' names begin. Default the model's name. */
  name?: string;
  /** Default the model's name. */
  title?: string;
  /** Ratings that the model was not trained on: adds metrics with 95 % intervals. */
  test?: Dataset;
  /** Length of the lists of items. Default 10. */
  k?: number;
  /** Of the map; see `embeddingMap`. */
  map?: Pick<EmbeddingMapOptions, 'items' | 'seed'>;
  signal?: AbortSignal;
}

// What draws is loaded on first use, as most programs train and serve alone.

/**
 * Loss by epoch, of training and of validation, as a model's `history` or the reports of `onEpoch` have it.
 *
 * @throws TypeError without epochs; MissingPackageError without vega and vega-lite
 */
export async function lossChart(epochs: readonly EpochRecord[], texts: ChartTexts = {}): Promise<Chart> {
  if (!Array.isArray(epochs) || epochs.length === 0) throw typeError('epochs', 'one epoch or more', epochs);
  const { lossText } = await import('./model-chapter.js');
  const { drawLossChart } = await import('./loss-chart.js');
  return drawLossChart(epochs, { ...lossText(epochs), ...texts });
}

/**
 * Loss by epoch of several runs, on a logarithmic axis; runs that diverged end in a cross.
 *
 * @throws TypeError without runs; MissingPackageError without vega and vega-lite
 */
export async function sweepChart(runs: readonly SweepRun[], options: SweepChartOptions = {}): Promise<Chart> {
  if (!Array.isArray(runs) || runs.length === 0) throw typeError('runs', 'one run or more', runs);
  const { domain, ...texts } = options;
  const { drawSweepChart, sweepText } = await import('./sweep-chart.js');
  return drawSweepChart(runs, { ...sweepText(runs), ...texts }, domain);
}

/**
 * The most rated items of a model in the plane: near each other where their vectors point the same way, marked by genre
 * where the metadata have genres, with titles to hover over.
 *
 * @throws TypeError, RangeError for wrong options and for a model without vectors of five items; MissingPackageError without
 *   vega, vega-lite and umap-js; the signal's reason when aborted
 */
export async function embeddingMap(model: Model, options: EmbeddingMapOptions = {}): Promise<Chart> {
  expectKnownKeys('embeddingMap', options, ['items', 'seed', 'signal']);
  const settings = { ...readMap(options), signal: expectSignal(options.signal) };
  const { mapOfItems } = await import('./model-charts.js');
  return mapOfItems(model.data, settings);
}

/**
 * The lengths of a model's item vectors against the items' popularity, with the median.
 *
 * @throws RangeError for a model without item vectors; MissingPackageError without vega and vega-lite
 */
export async function normChart(model: Model): Promise<Chart> {
  const { normsOfItems } = await import('./model-charts.js');
  return normsOfItems(model.data);
}

/**
 * A chapter on a dataset: its size, and the distributions of ratings and of ratings by item and user.
 *
 * @throws TypeError for what is no Dataset; MissingPackageError without vega and vega-lite
 */
export async function dataChapter(data: Dataset): Promise<ReportChapter> {
  if (!(data instanceof Dataset)) throw typeError('data', 'a Dataset', data);
  const { writeDataChapter } = await import('./data-chapter.js');
  return writeDataChapter(data, { charts: true });
}

/**
 * A chapter on a model: losses, the map of its items, their norms, metrics on `test`, recommendations for the user with the
 * median number of ratings, neighbours of the most rated item, and its options.
 *
 * @throws TypeError, RangeError for wrong options; MissingPackageError without vega, vega-lite and umap-js; the signal's
 *   reason when aborted
 */
export async function modelChapter(model: Model, options: ModelChapterOptions = {}): Promise<ReportChapter> {
  expectKnownKeys('modelChapter', options, ['name', 'title', 'test', 'k', 'map', 'signal']);
  const { test } = options;
  if (test !== undefined && !(test instanceof Dataset)) throw typeError('test', 'a Dataset', test);
  expectKnownKeys('map', options.map ?? {}, ['items', 'seed']);
  const settings = {
    name: expectString('name', options.name ?? model.name.toLowerCase()),
    title: expectString('title', options.title ?? model.name),
    test,
    k: expectInt('k', options.k ?? 10, { min: 1 }),
    map: readMap(options.map ?? {}),
    signal: expectSignal(options.signal),
  };
  const { writeModelChapter } = await import('./model-chapter.js');
  return writeModelChapter(model, settings);
}

/**
 * Writes a report: `index.html`, one page that needs no network and no other file, each chart as `charts/*.svg` and each
 * table as `tables/*.csv`. A new folder appears as a whole; in one that is there, files of the same names are replaced.
 *
 * @param out the folder
 * @returns names of the files, from `out`
 * @throws TypeError, RangeError for a report with wrong or double names; errors of the file system as they are
 */
export async function writeReport(report: Report, { out }: { out: string }): Promise<string[]> {
  expectString('out', out);
  const [{ reportFiles }, { writeFiles }] = await Promise.all([
    import('./report-files.js'),
    import('./write-files.js'),
  ]);
  const files = reportFiles(report);
  writeFiles(out, files);
  return [...files.keys()];
}

const readMap = ({ items, seed }: EmbeddingMapOptions): { items: number; seed: number } => ({
  items: expectInt('items', items ?? 600, { min: 5, max: 5000 }),
  seed: expectInt('seed', seed ?? 42, { min: 0 }),
});
