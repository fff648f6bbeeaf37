import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isDateTime } from '../../src/load/date-time.js';
import { Growable } from '../../src/load/growable.js';
import { idKindOf, trimId, widerIdKind } from '../../src/load/id-kind.js';
import { parseNumber } from '../../src/load/number-text.js';

test('idKindOf', () => {
  for (const text of ['0', '7', '-7', '2147483647', '-2147483647', '123456789', '1234567890'])
    assert.is(idKindOf(text), 'int32', text);
  for (const text of ['2147483648', '-2147483648', '9223372036854775807', '-9223372036854775807'])
    assert.is(idKindOf(text), 'int64', text);
  for (const text of [
    '',
    '007',
    '00',
    '-0',
    '+7',
    '7.0',
    '1e3',
    ' 7',
    '9223372036854775808',
    '-9223372036854775808',
    '99999999999999999999',
    'x',
    '٣',
    '0x1',
  ]) {
    assert.is(idKindOf(text), 'utf8', text);
  }
  assert.is(widerIdKind('int32', 'int32'), 'int32');
  assert.is(widerIdKind('int32', 'int64'), 'int64');
  assert.is(widerIdKind('utf8', 'int64'), 'utf8');
  assert.is(trimId('\t a b \t '), 'a b');
});

test('parseNumber', () => {
  for (const [text, value] of [
    ['1', 1],
    ['-.5', -0.5],
    ['+5.', 5],
    [' 1e3 ', 1000],
    ['1E-2', 0.01],
    ['1e400', Infinity],
  ] as const) {
    assert.is(parseNumber(text), value, text);
  }
  for (const text of ['', ' ', '.', 'e5', '0x10', '1_000', '1,5', 'NaN', 'Infinity', 'inf', '1e', '--1', '1 2', '٣']) {
    assert.ok(Number.isNaN(parseNumber(text)), text);
  }
});

test('isDateTime', () => {
  for (const text of [
    '1995-12-31',
    '2000-02-29',
    ' 1995-12-31 ',
    '1995-12-31T23:59:59',
    '1995-12-31 23:59:59.123456Z',
    '1995-12-31T00:00:00+02',
    '1995-12-31T00:00:00-0230',
    '1995-12-31 00:00:00 UTC',
  ]) {
    assert.ok(isDateTime(text), text);
  }
  for (const text of [
    '',
    '1995',
    '31.12.1995',
    '12/31/1995',
    '1995-13-01',
    '1995-02-29',
    '1995-04-31',
    '1995-12-31T24:00:00',
    '1995-12-31T12:60:00',
    '1995-12-31T12:00',
    '1995-12-31x',
    '978300760',
  ]) {
    assert.not.ok(isDateTime(text), text);
  }
});

test('Growable', () => {
  const grow = new Growable((length) => new Int32Array(length), 0);
  for (let i = 0; i < 1000; i++) grow.append(Int32Array.of(i));
  const space = grow.reserve(2);
  space[grow.length] = 1000;
  grow.commit(1);
  assert.equal(
    Array.from(grow.finish()),
    Array.from({ length: 1001 }, (_, i) => i),
  );
  const exact = new Growable((length) => new Float64Array(length), 1000);
  exact.append(new Float64Array(1000));
  assert.is(exact.finish().buffer.byteLength, 8000);
  const roomy = new Growable((length) => new Float64Array(length), 1000);
  roomy.append(new Float64Array(10));
  assert.is(roomy.finish().buffer.byteLength, 80, 'a small column holds no large buffer');
});

test.run();
