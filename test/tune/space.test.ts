import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawTrials } from '../../src/tune/draw.js';
import { gridOf } from '../../src/tune/grid.js';
import { applyValues, readSpace, type SearchSpace, valueAt } from '../../src/tune/space.js';

const grid = (space: SearchSpace): object[] => gridOf(readSpace(space));
const draw = (space: SearchSpace, trials: number, seed = 1): Record<string, unknown>[] =>
  drawTrials(readSpace(space), trials, seed);

const T = TypeError;
const R = RangeError;
const refused: [unknown, typeof TypeError | typeof RangeError, RegExp][] = [
  [undefined, T, /Expected `space` to be an object of options/],
  [[1], T, /Expected `space` .* an array of 1/],
  [{}, R, /Expected `space` to be an object with at least one option/],
  [{ dim: 16 }, T, /Expected `space\.dim` to be a list of values or an object with min and max, received 16/],
  [{ dim: null }, T, /`space\.dim`/],
  [{ dim: [] }, R, /Expected `space\.dim` to be a list with at least one value/],
  [{ dim: [8, Number.NaN] }, T, /Expected `space\.dim\[1\]` to be a value that JSON can hold, received NaN/],
  [{ schedule: [new Date()] }, T, /`space\.schedule\[0\]`/],
  [{ dim: { min: 1, mx: 2 } }, T, /Unknown option `mx` in space\.dim; did you mean `max`\?/],
  [{ dim: { max: 2 } }, T, /Expected `space\.dim\.min` to be a number, received undefined/],
  [{ dim: { min: 2, max: 2 } }, R, /Expected `space\.dim\.max` to be a number > space\.dim\.min \(2\), received 2/],
  [
    { a: { min: 0, max: 2, scale: 'log' } },
    R,
    /Expected `space\.a\.min` to be a number > 0 with scale 'log', received 0/,
  ],
  [{ a: { min: 0, max: 2, scale: 'lg' } }, R, /`space\.a\.scale` .* did you mean 'log'\?/],
  [{ a: { min: 0, max: 2, step: 0 } }, R, /`space\.a\.step` to be a number > 0 and <= 2/],
  [{ a: { min: 0, max: 2, points: 1 } }, R, /`space\.a\.points` to be an integer >= 2/],
  [{ regularization: [1], 'regularization.user': [1] }, R, /free of 'regularization\.user' beside 'regularization'/],
];

test('a space that is none says what is wrong with it', () => {
  for (const [space, kind, message] of refused) {
    assert.throws(
      () => readSpace(space),
      (error: Error) => error.constructor === kind && message.test(error.message),
      `${message}`,
    );
  }
});

