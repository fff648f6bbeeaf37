import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TableSpec } from '../../src/models/spec.js';
import { resolveTable } from '../../src/train/resolve-table.js';
import type { Schedule, TrainOptions } from '../../src/types.js';

interface Resolved {
  dim: number | 'full';
  epochs: number;
  learningRate: number;
  clipNorm: number | undefined;
  optimizer: 'adam' | 'sgd';
  momentum: number | undefined;
  lazy: boolean;
  schedule: Schedule;
}

const described = {
  name: 'popularity',
  summary: '',
  source: '',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
} as const;

const spec: TableSpec<Resolved> = {
  ...described,
  trainer: 'popularity',
  options: {
    dim: { type: 'int', min: 1, max: 512, words: ['full'], default: 128, about: 'width' },
    epochs: { type: 'int', min: 1, default: 30, about: 'passes' },
    learningRate: { type: 'number', min: 0, exclusiveMin: true, default: 0.5, about: 'step size' },
    clipNorm: { type: 'number', min: 0, exclusiveMin: true, default: undefined, about: 'norm' },
    optimizer: { type: 'oneOf', words: ['adam', 'sgd'], default: 'adam', about: 'which' },
    momentum: { type: 'number', min: 0, max: 1, default: undefined, about: 'of sgd' },
    lazy: { type: 'boolean', default: false, about: 'or not' },
    schedule: { type: 'schedule', default: { type: 'constant' }, about: 'over epochs' },
  },
  variants: [
    { when: { optimizer: 'sgd' }, defaults: { learningRate: 0.01, momentum: 0.9 } },
    { when: { optimizer: 'sgd', dim: 'full' }, defaults: { learningRate: 0.001 } },
  ],
};

const resolve = (options: object): Resolved => resolveTable(spec, options as TrainOptions);

const defaults: Resolved = {
  dim: 128,
  epochs: 30,
  learningRate: 0.5,
  clipNorm: undefined,
  optimizer: 'adam',
  momentum: undefined,
  lazy: false,
  schedule: { type: 'constant' },
};

test('an option that others leave without a meaning is undefined, and refused where given', () => {
  const only: TableSpec<{ optimizer: 'adam' | 'sgd'; lazy: boolean; momentum: number | undefined }> = {
    ...described,
    trainer: 'popularity',
    options: {
      optimizer: spec.options.optimizer,
      lazy: spec.options.lazy,
      momentum: { type: 'number', default: 0.9, only: { optimizer: ['sgd'], lazy: [false] }, about: 'of sgd' },
    },
  };
  const of = (options: object): unknown => resolveTable(only, options as TrainOptions).momentum;
  assert.is(of({ optimizer: 'sgd' }), 0.9);
  assert.is(of({ optimizer: 'sgd', momentum: 0.5 }), 0.5);
  assert.is(of({}), undefined);
  assert.is(of({ optimizer: 'sgd', lazy: true }), undefined);
  assert.throws(
    () => of({ momentum: 0.5 }),
    (error: Error) =>
      error instanceof TypeError &&
      error.message === 'Expected `optimizer` to be \'sgd\' with `momentum`, received "adam" (string)',
  );
  assert.throws(() => of({ optimizer: 'sgd', lazy: true, momentum: 0.5 }), /`lazy` to be false with `momentum`/);
});

test('defaults, and what is given in their place', () => {
  assert.equal(resolve({ model: 'popularity', seed: 3 }), defaults);
  assert.equal(resolve({ dim: undefined, lazy: undefined }), defaults, 'undefined is as good as nothing');
  const given = {
    dim: 'full',
    epochs: 1,
    learningRate: 2,
    clipNorm: 5,
    optimizer: 'adam',
    momentum: 0,
    lazy: true,
    schedule: { type: 'step', every: 10, factor: 0.7 },
  };
  assert.equal(resolve(given), given);
});

test('variants fit what is given or default; of several the later ones win, the user over all', () => {
  assert.equal(resolve({ optimizer: 'sgd' }), { ...defaults, optimizer: 'sgd', learningRate: 0.01, momentum: 0.9 });
  assert.is(resolve({ optimizer: 'sgd', dim: 'full' }).learningRate, 0.001);
  assert.is(resolve({ dim: 'full' }).learningRate, 0.5);
  assert.is(resolve({ optimizer: 'sgd', dim: 'full', learningRate: 7 }).learningRate, 7);
});

const refused: [object, typeof TypeError | typeof RangeError, RegExp][] = [
  [{ dim: '64' }, TypeError, /^Expected `dim` to be an integer >= 1 and <= 512 or 'full', received "64" \(string\)$/],
  [{ dim: 'ful' }, TypeError, /received "ful" \(string\); did you mean 'full'\?$/],
  [{ dim: null, epochs: '2' }, TypeError, /^Expected `epochs` to be an integer >= 1, received "2" \(string\)$/],
  [{ dim: 0 }, RangeError, /^Expected `dim` to be an integer >= 1 and <= 512 or 'full', received 0$/],
  [{ dim: 513 }, RangeError, /`dim`.*received 513/],
  [{ dim: 1.5 }, RangeError, /`dim`.*received 1\.5/],
  [{ epochs: 'full' }, TypeError, /`epochs`/],
  [{ learningRate: 0 }, RangeError, /^Expected `learningRate` to be a number > 0, received 0$/],
  [{ learningRate: Number.NaN }, RangeError, /`learningRate`/],
  [{ clipNorm: 0 }, RangeError, /^Expected `clipNorm` to be a number > 0, received 0$/],
  [{ momentum: 1.1 }, RangeError, /^Expected `momentum` to be a number >= 0 and <= 1, received 1\.1$/],
  [{ optimizer: 'adma' }, RangeError, /one of 'adam', 'sgd', received "adma" \(string\); did you mean 'adam'\?$/],
  [{ optimizer: 1 }, TypeError, /^Expected `optimizer` to be one of 'adam', 'sgd', received 1$/],
  [{ lazy: 1 }, TypeError, /^Expected `lazy` to be true or false, received 1$/],
  [{ schedule: { type: 'step' } }, TypeError, /`schedule\.every`/],
];

for (const [options, type, message] of refused) {
  test(`refuses ${JSON.stringify(options)}`, () => {
    let thrown: (Error & { code?: string }) | undefined;
    try {
      resolve(options);
    } catch (error) {
      thrown = error as Error;
    }
    assert.instance(thrown, type);
    assert.match((thrown as Error).message, message);
    assert.is(thrown?.code, 'ERR_PALATE_OPTION');
  });
}

test('the compiler ties a table to what its trainer takes', () => {
  const one: TableSpec<{ epochs: number }> = {
    ...described,
    trainer: 'popularity',
    // @ts-expect-error: epochs is a number
    options: { epochs: { type: 'boolean', default: true, about: '' } },
  };
  // @ts-expect-error: a trainer that takes epochs needs an option of that name
  const none: TableSpec<{ epochs: number }> = { ...described, trainer: 'popularity', options: {} };
  assert.is(Object.keys(one.options).length + Object.keys(none.options).length, 1);
});

test.run();
