import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError, DeviceError } from '../../src/errors.js';
import { fm } from '../../src/models/fm.js';
import { mf } from '../../src/models/mf.js';
import type { FactorOptions } from '../../src/train/resolve-options.js';
import { train } from '../../src/train/train.js';
import type { TrainOptions } from '../../src/types.js';
import { assertClose } from '../support/assert-close.js';
import { factorsOf } from '../support/factors-of.js';
import { dataset, metadata, ratings } from './fixtures.js';

const rows = ratings();
const data = dataset(rows);

async function rejection(options: unknown, ...given: unknown[]): Promise<Error & { code?: string }> {
  try {
    await train((given.length === 0 ? data : given[0]) as typeof data, options as TrainOptions);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`not refused: ${JSON.stringify(options)}`);
}

const mfWith = (options: object): object => ({ model: 'mf', ...options });
const T = TypeError;
const R = RangeError;
const refused: [object | null | string, typeof TypeError | typeof RangeError, RegExp][] = [
  [null, T, /Expected `options` to be an object with `model`, received null/],
  ['mf', T, /Expected `options` to be an object with `model`, received "mf" \(string\)/],
  [
    {},
    T,
    /Expected `model` to be one of 'popularity', 'itemKnn', 'ease', 'slim', 'ials', 'mf', .*'coLikes', received undefined/,
  ],
  [{ model: 'fmm' }, R, /Expected `model` to be one of .*received "fmm" \(string\); did you mean 'fm'\?/],
  [mfWith({ dims: 8 }), T, /Unknown option `dims` in train\(\{ model: 'mf' \}\); did you mean `dim`\?/],
  [mfWith({ learning_rate: 1 }), T, /did you mean `learningRate`\?/],
  [mfWith({ zzzzzzzzzz: 1 }), T, /Unknown option `zzzzzzzzzz` .* known: model, seed, threads/],
  [mfWith({ fields: ['genres'] }), T, /Model 'mf' has no option `fields`/],
  [mfWith({ featureLearningRate: 1 }), T, /`implicitTerm` to be true with `featureLearningRate`/],
  [{ model: 'popularity', dim: 8 }, T, /Model 'popularity' has no option `dim`/],
  [mfWith({ dim: '64' }), T, /Expected `dim` to be an integer >= 1 and <= 4096, received "64" \(string\)/],
  [mfWith({ dim: 0 }), R, /`dim`.*received 0/],
  [mfWith({ dim: 1.5 }), R, /`dim`.*received 1\.5/],
  [mfWith({ dim: 4097 }), R, /`dim`.*received 4097/],
  [mfWith({ epochs: 0 }), R, /Expected `epochs` to be an integer >= 1, received 0/],
  [mfWith({ learningRate: 0 }), R, /Expected `learningRate` to be a number > 0, received 0/],
  [mfWith({ learningRate: Number.NaN }), R, /`learningRate`.*received NaN/],
  [mfWith({ learningRate: '0.1' }), T, /`learningRate`/],
  [mfWith({ regularization: -1 }), R, /Expected `regularization` to be a number >= 0, received -1/],
  [mfWith({ regularization: 'strong' }), T, /`?regularization`? to be/],
  [mfWith({ regularization: { users: 1 } }), T, /Unknown option `users` in regularization; did you mean `user`\?/],
  [mfWith({ regularization: { bias: '1' } }), T, /`regularization\.bias`/],
  [mfWith({ regularizationPower: 1.5 }), R, /`regularizationPower` to be a number >= 0 and <= 1/],
  [mfWith({ weightDecay: 'l2' }), R, /`weightDecay` to be one of 'coupled', 'decoupled'/],
  [mfWith({ lazy: 1 }), T, /`lazy`/],
  [
    mfWith({ optimizer: 'adam', weightDecay: 'decoupled', learningRate: 0.01, regularization: 5 }),
    R,
    /`regularization` to be < 0\.05 \/ learningRate with decoupled decay/,
  ],
  [mfWith({ optimizer: 'adma' }), R, /`optimizer` .*did you mean 'adam'\?/],
  [mfWith({ objective: 'hinge' }), R, /`objective` to be one of 'squared', 'logistic', 'bpr', received "hinge"/],
  [{ model: 'fm', objective: 'bpr' }, R, /`objective` to be one of 'squared', 'logistic', received "bpr"/],
  [mfWith({ objective: 'bpr', link: 'sigmoid' }), T, /Model 'mf' with objective 'bpr' has no option `link`/],
  [mfWith({ objective: 'bpr', optimizer: 'adam' }), R, /`optimizer` to be one of 'sgd', 'adagrad', received "adam"/],
  [mfWith({ objective: 'bpr', regularization: { user: 1 } }), T, /`regularization` to be a number >= 0/],
  [mfWith({ objective: 'bpr', epsilon: 1e-8 }), T, /`optimizer` to be 'adagrad' with `epsilon`/],
  [mfWith({ negatives: 3 }), T, /Model 'mf' has no option `negatives`/],
  [mfWith({ implicitTerm: 1 }), T, /`implicitTerm`/],
  [mfWith({ implicitTerm: true, optimizer: 'adam' }), R, /`optimizer` to be 'sgd' with `implicitTerm`/],
  [mfWith({ implicitTerm: true, batchSize: 64 }), R, /`batchSize` to be 1 with `implicitTerm`, received 64/],
  [{ model: 'fm', implicitTerm: true }, T, /Model 'fm' has no option `implicitTerm`/],
  [mfWith({ schedule: 'step' }), T, /`schedule`/],
  [mfWith({ batchSize: 0 }), R, /`batchSize`/],
  [mfWith({ batchSize: 'all' }), T, /`batchSize`/],
  [mfWith({ clipNorm: 1 }), R, /`batchSize` to be > 1 or 'full' with `clipNorm`, received 1/],
  [mfWith({ clipNorm: 0 }), R, /`clipNorm` to be a number > 0, received 0/],
  [mfWith({ link: 'probit' }), R, /`link` to be one of 'identity', 'sigmoid'/],
  [mfWith({ objective: 'logistic', link: 'identity' }), R, /`link` to be 'sigmoid' with objective 'logistic'/],
  [mfWith({ range: { min: 3, max: 3 } }), R, /`range\.max` to be a number > range\.min \(3\), received 3/],
  [mfWith({ range: { min: 1, max: 5 } }), R, /`range` to be a range that holds all ratings \(0\.5 to 5\)/],
  [mfWith({ range: { min: 0 } }), T, /`range\.max`/],
  [mfWith({ range: [0, 5] }), T, /range/],
  [mfWith({ biases: 1 }), T, /`biases`/],
  [mfWith({ biasLearningRate: -1 }), R, /`biasLearningRate`/],
  [{ model: 'fm', featureLearningRate: -1 }, R, /`featureLearningRate`/],
  [mfWith({ initStd: 0 }), R, /`initStd`/],
  [mfWith({ betas: 0.9 }), T, /`betas` to be two numbers, received 0\.9/],
  [mfWith({ betas: [0.9] }), T, /`betas` to be two numbers, received an array of 1/],
  [mfWith({ betas: [0.9, 1] }), R, /`betas\[1\]`/],
  [mfWith({ epsilon: 0 }), R, /`epsilon`/],
  [mfWith({ patience: -1, validation: data }), R, /`patience` to be an integer >= 0, received -1/],
  [mfWith({ patience: 2 }), T, /Expected `validation` to be a Dataset when `patience` is set, received undefined/],
  [mfWith({ seed: -1 }), R, /`seed`/],
  [mfWith({ seed: 0.5 }), R, /`seed`/],
  [mfWith({ threads: 0 }), R, /`threads` to be an integer >= 1 and <= 1024, received 0/],
  [mfWith({ device: 'gpu' }), R, /`device` to be one of 'auto', 'cpu', 'cuda'/],
  [mfWith({ signal: {} }), T, /`signal` to be an AbortSignal, received an object \(Object\)/],
  [mfWith({ onEpoch: 5 }), T, /`onEpoch`/],
  [mfWith({ validation: 'valid' }), T, /`validation` to be a Dataset/],
  [mfWith({ validation: null }), T, /`validation` to be a Dataset/],
  [mfWith({ validation: {} }), T, /`validation` to be a Dataset/],
  [{ model: 'fm', fields: 'genres' }, T, /`fields` to be an array/],
];