test('a grid has every combination once, the last key fastest', () => {
  assert.equal(grid({ dim: [8, 16], optimizer: ['sgd', 'adam'] }), [
    { dim: 8, optimizer: 'sgd' },
    { dim: 8, optimizer: 'adam' },
    { dim: 16, optimizer: 'sgd' },
    { dim: 16, optimizer: 'adam' },
  ]);
  const values = (range: SearchSpace[string]): unknown[] => grid({ a: range }).map((row) => (row as { a: unknown }).a);
  assert.equal(values({ min: 0.1, max: 0.5, step: 0.1 }), [0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.equal(values({ min: 1, max: 6, step: 2 }), [1, 3, 5]);
  assert.equal(values({ min: 0.001, max: 10, scale: 'log', points: 5 }), [0.001, 0.01, 0.1, 1, 10]);
  assert.equal(values({ min: 0, max: 1, points: 3 }), [0, 0.5, 1]);
  assert.equal(values({ min: 8, max: 128, step: 8, scale: 'log', points: 5 }), [8, 16, 32, 64, 128]);
  assert.equal(values({ min: 1, max: 3, step: 1, points: 9 }), [1, 2, 3], 'no value twice');
  assert.throws(() => grid({ a: { min: 0, max: 1 } }), /`space\.a` to be a list, or a range with `points` or `step`/);
  const far = { min: 0, max: 400, step: 1 };
  assert.throws(() => grid({ a: far, b: far }), /a grid of at most 100000 combinations, received 160801/);
  assert.throws(() => grid({ a: { min: 0, max: 1e12, step: 1 } }), /a grid of at most 100000/);
});

test('draws stay within their dimension, reach all of it, and follow its scale', () => {
  const trials = draw(
    {
      rate: { min: 0.001, max: 1, scale: 'log' },
      share: { min: -1, max: 1 },
      epochs: { min: 5, max: 50, step: 15 },
      dim: { min: 8, max: 64, step: 8, scale: 'log' },
      link: ['identity', 'sigmoid'],
    },
    3000,
  );
  assert.is(trials.length, 3000);
  const of = (key: string): number[] => trials.map((trial) => trial[key] as number);
  const part = (key: string, accept: (value: number) => boolean): number => of(key).filter(accept).length / 3000;
  for (const rate of of('rate')) assert.ok(rate >= 0.001 && rate <= 1 && Number(rate.toPrecision(4)) === rate);
  // A third of the draws each within 3000^-.5 or so.
  for (const low of [0.001, 0.01, 0.1])
    assert.ok(Math.abs(part('rate', (x) => x >= low && x < 10 * low) - 1 / 3) < 0.04);
  assert.ok(Math.abs(part('share', (x) => x < 0) - 1 / 2) < 0.04);
  assert.equal(
    [...new Set(of('epochs'))].sort((a, b) => a - b),
    [5, 20, 35, 50],
  );
  for (const epochs of [5, 20, 35, 50]) assert.ok(Math.abs(part('epochs', (x) => x === epochs) - 1 / 4) < 0.04);
  assert.equal(
    [...new Set(of('dim'))].sort((a, b) => a - b),
    [8, 16, 24, 32, 40, 48, 56, 64],
  );
  assert.ok(part('dim', (x) => x <= 16) > 1.5 * part('dim', (x) => x >= 56), 'orders of magnitude alike');
  assert.ok(Math.abs(part('link', (x) => (x as unknown) === 'sigmoid') - 1 / 2) < 0.04);
});

test('equal seeds draw equal trials, more trials begin with the same, and none comes twice', () => {
  const space: SearchSpace = { a: { min: 0, max: 1 }, b: [1, 2, 3] };
  assert.equal(draw(space, 20, 7), draw(space, 20, 7));
  assert.equal(draw(space, 50, 7).slice(0, 20), draw(space, 20, 7));
  assert.not.equal(draw(space, 20, 8), draw(space, 20, 7));
  const few = draw({ a: [1, 2, 3], b: [true, false] }, 50);
  assert.is(few.length, 6);
  assert.is(new Set(few.map((trial) => JSON.stringify(trial))).size, 6);
  const odd = drawTrials(readSpace({ a: [1, 2, 3] }), 9, 1, ({ a }) => a !== 2);
  assert.equal(odd.map(({ a }) => a).sort(), [1, 3], 'what is refused is drawn again');
});

test('rounding does not lead out of a range', () => {
  const [axis] = readSpace({ a: { min: 1.23456, max: 9.87654 } });
  assert.equal([valueAt(axis, 0), valueAt(axis, 1)], [1.235, 9.87654]);
});

test('a dotted key is a part of an object, and leaves the other parts', () => {
  const fixed = { dim: 8, regularization: { item: 2 } };
  const options = applyValues(fixed, { 'regularization.user': 1, epochs: 3, 'schedule.factor': 0.5 });
  assert.equal(options, { dim: 8, regularization: { item: 2, user: 1 }, epochs: 3, schedule: { factor: 0.5 } });
  assert.equal(fixed, { dim: 8, regularization: { item: 2 } }, 'fixed options are left alone');
  assert.throws(
    () => applyValues({ regularization: 1 }, { 'regularization.user': 1 }),
    /Expected `regularization` to be an object beside 'regularization\.user' in the space, received 1/,
  );
});

test.run();
