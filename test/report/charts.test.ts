import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Interactions } from '../../src/dataset/interactions.js';
import { embeddingMap, lossChart, normChart, sweepChart } from '../../src/index.js';
import { drawCountChart, drawRatingChart } from '../../src/report/distribution-charts.js';
import { logTicks } from '../../src/report/loss-axis.js';
import { palette } from '../../src/report/palette.js';
import { spanOf } from '../../src/report/sweep-chart.js';
import type { FactorParameters } from '../../src/types.js';
import { countOf, epochs, modelOf } from './fixtures.js';

const test = suite('charts');
const text = { name: 'chart', title: 'A <chart>', description: 'Of "this" & that' };
const drawnLine = /<path d="M[^"]*L[^"]*"/g;

const interactions = (values: number[]): Interactions =>
  new Interactions({
    numUsers: 1,
    numItems: values.length,
    offsets: Uint32Array.of(0, values.length),
    items: Uint32Array.from(values.keys()),
    values: Float32Array.from(values),
    times: undefined,
  });

test('an SVG of its own: named, described, without network, script or unknown colours', async () => {
  const { svg, spec } = await lossChart(epochs(20), text);
  assert.match(svg, /^<svg role="img" [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, '<title>A &lt;chart&gt;</title><desc>Of &quot;this&quot; &amp; that</desc>');
  assert.not.match(
    svg.replaceAll(/xmlns(:xlink)?="[^"]*"/g, ''),
    /https?:|<script|<image|href|url\(|NaN|undefined|Infinity/,
  );
  const known = new Set<string>([...Object.values(palette).map(({ light }) => light), 'none', 'transparent']);
  const used = [...svg.matchAll(/ (?:fill|stroke)="([^"]*)"/g)].map((match) => match[1] as string);
  assert.equal(
    used.filter((shade) => !known.has(shade)),
    [],
  );
  assert.ok(used.length > 10);
  for (const { light, dark } of Object.values(palette)) assert.match(svg, `[fill="${light}"]{fill:${dark}}`);
  assert.is((spec as { $schema: string }).$schema, 'https://vega.github.io/schema/vega-lite/v6.json');
  assert.is((await lossChart(epochs(20), text)).svg, svg);
});

test('losses: a curve for training and validation, named with their last values', async () => {
  const { svg } = await lossChart(epochs(20));
  assert.is(countOf(svg, drawnLine), 2);
  assert.match(svg, '>train 0.0500<');
  assert.match(svg, '>valid 0.0550<');
  assert.match(svg, '>epoch<');
  const alone = await lossChart(epochs(3).map(({ valid: _, ...epoch }) => epoch));
  assert.is(countOf(alone.svg, drawnLine), 1);
  assert.not.match(alone.svg, 'valid');
  assert.is(alone.caption, undefined);
});

test('losses: one epoch, a thousand, huge ones, and none', async () => {
  for (const history of [epochs(1), epochs(1000), epochs(129, 1e10)]) {
    const { svg } = await lossChart(history);
    assert.not.match(svg, /NaN|Infinity/);
    assert.ok(svg.length < 40_000, `${history.length} epochs: ${svg.length} characters`);
  }
  assert.match((await lossChart(epochs(129, 1e10))).svg, '>1e+9<');
  try {
    await lossChart([]);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'Expected `epochs` to be one epoch or more');
  }
});

test('a sweep: a curve for each run, a cross for each that diverged', async () => {
  const runs = [
    { label: '0.001', losses: [100, 50, 20], diverged: false },
    { label: '0.1', losses: [100, 1e9], diverged: true },
    { label: '1', losses: [], diverged: true },
  ];
  const chart = await sweepChart(runs, { domain: spanOf(runs) });
  assert.is(countOf(chart.svg, drawnLine), 2);
  assert.match(chart.svg, '>0.1 diverged<');
  assert.is(chart.caption, 'Crosses: diverged, 0.1 in epoch 3, 1 in epoch 1.');
  assert.match(chart.description, 'Diverged: 0.1, 1.');
  const marks = chart.spec as { layer: { data: { values: object[] } }[] };
  assert.equal(
    marks.layer[1]?.data.values.map((end) => (end as { label: string }).label),
    ['0.1'],
  );
  for (const few of [runs.slice(2), [{ label: 'a', losses: [3], diverged: false }]]) {
    assert.not.match((await sweepChart(few)).svg, /NaN|Infinity/);
  }
});

test('the axis of a sweep leaves out where runs diverge', () => {
  const fine = { losses: [100, 10], diverged: false };
  assert.equal(spanOf([fine]), [10, 100]);
  assert.equal(spanOf([fine, { losses: [200, 1e20], diverged: true }]), [10, 2000]);
  assert.equal(spanOf([{ losses: [Number.NaN], diverged: true }]), [1, 10]);
  assert.equal(logTicks(3, 4000), [10, 100, 1000]);
  assert.equal(logTicks(3, 40), [5, 10, 20]);
});

test('ratings: a bar for each, twenty steps for many', async () => {
  const stars = await drawRatingChart(interactions([1, 1, 2.5, 5]), text);
  assert.is(countOf(stars.svg, /<title>/g), 1 + 3);
  assert.not.match(stars.svg, 'url(');
  assert.match(stars.svg, '<title>1: 2 ratings</title>');
  const many = await drawRatingChart(interactions(Array.from({ length: 129 }, (_, i) => i / 7)), text);
  assert.is(countOf(many.svg, /<title>/g), 1 + 20);
});

test('counts: classes that double, empty ones between kept', async () => {
  const { svg } = await drawCountChart(Uint32Array.of(0, 1, 1, 9, 9, 15, 1100), 'items', text);
  for (const title of ['1: 2 items', '2–3: 0 items', '8–15: 3 items', '1k+: 1 items']) {
    assert.match(svg, `<title>${title}</title>`);
  }
  assert.not.match((await drawCountChart(new Uint32Array(3), 'users', text)).svg, /NaN|Infinity/);
});

test('norms: all items with ratings are counted, the median is theirs', async () => {
  const model = modelOf({ numItems: 129, dim: 3 });
  const { spec, svg } = await normChart(model);
  const { layer } = spec as { layer: { data: { values: Record<string, number>[] } }[] };
  const [cells, medians] = layer.map(({ data }) => data.values) as [Record<string, number>[], Record<string, number>[]];
  const counts = model.seen.itemCounts();
  assert.is(
    cells.reduce((sum, { items }) => sum + (items as number), 0),
    counts.filter(Boolean).length,
  );
  const { itemFactors } = model.data.parameters as FactorParameters;
  // The tiny model's items have one rating or two: a column each.
  for (const [column, count] of [1, 2].entries()) {
    const norms = Array.from(counts.keys())
      .filter((item) => counts[item] === count)
      .map((item) => Math.hypot(...itemFactors.subarray(3 * item, 3 * item + 3)))
      .sort((a, b) => a - b);
    assert.ok(Math.abs((medians[column]?.median as number) - (norms[norms.length >> 1] as number)) < 1e-6);
  }
  assert.not.match(svg, /NaN|Infinity/);
});

test('the map: a point for each item with its title to hover over, equal for equal seeds', async () => {
  const model = modelOf({ numItems: 129 });
  const map = await embeddingMap(model, { items: 33 });
  assert.is(countOf(map.svg, /<path[^>]*><title>Film \d+ \(1999\)&#xA;/g), 33);
  assert.match(map.caption as string, /^The 33 most rated items/);
  assert.match(map.svg, '>Horror<');
  assert.is((await embeddingMap(model, { items: 33 })).svg, map.svg);
  assert.is.not((await embeddingMap(model, { items: 33, seed: 7 })).svg, map.svg);
});

test('the map: hostile titles are text; a model without vectors is refused', async () => {
  const hostile = '</title><script>alert(1)</script>"\u0000';
  const { svg } = await embeddingMap(modelOf({ titles: (item) => `${hostile}${item}` }));
  assert.not.match(svg, '<script');
  assert.not.match(svg, '\u0000');
  assert.is(countOf(svg, /<title>&lt;\/title&gt;&lt;script&gt;|<title>&lt;\/title>&lt;script>/g), 33);
  for (const model of [modelOf({ dim: 0 }), modelOf({ numItems: 4 })]) {
    try {
      await embeddingMap(model);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
    }
  }
});

test.run();