for (const [options, kind, message] of refused) {
  test(`refused: ${JSON.stringify(options)}`, async () => {
    const error = await rejection(options);
    assert.instance(error, kind);
    assert.match(error.message, message);
    assert.is(error.code, 'ERR_PALATE_OPTION');
  });
}

test('data must be a Dataset', async () => {
  for (const nothing of [undefined, null, rows, {}]) {
    assert.match((await rejection({ model: 'mf' }, nothing)).message, /Expected `data` to be a Dataset/);
  }
});

test("device 'cuda' never falls back; 'cpu' and 'auto' train", async () => {
  const error = await rejection({ model: 'mf', device: 'cuda' });
  assert.instance(error, DeviceError);
  assert.is(error.code, 'ERR_PALATE_DEVICE');
  for (const device of ['cpu', 'auto'] as const) await train(data, { model: 'mf', epochs: 1, device });
});

test('a validation set of other vocabularies is refused, one of equal vocabularies is not', async () => {
  const other = dataset(rows.map((row) => ({ ...row, item: row.item + 1 })));
  const error = await rejection({ model: 'mf', validation: other });
  assert.instance(error, TypeError);
  assert.match(error.message, /`validation` to be a Dataset with the vocabularies of the training data/);
  const model = await train(data, { model: 'mf', epochs: 1, validation: dataset(rows) });
  assert.ok((model.metrics.validLoss as number) > 0);
});

