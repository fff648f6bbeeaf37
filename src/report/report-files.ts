import { rangeError } from '../options.js';
import { renderPage } from './page.js';
import { toCsv } from './to-csv.js';
import type { Report } from './types.js';

/** Names become parts of paths and of addresses. */
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * What a report consists of: `index.html`, and each chart and table as a file of its own.
 *
 * @returns name to text
 * @throws RangeError for a name that is not words with hyphens, or that two charts, tables or chapters have
 */
export function reportFiles(report: Report): Map<string, string> {
  const files = new Map<string, string>();
  const chapters = new Set<string>();
  const add = (option: string, file: string, text: string): void => {
    if (files.has(file)) throw rangeError(option, 'another for each of a chapter', file);
    files.set(file, text);
  };
  for (const { name, parts } of report.chapters) {
    expectName('chapter.name', name);
    if (chapters.has(name)) throw rangeError('chapter.name', 'another for each chapter', name);
    chapters.add(name);
    for (const chart of parts.flatMap(({ charts = [] }) => charts)) {
      add('chart.name', `charts/${name}-${expectName('chart.name', chart.name)}.svg`, chart.svg);
    }
    for (const table of parts.flatMap(({ tables = [] }) => tables)) {
      add('table.name', `tables/${name}-${expectName('table.name', table.name)}.csv`, toCsv(table.rows));
    }
  }
  return new Map([['index.html', renderPage(report)], ...files]);
}

function expectName(option: string, name: unknown): string {
  if (typeof name !== 'string' || !NAME.test(name)) throw rangeError(option, 'lower-case words with hyphens', name);
  return name;
}
