import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments, UsageError } from '../../bench/arguments.js';
import { trials } from '../../bench/trials.js';
import { fakeTrial } from './fakes.js';

const fakes = [fakeTrial({ name: 'mf-fast' }), fakeTrial({ name: 'topk-one' }), fakeTrial({ name: 'topk-all' })];
const namesOf = (...argv: string[]): string[] => parseArguments(argv, fakes).chosen.map(({ name }) => name);

const wrong = (argv: string[], pattern: RegExp): void => {
  try {
    parseArguments(argv, fakes);
  } catch (error) {
    assert.instance(error, UsageError);
    assert.match((error as Error).message, pattern);
    assert.not.match((error as Error).message, /\n/);
    return;
  }
  assert.unreachable(`${argv.join(' ')} was accepted`);
};

test('words choose the trials whose names hold one of them, none choose all', () => {
  assert.equal(namesOf(), ['mf-fast', 'topk-one', 'topk-all']);
  assert.equal(namesOf('topk'), ['topk-one', 'topk-all']);
  assert.equal(namesOf('all', 'mf'), ['mf-fast', 'topk-all']);
  const chosen = parseArguments(['topk-many-10'], trials).chosen.map(({ name }) => name);
  assert.equal(chosen, ['topk-many-10']); // not topk-many-100
});

test('scaling is chosen by its name alone', () => {
  const alone = parseArguments(['scaling'], fakes);
  assert.ok(alone.scaling);
  assert.equal(alone.chosen, []);
  assert.not.ok(parseArguments([], fakes).scaling);
  const both = parseArguments(['scaling', 'mf'], fakes);
  assert.ok(both.scaling);
  assert.is(both.chosen.length, 1);
});

test('a full run takes the median of three, a small one runs once', () => {
  assert.is(parseArguments([], fakes).runs, 1);
  assert.is(parseArguments(['--size', 'full'], fakes).runs, 3);
  assert.is(parseArguments(['--size=full', '--runs', '5'], fakes).runs, 5);
});

test('wrong words, flags and values are usage errors of one line', () => {
  wrong(['mf', 'nonsense'], /no trial has 'nonsense' in its name; there are: mf-fast, topk-one, topk-all, scaling/);
  wrong(['--fast'], /Unknown option '--fast'/);
  wrong(['--size', 'huge'], /--size takes small or full, not 'huge'/);
  for (const runs of ['0', '1.5', 'many', '']) wrong([`--runs=${runs}`], /--runs takes an integer >= 1/);
  wrong(['--target-rmse', '0'], /--target-rmse takes a number > 0/);
  wrong(['--readme', 'mf'], /--readme runs nothing/);
  wrong(['scaling', '--ratings', 'x.csv'], /scaling makes ratings/);
});

test('the words of the real trials are accepted', () => {
  for (const word of ['load', 'mf-sgd', 'mf-time-to-rmse', 'fm-adam', 'topk-many', 'topk-all']) {
    assert.ok(parseArguments([word], trials).chosen.length >= 1, word);
  }
});

test.run();