test('an empty training or validation part is refused', async () => {
  for (const model of ['popularity', 'mf', 'fm']) {
    const error = await rejection({ model, range: undefined }, data.subset(new Uint32Array(0)));
    assert.instance(error, DataError);
    assert.match(error.message, /training part has no interactions/);
  }
  const error = await rejection({ model: 'mf', validation: data.subset(new Uint32Array(0)) });
  assert.instance(error, DataError);
  assert.match(error.message, /validation part has no interactions/);
});

test('ratings that are all equal are refused, unless a range says what others there could be', async () => {
  const flat = dataset(rows.map((row) => ({ ...row, rating: 4 })));
  for (const model of ['mf', 'fm'] as const) {
    const error = await rejection({ model }, flat);
    assert.instance(error, DataError);
    assert.match(error.message, /All 500 ratings are 4; .*'popularity', or give `range`/);
  }
  await train(flat, { model: 'mf', epochs: 1, range: { min: 1, max: 5 } });
});

test('an option that is undefined counts as left out', async () => {
  const model = await train(data, { model: 'mf', epochs: 1, dim: undefined, fields: undefined, signal: undefined });
  assert.is(model.options.dim, mf.defaults?.dim);
});

test('resolved options: the defaults of the model, then of objective and optimizer, then what was given', async () => {
  const resolved = async (options: TrainOptions) => (await train(data, { epochs: 1, ...options })).options;
  const plain = await resolved({ model: 'mf', seed: 3 });
  assert.equal(plain, {
    ...Object.fromEntries(Object.entries(mf.defaults as object).filter(([key]) => key !== 'chosenAtSteps')),
    model: 'mf',
    epochs: 1,
    clipNorm: 0,
    range: { min: 0.5, max: 5 },
    seed: 3,
  });
  const variant = (spec: typeof mf, objective: string, optimizer?: string, weightDecay?: string) =>
    spec.variants.find((v) => v.objective === objective && v.optimizer === optimizer && v.weightDecay === weightDecay)
      ?.defaults;
  const keys = ['dim', 'learningRate', 'batchSize', 'regularization', 'schedule', 'weightDecay'] as const;
  for (const [spec, name] of [
    [mf, 'mf'],
    [fm, 'fm'],
  ] as const) {
    const expect = async (options: Omit<TrainOptions, 'model'>, ...layers: (object | undefined)[]): Promise<void> => {
      const actual = await resolved({ model: name, ...options });
      const expected = Object.assign({}, spec.defaults, ...layers);
      for (const key of keys) assert.equal(actual[key], expected[key], `${name} ${JSON.stringify(options)} ${key}`);
    };
    const logistic = variant(spec, 'logistic');
    await expect({ objective: 'logistic' }, logistic, variant(spec, 'logistic', 'adam'));
    await expect({ objective: 'logistic', optimizer: 'adagrad' }, logistic);
    await expect(
      { objective: 'logistic', weightDecay: 'coupled' },
      logistic,
      variant(spec, 'logistic', 'adam'),
      variant(spec, 'logistic', 'adam', 'coupled'),
      { weightDecay: 'coupled' },
    );
    await expect({ optimizer: 'adam' }, variant(spec, 'squared', 'adam'));
    const both = await resolved({ model: name, objective: 'logistic' });
    assert.equal([both.optimizer, both.link], ['adam', 'sigmoid']);
  }
  const implicit = mf.variants.find((v) => v.implicitTerm && v.objective === 'squared')?.defaults as FactorOptions;
  const withTerm = await resolved({ model: 'mf', implicitTerm: true, regularization: { feature: 3 } });
  assert.equal([withTerm.dim, withTerm.learningRate], [implicit.dim, implicit.learningRate]);
  assert.equal(withTerm.regularization, { ...implicit.regularization, feature: 3 });
  const logisticTerm = await resolved({ model: 'mf', implicitTerm: true, objective: 'logistic' });
  assert.equal([logisticTerm.optimizer, logisticTerm.batchSize, logisticTerm.link], ['sgd', 1, 'sigmoid']);
  const partial = await resolved({ model: 'mf', regularization: { item: 9 } });
  assert.equal(partial.regularization, { ...mf.defaults?.regularization, item: 9 });
  const all = await resolved({ model: 'mf', regularization: 0.5 });
  assert.equal(all.regularization, { user: 0.5, item: 0.5, bias: 0.5, feature: 0.5 });
});

