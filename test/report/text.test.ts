import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { escapeMarkup } from '../../src/report/escape.js';
import { formatCount, formatMeasure, formatNumber, formatSeconds } from '../../src/report/format.js';
import { csvCell, toCsv } from '../../src/report/to-csv.js';
import { headOf, toTextColumns } from '../../src/report/to-table.js';

const test = suite('report text');

test('numbers for people', () => {
  assert.is(formatCount(1234567), '1,234,567');
  assert.equal([0.81234, 14.13771, 787639.2, 3, Number.NaN, undefined].map(formatMeasure), [
    '0.8123',
    '14.1377',
    '787,639',
    '3',
    '–',
    '–',
  ]);
  assert.equal([0, 0.001612, 0.0999, 0.412, 12.34, 185.4].map(formatSeconds), [
    '0 ms',
    '1.61 ms',
    '99.9 ms',
    '0.412 s',
    '12.3 s',
    '185 s',
  ]);
  assert.is(formatNumber(2.3207e21, 0), '2.321e21');
  assert.is(formatNumber(-1234.5, 1), '-1,234.5');
});

test('a column for each key with a value, numbers with the places that they need', () => {
  const columns = toTextColumns([
    { itemId: 12345, title: 'A', score: 0.5, genres: ['x', 'y'], none: undefined, year: 1995 },
    { itemId: 7n, title: '1984', score: 1234.56789, genres: [], none: null, year: 2001, late: 1 },
  ]);
  assert.equal(
    columns.map(({ head, kind, cells }) => [head, kind, ...cells]),
    [
      ['item id', 'number', '12345', '7'],
      ['title', 'text', 'A', '1984'],
      ['score', 'number', '0.50', '1,234.57'],
      ['genres', 'text', 'x, y', ''],
      ['year', 'number', '1995', '2001'],
      ['late', 'number', '', '1'],
    ],
  );
  assert.equal(toTextColumns([]), []);
  const [took] = toTextColumns([{ took: '1.61 ms' }, { took: '–' }, { took: '2.321e21' }]);
  assert.is(took?.kind, 'number');
  assert.is(headOf('validRmse'), 'valid RMSE');
});

test('CSV that a reader turns back into the same values', () => {
  const rows = [
    { itemId: 1, title: 'A "b", c\nd', genres: ['x', 'y'], theirMean: 0.1 + 0.2 },
    { itemId: 2, late: true },
  ];
  assert.is(
    toCsv(rows),
    'item_id,title,genres,their_mean,late\n1,"A ""b"", c\nd",x|y,0.30000000000000004,\n2,,,,true\n',
  );
  assert.is(csvCell(null), '');
});

test('markup and characters that no document may hold', () => {
  assert.is(escapeMarkup(`<a href="x">'&'</a>`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;');
  assert.is(escapeMarkup('a\u0000b\u001b[31m\ud800 \u{1f600}é'), 'a\ufffdb\ufffd[31m\ufffd \u{1f600}é');
});

test.run();
