import type { TopLevelSpec } from 'vega-lite';
import { escapeMarkup } from './escape.js';
import { loadVega } from './packages.js';
import { colour, darkChartRules, seriesColours } from './palette.js';
import type { Chart } from './types.js';

/** Pixels of a chart; pages show it at about this size, so that its text has the size of theirs. */
export const CHART_WIDTH = 340;
const CHART_HEIGHT = 220;

/** What a chart is called; see `Chart`. */
export type ChartText = Pick<Chart, 'name' | 'title' | 'description' | 'caption'>;

const config = {
  // Vega would name every axis and point; the chart has one description as a whole instead.
  aria: false,
  background: colour('page'),
  padding: 6,
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: colour('muted'),
    titleColor: colour('muted'),
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titlePadding: 6,
    gridColor: colour('rule'),
    domainColor: colour('rule'),
    tickColor: colour('rule'),
    tickSize: 3,
    labelFlush: false,
  },
  axisX: { grid: false },
  axisY: { domain: false, ticks: false, labelPadding: 6 },
  bar: { color: colour('series1') },
  range: { category: seriesColours },
  legend: {
    labelColor: colour('ink'),
    labelFontSize: 11,
    titleColor: colour('muted'),
    titleFontSize: 11,
    titleFontWeight: 'normal',
    symbolOpacity: 1,
  },
  text: { color: colour('ink'), fontSize: 11 },
};

/** Draws a chart of the common size and style; `view` is the specification's data, layers and encodings. */
export async function drawChart(text: ChartText, view: object): Promise<Chart> {
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: text.description,
    width: CHART_WIDTH,
    height: CHART_HEIGHT,
    autosize: { type: 'fit', contains: 'padding' },
    ...view,
    config,
  };
  return { ...text, spec, svg: finish(await renderSvg(spec), text) };
}

/** Text on a halo in the colour of the page, so that it can be read over marks: SVG paints a stroke over its own fill. */
export function haloText(mark: object, layer: object): object[] {
  const page = colour('page');
  return [{ color: page, stroke: page, strokeWidth: 3, strokeOpacity: 0.85 }, {}].map((paint) => ({
    ...layer,
    mark: { type: 'text', ...mark, ...paint },
  }));
}

/** What makes an SVG follow the theme where it stands alone; a page has these rules once. */
const STYLE = `<style>${darkChartRules()}</style>`;

/** The chart as a page embeds it. */
export const embeddedSvg = ({ svg }: Chart): string => svg.replace(STYLE, '').trimEnd();

/**
 * Gives Vega's SVG its name and description, and the points that have a description one to hover over; drops what the one
 * description replaces, and digits that nobody sees.
 */
function finish(svg: string, { title, description }: ChartText): string {
  const head = `<title>${escapeMarkup(title)}</title><desc>${escapeMarkup(description)}</desc>${STYLE}`;
  return `${svg
    .replace(/<path aria-label="([^"]*)"([^>]*)\/>/g, '<path$2><title>$1</title></path>')
    .replace(/ (role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-hidden="true"|pointer-events="none")/g, '')
    .replace(/ (d|transform|x2|y2)="[^"]*"/g, (attribute) => attribute.replace(/(\.\d\d)\d+/g, '$1'))
    .replace(/<path class="(background|foreground)" d="(M0,0h0v0h0Z)?"( display="none")?\/>/g, '')
    .replace(/^<svg ([^>]*)>/, (_, attributes: string) => `<svg role="img" ${attributes}>${head}`)}\n`;
}

/** An SVG of a Vega-Lite specification, by Vega's own renderer: no browser, no canvas, no network. */
async function renderSvg(spec: object): Promise<string> {
  const { vega, vegaLite } = await loadVega();
  const view = new vega.View(vega.parse(vegaLite.compile(spec as TopLevelSpec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