test("Adam's defaults follow the steps of an epoch: shorter steps, the same decay an epoch", async () => {
  const large = dataset(ratings({ users: 300, items: 90, size: 9000 }));
  const at = async (options: object) => {
    const model = await train(large, { model: 'mf', optimizer: 'adam', epochs: 1, dim: 1, ...options });
    const { learningRate, regularization } = model.options as unknown as FactorOptions;
    return { learningRate, shrink: learningRate * regularization.item };
  };
  const { learningRate, shrink } = await at({ batchSize: 1024 });
  assert.is(learningRate, 0.01);
  assert.is(shrink, 0.02);
  const steps = Math.ceil(large.numInteractions / 16) / 79;
  const small = await at({ batchSize: 16 });
  assertClose(small.learningRate, 0.01 * steps ** -0.4, { relative: 1e-12, absolute: 0 }, 'learning rate');
  assertClose(small.shrink * steps, 0.02, { relative: 1e-12, absolute: 0 }, 'decay');
  const given = await at({ batchSize: 16, learningRate: 0.5 });
  assert.is(given.learningRate, 0.5);
  assertClose(given.shrink * steps, 0.02, { relative: 1e-12, absolute: 0 }, 'decay at a given rate');
  assert.is((await at({ batchSize: 16, regularization: 0.3 })).shrink, small.learningRate * 0.3);
});

test('fm: unknown fields are refused, none at all are allowed', async () => {
  const described = dataset(rows, metadata());
  assert.match((await rejection({ model: 'fm', fields: ['genre'] }, described)).message, /genre/);
  const model = await train(described, { model: 'fm', epochs: 1, fields: [] });
  assert.equal(factorsOf(model).fields, []);
});

test.run();
