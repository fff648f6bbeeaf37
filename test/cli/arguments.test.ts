import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  batchSize,
  columns,
  history,
  integer,
  list,
  number,
  range,
  regularization,
  schedule,
} from '../../src/cli/arguments.js';

/** The message that a parser throws; fails when it throws none or one that is no wrong usage. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_PALATE_OPTION');
    return (error as Error).message;
  }
  assert.unreachable('should have been refused');
  return '';
}

test('numbers name the flag, what it expects and what it got', () => {
  assert.is(integer('--k')('10'), 10);
  assert.is(number('--x')('1e-3'), 1e-3);
  assert.is(number('--x')('.5'), 0.5);
  assert.is(
    refusal(() => integer('--k', { min: 1 })('0')),
    'Expected `--k` to be an integer >= 1, received 0',
  );
  assert.is(
    refusal(() => integer('--k')('2.5')),
    'Expected `--k` to be an integer, received 2.5',
  );
  assert.match(
    refusal(() => integer('--k')('ten')),
    'received "ten" (string)',
  );
  for (const text of ['', ' ', '0x10', '1_000', '1,5', 'NaN', 'Infinity', '1e999', '--5']) {
    assert.match(
      refusal(() => number('--x')(text)),
      'Expected `--x` to be a number',
    );
  }
});

test('lists', () => {
  assert.equal(list('--k', integer('--k'))('10, 20'), [10, 20]);
  assert.match(
    refusal(() => list('--k', integer('--k'))('10,,20')),
    'without empty parts',
  );
  assert.match(
    refusal(() => list('--metrics')('')),
    'without empty parts',
  );
});

test('columns', () => {
  assert.equal(columns('--columns')('user=u,item=i'), { user: 'u', item: 'i' });
  assert.match(
    refusal(() => columns('--columns')('usr=u')),
    "did you mean 'user'?",
  );
  assert.match(
    refusal(() => columns('--columns')('user')),
    'pairs like user=VALUE',
  );
  assert.match(
    refusal(() => columns('--columns')('user=')),
    'pairs like user=VALUE',
  );
});

test('regularization is one number or one a kind', () => {
  assert.is(regularization('--regularization')('0.1'), 0.1);
  assert.equal(regularization('--regularization')('user=1,bias=0'), { user: 1, bias: 0 });
  assert.match(
    refusal(() => regularization('--regularization')('-1')),
    '>= 0, received -1',
  );
  assert.match(
    refusal(() => regularization('--regularization')('user=x')),
    'received "x"',
  );
});

test('batch size', () => {
  assert.is(batchSize('--batch-size')('full'), 'full');
  assert.is(batchSize('--batch-size')('64'), 64);
  assert.match(
    refusal(() => batchSize('--batch-size')('all')),
    "an integer >= 1 or 'full'",
  );
  assert.match(
    refusal(() => batchSize('--batch-size')('0')),
    'received 0',
  );
});

test('range', () => {
  assert.equal(range('--range')('0:5.5'), { min: 0, max: 5.5 });
  for (const text of ['5', '1:2:3', 'a:b'])
    assert.match(
      refusal(() => range('--range')(text)),
      '--range',
    );
});

test('schedules', () => {
  const parse = schedule('--schedule');
  assert.equal(parse('constant'), { type: 'constant' });
  assert.equal(parse('exponential:0.97'), { type: 'exponential', factor: 0.97 });
  assert.equal(parse('step:10:0.7'), { type: 'step', every: 10, factor: 0.7 });
  assert.equal(parse('multi-step:7:0.1'), { type: 'multiStep', epochs: [7], factor: 0.1 });
  assert.equal(parse('multi-step:3,7:0.1'), { type: 'multiStep', epochs: [3, 7], factor: 0.1 });
  assert.equal(parse('cosine'), { type: 'cosine' });
  assert.equal(parse('cosine:0.1'), { type: 'cosine', floor: 0.1 });
  assert.equal(parse('linear:0.1'), { type: 'linear', floor: 0.1 });
  for (const text of [
    '',
    'linear:2',
    'steps',
    'step',
    'step:10',
    'step:0:0.7',
    'exponential:0',
    'cosine:2',
    'constant:1',
  ]) {
    assert.match(
      refusal(() => parse(text)),
      '--schedule',
    );
  }
});

test('histories keep colons that belong to an id', () => {
  const parse = history('--history');
  assert.equal(parse('1,2:4.5'), [{ item: '1' }, { item: '2', rating: 4.5 }]);
  assert.equal(parse('urn:film:7:5'), [{ item: 'urn:film:7', rating: 5 }]);
  assert.match(
    refusal(() => parse('1:good')),
    'with numbers as ratings',
  );
  assert.match(
    refusal(() => parse(':5')),
    'with numbers as ratings',
  );
  assert.match(
    refusal(() => parse('1,,2')),
    'without empty parts',
  );
});

test.run();
