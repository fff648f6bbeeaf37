import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bestPeer, summaryTable, withTable } from '../../bench/readme.js';
import { formatNumber, formatRatio, formatTime, toMarkdown } from '../../bench/report.js';
import type { DriverResult } from '../../bench/types.js';
import { fakeMachine, fakeResult } from './fakes.js';

const tableOf = (...results: ReturnType<typeof fakeResult>[]): string =>
  summaryTable(new Map(results.map((result) => [result.trial, result])));

/** The result with another figure for faiss. */
const withFaiss = (faiss: Partial<DriverResult>): ReturnType<typeof fakeResult> => {
  const result = fakeResult();
  return { ...result, drivers: result.drivers.map((d) => (d.driver === 'faiss' ? { ...d, ...faiss } : d)) };
};

test('times and ratios keep three digits in a unit that fits', () => {
  const times: [number, string][] = [
    [1234.5, '1,235 s'],
    [1.2345, '1.23 s'],
    [0.01, '10.0 ms'],
    [4.7e-5, '47.0 µs'],
    [5e-8, '50.0 ns'],
  ];
  for (const [seconds, text] of times) assert.is(formatTime(seconds), text);
  assert.is(formatRatio(1.666), '1.67 ×');
  assert.is(formatRatio(1234.4), '1234 ×');
});

test('numbers are whole, in four digits, or with an exponent where they are large', () => {
  assert.is(formatNumber(24_978_100), '24,978,100');
  assert.is(formatNumber(0.78912), '0.7891');
  assert.is(formatNumber(27_422_169_088), '2.742e+10');
});

test('a trial as Markdown: ratios to palate, skips with their reason', () => {
  const lines = toMarkdown(fakeResult()).split('\n');
  const find = (label: string): string | undefined => lines.find((line) => line.startsWith(`| ${label} |`));
  assert.is(find('palate'), '| palate | 10.0 ms (9.00 ms to 20.0 ms) |  | recall 1 | 80 MB |  |');
  assert.match(find('faiss IndexFlatIP') ?? '', /\| 50\.0 ms .*\| 5\.00 × \| recall 0\.5000 \| 90 MB/);
  assert.match(find('NumPy argpartition') ?? '', /\| 20\.0 ms \| 2\.00 ×/);
  assert.match(find('usearch exactSearch') ?? '', /skipped: not installed: npm install --no-save usearch/);
  const cells = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
  assert.is(new Set(cells).size, 1);
});

test('an extrapolated time is marked and explained', () => {
  const text = toMarkdown(withFaiss({ extrapolated: '3 of 9 steps' }));
  assert.match(text, /\| ≈ 50\.0 ms .*≈ 5\.00 ×.*extrapolated from 3 of 9 steps/);
});

test('the summary compares with the fastest peer and names those that were not measured', () => {
  assert.is(bestPeer(fakeResult().drivers)?.driver, 'numpy');
  const table = tableOf(fakeResult());
  assert.match(
    table,
    '| `topk-users-10` | 10.0 ms | NumPy argpartition 20.0 ms (not measured: usearch exactSearch) | 2.00 × | recall 1 | 80 MB |',
  );
  assert.match(table, '`npm run bench -- --size full` on Fake CPU, 2 cores, 8 GB, avx2, Node 20.19.0; 2026-01-02');
  assert.not.match(table, /≈|°/);
});

test('the summary marks extrapolations and notes, and explains the marks', () => {
  const fast = { seconds: { median: 0.005, min: 0.005, max: 0.005 } };
  const table = tableOf(withFaiss({ ...fast, extrapolated: '3 of 9 steps', note: 'a slow build' }));
  assert.match(table, 'faiss IndexFlatIP ° ≈ 5.00 ms');
  assert.match(table, '≈ 0.500 ×');
  assert.match(table, 'recall 1 (0.5000)');
  assert.match(table, '≈ scaled up from a part of the work.');
  assert.match(table, '° faiss IndexFlatIP: a slow build.');
});

test('results of different machines stand in tables of their own, trials in their order', () => {
  const other = fakeResult({ trial: 'load-columns', machine: { ...fakeMachine, cpu: 'Other CPU' } });
  const table = tableOf(fakeResult({ trial: 'topk-users-100' }), other, fakeResult());
  assert.is(table.match(/\| task \|/g)?.length, 2);
  assert.ok(table.indexOf('load-columns') < table.indexOf('topk-users-10'));
  assert.ok(table.indexOf('`topk-users-10`') < table.indexOf('`topk-users-100`'));
});

test('the table replaces what stands between the markers, and nothing else', () => {
  const text = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
  const once = withTable(text, 'bench', 'new');
  assert.is(once, 'before\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\nafter\n');
  assert.is(withTable(once, 'bench', 'new'), once);
  assert.throws(() => withTable('no markers', 'quality', 'new'), /lacks the lines/);
});

test.run();
