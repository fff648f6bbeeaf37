import path from 'node:path';
import { DataError, type Dataset, MissingPackageError, type Report, type ReportChapter } from '../index.js';
import type { RecipeResult } from '../recipes/index.js';
import { writeDataChapter } from '../report/data-chapter.js';
import { loadUmap, loadVega } from '../report/packages.js';
import { reportFiles } from '../report/report-files.js';
import { writeFiles } from '../report/write-files.js';
import { checkWritable, statOrUndefined } from './files.js';
import { toJson } from './output.js';
import type { Io } from './run.js';
import { summaryRow } from './tour-chapter.js';
import type { TourData } from './tour-data.js';

/** Rejects a report folder that could not be written in the end, before the work begins. */
export async function checkReportFolder(folder: string): Promise<void> {
  const found = await statOrUndefined(folder);
  if (found !== undefined && !found.isDirectory()) {
    throw new DataError(`--out ${folder} is a file, not a folder`, { file: folder });
  }
  await checkWritable(found === undefined ? folder : path.join(folder, 'tour.json'), '--out');
}

/** Whether the packages that draw charts are installed; the tour goes on without, and says so. */
export async function canDraw(io: Io): Promise<boolean> {
  try {
    await Promise.all([loadVega(), loadUmap()]);
    return true;
  } catch (error) {
    if (!(error instanceof MissingPackageError)) throw error;
    io.note(`${error.message}. The report will have tables alone.`);
    return false;
  }
}

/** The report of a tour: the recipes side by side, the data, and a chapter each. */
export async function tourReport(
  results: readonly RecipeResult[],
  recipeChapters: readonly ReportChapter[],
  data: Dataset,
  { source, charts }: { source: Pick<TourData, 'label' | 'simulated'>; charts: boolean },
): Promise<Report> {
  return {
    title: 'palate tour',
    about: source.simulated
      ? 'Published recommender notebooks on the built-in sample.'
      : `Published recommender notebooks on ${path.basename(source.label)}.`,
    ...(source.simulated && { notice: source.label }),
    chapters: [
      {
        name: 'summary',
        title: 'At a glance',
        about: 'Each recipe trains as its notebook was published, then with palate’s own settings. Lower is better.',
        parts: [{ tables: [{ name: 'recipes', title: 'Recipes', rows: results.map(summaryRow) }] }],
      },
      await writeDataChapter(data, { charts }),
      ...recipeChapters,
    ],
  };
}

/** Writes the report and tour.json, all or nothing; returns how many files there are of each kind, in words. */
export function writeTour(folder: string, report: Report, json: object): string {
  const files = reportFiles(report);
  const inFolder = (name: string): number => [...files.keys()].filter((file) => file.startsWith(`${name}/`)).length;
  writeFiles(folder, new Map([...files, ['tour.json', `${toJson(json)}\n`]]));
  return `index.html, tour.json, ${inFolder('charts')} charts and ${inFolder('tables')} tables`;
}
