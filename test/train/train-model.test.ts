import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFields } from '../../src/dataset/features.js';
import type { TrainerConfig } from '../../src/native/binding.js';
import { layOutFeatures } from '../../src/train/feature-lists.js';
import { train } from '../../src/train/train.js';
import type { TrainOptions } from '../../src/types.js';
import { factorsOf } from '../support/factors-of.js';
import { newTrainer, readRaw, runEpochs } from '../support/train-problems.js';
import { dataset, metadata, ratings } from './fixtures.js';

const data = dataset(ratings(), metadata());

test('a model has the same bytes for any number of threads, and the same seed; another seed has others', async () => {
  const large = dataset(ratings({ users: 400, items: 200, size: 4000 }), metadata({ users: 400, items: 200 }));
  const folder = await mkdtemp(path.join(tmpdir(), 'palate-train-'));
  const hashOf = async (options: TrainOptions): Promise<string> => {
    const file = path.join(folder, 'model.palate');
    await (await train(large, { epochs: 2, ...options })).save(file);
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  };
  try {
    const kinds = [
      { model: 'mf' },
      { model: 'mf', objective: 'logistic' },
      { model: 'mf', optimizer: 'adam', batchSize: 'full' },
      { model: 'fm' },
      { model: 'fm', optimizer: 'adam' },
      { model: 'popularity', epochs: undefined },
    ] as const;
    for (const options of kinds) {
      const expected = await hashOf({ ...options, threads: 1 });
      for (const threads of [1, 2, 5]) {
        assert.is(await hashOf({ ...options, threads }), expected, `${JSON.stringify(options)}, ${threads} threads`);
      }
      assert.is.not(await hashOf({ ...options, seed: 43 }), expected, 'another seed');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Every option at a value of its own, so that none can stand in for another. */
const options = {
  dim: 9,
  epochs: 3,
  learningRate: 0.03,
  regularization: { user: 0.011, item: 0.012, bias: 0.013, feature: 0.014 },
  regularizationPower: 0.75,
  schedule: { type: 'exponential', factor: 0.5 },
  range: { min: 0, max: 6 },
  biasLearningRate: 0.6,
  initStd: 0.07,
  betas: [0.8, 0.95],
  epsilon: 1e-4,
  seed: 11,
  threads: 2,
} as const;
const [min, max] = [0, 6];
const mean = data.interactions.values.reduce((sum, value) => sum + value, 0) / data.numInteractions;
const share = (mean - min) / (max - min);

/** What native should be asked for. */
const expectedConfig: Omit<TrainerConfig, 'optimizer' | 'batchSize' | 'decoupled' | 'clipNorm' | 'objective' | 'link'> =
  {
    numUsers: 30,
    numItems: 40,
    numFeatures: 0,
    dim: 9,
    offsets: data.interactions.offsets,
    items: data.interactions.items,
    values: data.interactions.values,
    validUsers: new Uint32Array(0),
    validItems: new Uint32Array(0),
    validValues: new Float32Array(0),
    userFeatureOffsets: new Uint32Array(0),
    userFeatures: new Uint32Array(0),
    userFeatureWeights: new Float32Array(0),
    itemFeatureOffsets: new Uint32Array(0),
    itemFeatures: new Uint32Array(0),
    itemFeatureWeights: new Float32Array(0),
    implicitTerm: false,
    withinSide: false,
    rangeMin: min,
    rangeMax: max,
    globalBias: Math.log(share / (1 - share)),
    trainGlobalBias: false,
    biases: true,
    biasLearningRate: 0.6,
    featureLearningRate: 1,
    initStd: 0.07,
    beta1: 0.8,
    beta2: 0.95,
    epsilon: 1e-4,
    regularizationUser: 0.011,
    regularizationItem: 0.012,
    regularizationBias: 0.013,
    regularizationFeature: 0.014,
    regularizationPower: 0.75,
    lazy: false,
    seed: 11,
    threads: 2,
  };

/** The parameters after three epochs of the rates that the schedule gives. */
async function nativeRun(config: TrainerConfig) {
  const trainer = newTrainer(config);
  await runEpochs(trainer, [0.03, 0.015, 0.0075]);
  return readRaw(trainer, config);
}

const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

for (const { name, given, config } of [
  {
    name: 'row-wise sgd',
    given: { optimizer: 'sgd', batchSize: 1 },
    config: { objective: 'squared', link: 'sigmoid', optimizer: 'sgd', batchSize: 1, decoupled: false, clipNorm: 0 },
  },
  {
    name: 'clipped adam in batches, decoupled decay, identity',
    given: { optimizer: 'adam', batchSize: 50, clipNorm: 0.2, weightDecay: 'decoupled', lazy: false, link: 'identity' },
    config: {
      objective: 'squared',
      link: 'identity',
      optimizer: 'adam',
      batchSize: 50,
      decoupled: true,
      clipNorm: 0.2,
      globalBias: mean,
    },
  },
  {
    name: 'lazy adam, coupled decay',
    given: { optimizer: 'adam', batchSize: 8, weightDecay: 'coupled', lazy: true },
    config: {
      objective: 'squared',
      link: 'sigmoid',
      optimizer: 'adam',
      batchSize: 8,
      decoupled: false,
      lazy: true,
      clipNorm: 0,
    },
  },
  {
    name: 'logistic adagrad, full batch, without biases',
    given: { objective: 'logistic', optimizer: 'adagrad', batchSize: 'full', biases: false },
    config: {
      objective: 'logistic',
      link: 'sigmoid',
      optimizer: 'adagrad',
      batchSize: 0,
      decoupled: false,
      clipNorm: 0,
      biases: false,
      globalBias: 0,
    },
  },
] as const) {
  test(`the options arrive at the native trainer, each in its place: mf, ${name}`, async () => {
    const p = factorsOf(await train(data, { model: 'mf', ...options, betas: [0.8, 0.95], ...given }));
    const raw = await nativeRun({ ...expectedConfig, ...config });
    for (const key of ['userFactors', 'itemFactors', 'userBiases', 'itemBiases'] as const) {
      assert.equal(p[key], raw[key], key);
    }
    assert.ok(close(p.globalBias, raw.globalBias));
    assert.equal([p.kind, p.dim, p.link, p.range, p.fields], ['factors', 9, config.link, { min, max }, []]);
  });

  test(`the options arrive at the native trainer, each in its place: fm, ${name}`, async () => {
    const more = { featureLearningRate: 0.3, fields: ['year', 'genres', 'sex'] } as const;
    const p = factorsOf(await train(data, { model: 'fm', ...options, betas: [0.8, 0.95], ...more, ...given }));
    const fields = buildFields(data, more.fields);
    const { numFeatures, users, items } = layOutFeatures(fields, 30, 40);
    const raw = await nativeRun({
      ...expectedConfig,
      ...config,
      numFeatures,
      userFeatureOffsets: users.offsets,
      userFeatures: users.features,
      userFeatureWeights: users.weights,
      itemFeatureOffsets: items.offsets,
      itemFeatures: items.features,
      itemFeatureWeights: items.weights,
      implicitTerm: false,
      withinSide: true,
      trainGlobalBias: !('biases' in given),
      featureLearningRate: 0.3,
    });
    for (const key of ['userFactors', 'itemFactors', 'userBiases', 'itemBiases'] as const) {
      assert.equal(p[key], raw[key], key);
    }
    assert.ok(close(p.globalBias, raw.globalBias));
    assert.equal(
      p.fields.map(({ name: field, side }) => `${side}.${field}`),
      ['item.year', 'item.genres', 'user.sex'],
    );
    assert.equal(Float32Array.from(p.fields.flatMap(({ factors }) => [...factors])), raw.featureFactors);
    assert.equal(Float32Array.from(p.fields.flatMap(({ biases }) => [...biases])), raw.featureBiases);
  });
}

test('the intercept starts inside a range that the mean touches', async () => {
  const top = dataset(ratings().map((row, n) => ({ ...row, rating: n === 0 ? 4.9 : 5 })));
  const range = { min: 1, max: 5 };
  const parameters = factorsOf(await train(top, { model: 'mf', epochs: 1, range }));
  assert.ok(close(parameters.globalBias, Math.log(0.99 / 0.01)), `${parameters.globalBias}`);
});

test('trainings at the same time do not disturb each other, nor the data', async () => {
  const { items, values, offsets } = data.interactions;
  const copies = [items.slice(), values.slice(), offsets.slice()];
  const jobs = [{ model: 'mf' }, { model: 'fm' }, { model: 'mf', optimizer: 'adam' }] as const;
  const fit = async (job: TrainOptions) => factorsOf(await train(data, { epochs: 5, ...job })).userFactors;
  const alone: Float32Array[] = [];
  for (const job of jobs) alone.push(await fit(job));
  assert.equal(await Promise.all(jobs.map(fit)), alone);
  assert.equal([items, values, offsets], copies);
});

test('fm scores items and users without ratings from their metadata; mf gives them the mean', async () => {
  const rows = ratings({ items: 36 });
  const cold = dataset(rows, { ...metadata({ users: 31 }), includeUnrated: true });
  assert.equal([cold.numUsers, cold.numItems], [31, 40]);
  const users = Uint32Array.from([0, 1, 2, 30, 30]);
  const items = Uint32Array.from([36, 36, 37, 0, 36]);
  const mf = await train(cold, { model: 'mf', epochs: 5 });
  const fm = await train(cold, { model: 'fm', epochs: 5 });
  const { userFactors, itemBiases } = factorsOf(fm);
  assert.ok(userFactors.subarray(30 * 32).every((x) => x === 0) && itemBiases[36] === 0, 'no row of their own');
  assert.ok(fm.predictIndices(users, items).every((x) => Number.isFinite(x)));
  const scores = (model: typeof mf) =>
    Array.from(model.predictIndices(Uint32Array.of(0, 0, 0, 0), items.subarray(0, 4)));
  assert.is(new Set(scores(mf).slice(0, 3)).size, 1, 'mf knows nothing of items 36 and 37');
  assert.is(new Set(scores(fm).slice(1, 3)).size, 2, 'fm tells them apart');
});

test.run();
