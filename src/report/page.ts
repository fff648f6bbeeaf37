import { createHash } from 'node:crypto';
import { CHART_WIDTH, embeddedSvg } from './chart.js';
import { escapeMarkup } from './escape.js';
import { describeMachine } from './machine.js';
import { pageScript, pageStyle } from './style.js';
import { type TextColumn, toTextColumns } from './to-table.js';
import type { Chart, Report, ReportChapter, ReportPart, ReportTable } from './types.js';

/** Columns whose texts are all this short are kept on one line. */
const SHORT = 18;
/** One with a text beyond this is given room for sentences. */
const LONG = 60;
/** Characters of a line where long texts wrap, and those that half the page holds. */
const WRAPPED = 34;
const BROAD = 100;

/**
 * The report as one HTML file: styles, charts and a small script are inside, and its policy forbids the browser to load
 * or run anything else.
 */
export function renderPage(report: Report): string {
  const hash = createHash('sha256').update(pageScript).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeMarkup(report.title)}</title>
<link rel="icon" href="data:,">
<style>${pageStyle()}</style>
</head>
<body>
<header>
<h1>${escapeMarkup(report.title)}</h1>
${paragraph(report.about, 'about')}${paragraph(report.notice, 'notice')}${contents(report.chapters)}</header>
<main>
${report.chapters.map(chapterHtml).join('')}</main>
<footer>${figures(describeMachine())}</footer>
<script>${pageScript}</script>
</body>
</html>
`;
}

const paragraph = (text: string | undefined, name: string): string =>
  text === undefined ? '' : `<p class="${name}">${escapeMarkup(text)}</p>\n`;

function contents(chapters: readonly ReportChapter[]): string {
  if (chapters.length < 2) return '';
  const links = chapters.map(({ name, title }) => `<li><a href="#${name}">${escapeMarkup(title)}</a></li>`);
  return `<nav aria-label="Chapters"><ul>${links.join('')}</ul></nav>\n`;
}

function chapterHtml({ name, title, about, figures: known, parts }: ReportChapter): string {
  return `<section class="chapter" id="${name}">
<h2>${escapeMarkup(title)}</h2>
${paragraph(about, 'about')}${figures(known ?? [])}${parts.map(partHtml).join('')}</section>
`;
}

const figures = (known: readonly { label: string; value: string }[]): string =>
  known.length === 0
    ? ''
    : `<dl class="figures">${known
        .map(({ label, value }) => `<div><dt>${escapeMarkup(label)}</dt><dd>${escapeMarkup(value)}</dd></div>`)
        .join('')}</dl>\n`;

function partHtml({ title, about, charts = [], tables = [] }: ReportPart): string {
  const shown = tables.filter(({ csvOnly, rows }) => !csvOnly && rows.length > 0);
  if (charts.length + shown.length === 0) return '';
  const grid = (name: string, cells: readonly string[]): string =>
    cells.length === 0 ? '' : `<div class="grid ${name}">\n${cells.join('')}</div>\n`;
  return `<div class="part">
${title === undefined ? '' : `<h3>${escapeMarkup(title)}</h3>\n`}${paragraph(about, 'about')}${grid(
  'charts',
  charts.map(chartHtml),
)}${grid('tables', shown.map(tableHtml))}</div>
`;
}

const note = (caption: string | undefined): string =>
  caption === undefined || caption === '' ? '' : `<small>${escapeMarkup(caption)}</small>`;

const isWide = ({ svg }: Chart): boolean => Number(/ width="(\d+)"/.exec(svg)?.[1]) > 1.2 * CHART_WIDTH;

const chartHtml = (chart: Chart): string =>
  `<figure${isWide(chart) ? ' class="wide"' : ''}><figcaption>${escapeMarkup(chart.title)}</figcaption>${embeddedSvg(chart)}${note(chart.caption)}</figure>\n`;

function tableHtml({ title, caption, rows }: ReportTable): string {
  const columns = toTextColumns(rows);
  const kinds = columns.map(columnClass);
  const cells = (tag: 'th' | 'td', text: (column: TextColumn) => string): string =>
    columns
      .map(
        (column, i) =>
          `<${tag}${tag === 'th' ? ' scope="col"' : ''} class="${kinds[i]}">${escapeMarkup(text(column))}</${tag}>`,
      )
      .join('');
  const body = rows.map((_, row) => `<tr>${cells('td', ({ cells: texts }) => texts[row] as string)}</tr>\n`);
  // Focusable, so that the keyboard can scroll a table that is wider than the screen.
  return `<div class="table${isBroad(columns) ? ' wide' : ''}"><div class="scroll" tabindex="0" role="group" aria-label="${escapeMarkup(title)}"><table>
<caption>${escapeMarkup(title)}</caption>
<thead><tr>${cells('th', ({ head }) => head)}</tr></thead>
<tbody>
${body.join('')}</tbody></table></div>${note(caption)}</div>
`;
}

/** Whether a table wants the whole width of the page: by the longest text of each column, as far as that does not wrap. */
const isBroad = (columns: readonly TextColumn[]): boolean =>
  columns.reduce((sum, { head, cells }) => {
    const longest = Math.max(head.length, ...cells.map((cell) => cell.length));
    return sum + Math.min(longest, WRAPPED) + 2;
  }, 0) > BROAD;

const columnClass = ({ kind, cells }: TextColumn): string =>
  kind === 'number'
    ? 'number'
    : cells.every((cell) => cell.length <= SHORT)
      ? 'short text'
      : cells.some((cell) => cell.length > LONG)
        ? 'long text'
        : 'text';
