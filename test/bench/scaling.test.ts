import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toSvg } from '../../bench/scaling/plot.js';
import { axes, pointsOf, threadCounts } from '../../bench/scaling/points.js';
import { type Scaling, scalingTable } from '../../bench/scaling/run-scaling.js';
import { fakeMachine } from './fakes.js';

const THREADS = 6;

const scaling: Scaling = {
  machine: fakeMachine,
  size: 'full',
  date: '2026-01-02',
  points: axes.flatMap((axis) =>
    pointsOf('full', axis, THREADS).map((point) => ({
      ...point,
      axis,
      ratings: point.rows * 0.9,
      seconds: (point.rows * point.dim) / 1e9 / point.threads,
      peakMegabytes: point.rows / 1e4 + point.dim,
    })),
  ),
};

test('threads double up to what the machine has', () => {
  assert.equal(threadCounts(1), [1]);
  assert.equal(threadCounts(2), [1, 2]);
  assert.equal(threadCounts(6), [1, 2, 4, 6]);
  assert.equal(threadCounts(8), [1, 2, 4, 8]);
});

test('one thing varies on each axis, and all axes share a point', () => {
  for (const size of ['small', 'full'] as const) {
    const shared = axes.map((axis) => {
      const points = pointsOf(size, axis, THREADS).filter(({ curve }) => curve === 'mf, SGD');
      const counts = [points.map((p) => p.rows), points.map((p) => p.dim), points.map((p) => p.threads)];
      assert.is(counts.filter((values) => new Set(values).size > 1).length, 1, axis);
      return new Set(points.map((point) => JSON.stringify(point)));
    });
    const [first, ...others] = shared as [Set<string>, ...Set<string>[]];
    assert.is([...first].filter((point) => others.every((set) => set.has(point))).length, 1, size);
  }
});

test('the table has a row a point', () => {
  const rows = scalingTable(scaling)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
  assert.is(rows.length, scaling.points.length);
  assert.match(rows[0] ?? '', /^\| ratings \| mf, SGD \| 900,000 \| 64 \| 6 \| 10\.7 ms \| 84\.4 M \| 164 MB \|$/);
});

test('the plot is an SVG with a panel for each axis and measure', async () => {
  const svg = await toSvg(scaling);
  assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  for (const text of ['ratings trained on', 'dim', 'threads', 'epoch, s', 'peak memory, MB', 'mf, SGD', 'fm, Adam']) {
    assert.ok(svg.includes(`>${text}<`), text);
  }
  assert.not.match(svg, /NaN|undefined|Infinity/);
  const lines = svg.match(/aria-roledescription="line mark"/g) ?? [];
  assert.is(lines.length, axes.length * 2 * 2); // two measures, two curves
});

test.run();
