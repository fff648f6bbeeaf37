// What every model must do: see support/conformance.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ModelName, type TrainOptions, train } from '../../src/index.js';
import { assertLearns, assertRepeats, data, removeFiles } from '../support/conformance.js';

/** Settings of each model that train within a second or two here; `options` beside the model's name. */
const settings: Record<ModelName, Record<string, Omit<TrainOptions, 'model'>>> = {
  popularity: { '': {} },
  mf: {
    '': {},
    adagrad: { optimizer: 'adagrad' },
    adam: { optimizer: 'adam', epochs: 25 },
    'identity link': { link: 'identity', learningRate: 0.01 },
    'full batch': { optimizer: 'adam', batchSize: 'full', epochs: 200, learningRate: 0.02 },
    logistic: { objective: 'logistic', epochs: 12, schedule: { type: 'constant' } },
    'implicit term': { implicitTerm: true, dim: 24 },
    'implicit term, logistic': { implicitTerm: true, objective: 'logistic', dim: 24 },
    bpr: { objective: 'bpr', positiveThreshold: 3.5, epochs: 60 },
    'bpr, adagrad': {
      objective: 'bpr',
      positiveThreshold: 3.5,
      optimizer: 'adagrad',
      negativePower: 0.5,
      negatives: 2,
    },
  },
  bayesianFm: {
    '': { epochs: 40, servingDim: 256 },
    'ids alone': { epochs: 40, servingDim: 256, fields: [], implicitBlocks: false },
    'time slots': { epochs: 40, timeSlots: true, dim: 5 },
    ordinal: { epochs: 40, servingDim: 256, link: 'ordinal' },
  },
  coLikes: {
    '': { dim: 24 },
    'counts, momentum': { dim: 24, weighting: 'count', optimizer: 'sgd', learningRate: 2e-7, epochs: 40 },
    glove: { dim: 24, weighting: 'glove' },
    full: { dim: 'full', epochs: 30, weighting: 'count', learningRate: 0.1 },
  },
  itemKnn: {
    '': {},
    jaccard: { similarity: 'jaccard', neighbors: 'all' },
    'bm25, normalized': { weighting: 'bm25', normalize: true },
    'ratings, asymmetric': { ratingWeights: true, asymmetry: 0.4, weighting: 'tfIdf' },
  },
  ease: {
    '': {},
    neighbourhoods: { neighborhood: 30, minCorrelation: 0.01 },
    'ratings, dense': { ratingWeights: true, neighbors: 'all', regularization: 1000 },
  },
  slim: { '': {}, ratings: { ratingWeights: true, l1Regularization: 10 } },
  fm: {
    '': {},
    adam: { optimizer: 'adam' },
    logistic: { objective: 'logistic', epochs: 12, schedule: { type: 'constant' } },
  },
  ials: {
    '': {},
    exact: { dim: 24, blockSize: 'full', epochs: 8 },
    'conjugate gradients': { dim: 24, solver: 'cg', epochs: 8 },
    'likes by rating': { dim: 24, positiveThreshold: 3, ratingWeight: 0.5 },
  },
  itemSoftmax: {
    'negative sampling': { objective: 'negativeSampling' },
    'sampled softmax': { objective: 'sampledSoftmax', negatives: 20 },
    'skip-gram': { objective: 'negativeSampling', pairs: 'window', window: 8 },
    'unseen negatives': { objective: 'negativeSampling', rejectSeen: true },
    '': {},
    notebook: { batchSize: 16, tables: 1, hidden: 16, layerNorm: true, dropout: 0.05, itemBiases: false, clipNorm: 5 },
    pairs: { mode: 'pairs', epochs: 2, batchSize: 512, validPairs: 0 },
  },
};

test.after(removeFiles);

const cases = Object.entries(settings).flatMap(([model, ways]) =>
  Object.entries(ways).map(([way, options]) => ({
    name: `${model} ${way}`.trim(),
    options: { model: model as ModelName, ...options },
  })),
);

for (const { name, options } of cases) {
  test(`${name}: learns, recommends what was not seen, and survives its file`, () => assertLearns(name, options));
  test(`${name}: the same seed gives the same bytes with 1 and 2 threads`, () => assertRepeats(name, options));
}

test('fm scores films that nobody has rated by their genres and years, better than by the user alone', async () => {
  const cold = new Set(Array.from({ length: data.numItems }, (_, item) => item).filter((item) => item % 9 === 4));
  const mask = Uint8Array.from(data.interactions.items, (item) => (cold.has(item) ? 0 : 1));
  const model = await train(data.subset(mask), { model: 'fm', seed: 1 });
  const rated = data.subset(mask.map((kept) => 1 - kept)).interactions;
  const rmse = (predictions: Float32Array): number =>
    Math.sqrt(predictions.reduce((sum, p, n) => sum + (p - (rated.values[n] as number)) ** 2, 0) / rated.size);
  const byFeatures = rmse(model.predictIndices(rated.users, rated.items));
  const byUser = rmse(model.predictIndices(rated.users, new Uint32Array(rated.size).fill(0xffffffff)));
  assert.ok(byFeatures < byUser - 0.03, `RMSE ${byFeatures} by features, ${byUser} by the user alone`);
});

test.run();
