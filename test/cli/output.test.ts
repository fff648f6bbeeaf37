import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatTable, measure, toJson } from '../../src/cli/output.js';
import { epochTable, recordTable } from '../../src/cli/text.js';

const widest = (table: string): number => Math.max(...table.split('\n').map((line) => [...line].length));

test('a table is aligned, and cut to the width at its flexible columns alone', () => {
  const table = formatTable(
    [
      { head: '#', align: 'right' },
      { head: 'title', flexible: true },
      { head: 'score', align: 'right' },
    ],
    [
      ['1', 'Short', '4.5000'],
      ['10', 'x'.repeat(100), '4.2500'],
    ],
    40,
  );
  assert.is(widest(table), 40);
  const [head, first, second] = table.split('\n') as [string, string, string];
  assert.is(head.slice(0, 9), ' #  title');
  assert.is(head.slice(-5), 'score');
  assert.is(first.slice(0, 9), ' 1  Short');
  assert.match(second, /x…\s+4\.2500$/);
});

test('control characters of a title do not reach the terminal', () => {
  const table = formatTable([{ head: 'title' }], [['a\u001b[31mb\u0007\nc']]);
  assert.is(table, 'title\na\ufffd[31mb\ufffd\ufffdc\n');
});

test('wide and combining characters keep the columns in line', () => {
  const table = formatTable(
    [{ head: 'title' }, { head: 'x' }],
    [
      ['七人の侍', '1'],
      ['Ame\u0301lie', '1'],
    ],
  );
  assert.is(table, 'title     x\n七人の侍  1\nAme\u0301lie    1\n');
});

test('records show the columns that have a value', () => {
  const table = recordTable([
    { rank: 1, itemId: 7, title: undefined, genres: ['Drama', 'War'], rating: 4.5 },
    { rank: 2, itemId: 11, title: undefined, genres: [], rating: 4 },
  ]);
  assert.is(
    table,
    'rank  item id  genres      rating\n   1        7  Drama, War     4.5\n   2       11                 4.0\n',
  );
});

test('of many epochs every n-th is shown, the first and the last always', () => {
  const epochs = Array.from({ length: 1003 }, (_, i) => ({ epoch: i + 1, learningRate: 1, train: { loss: 0 } }));
  const shown = epochTable(epochs)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/)[0]);
  assert.equal(shown.slice(0, 3), ['1', '100', '200']);
  assert.equal(shown.slice(-2), ['1,000', '1,003']);
  assert.is(epochTable(epochs).includes('valid'), false);
});

test('measures', () => {
  assert.is(measure(0.84512), '0.8451');
  assert.is(measure(57_846_087_680), '5.78461e+10');
  assert.is(measure(undefined), '-');
});

test('JSON keeps big ids', () => {
  assert.is(toJson({ a: 5n, b: 2n ** 60n, c: Number.NaN }), '{"a":5,"b":"1152921504606846976","c":null}');
});

test.run();
