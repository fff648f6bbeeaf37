// What every model must do, on data whose answer is known: the sample's people have stated tastes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DataError,
  Dataset,
  evaluate,
  type Id,
  loadModel,
  type Model,
  type ModelName,
  sampleItems,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import { models } from '../../src/models/index.js';

const data = Dataset.fromTable(sampleRatings({ users: 250 }), { items: sampleItems(), includeUnrated: true });
const { train: known, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: 7 });

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

const folder = mkdtempSync(path.join(tmpdir(), 'palate-conformance-'));
test.after(() => rmSync(folder, { recursive: true }));

/** RMSE of the mean rating on the validation part. */
function rmseOfMean(): number {
  const mean = known.interactions.meanValue();
  const squares = valid.interactions.values.reduce((sum, rating) => sum + (rating - mean) ** 2, 0);
  return Math.sqrt(squares / valid.numInteractions);
}

async function bytesOf(model: Model, name: string): Promise<Buffer> {
  const file = path.join(folder, `${name.replaceAll(' ', '-')}.palate`);
  await model.save(file);
  return readFileSync(file);
}

async function assertRates(model: Model, user: Id): Promise<void> {
  const rmse = model.history.at(-1)?.valid?.rmse as number;
  assert.ok(rmse < rmseOfMean() - 0.08, `validation RMSE ${rmse}, of the mean ${rmseOfMean()}`);
  const { metrics } = await evaluate(model, valid, { metrics: ['rmse'] });
  assert.ok(Math.abs((metrics.rmse as number) - rmse) < 1e-4, `evaluate says ${metrics.rmse}, training said ${rmse}`);
  const scores = model.predict({ users: [user, user, 'nobody'], items: [1, 'nothing', 1] });
  const { min, max } = known.ratingRange;
  assert.ok([...scores].every((score) => score >= min && score <= max));
}

/** Ranks better than chance, whose recall@10 is at most 10 of the items that are left to a user. */
async function assertRanks(model: Model): Promise<void> {
  const { metrics } = await evaluate(model, valid, { k: 10 });
  const left = known.numItems - Math.max(...known.interactions.userCounts());
  assert.ok((metrics['recall@10'] as number) > 10 / left, `recall@10 ${metrics['recall@10']}`);
  assert.is(metrics.rmse, undefined);
}

/** Users given by histories are the same one by one and together. */
function assertHistories(model: Model): void {
  const histories = [
    [{ item: 1, rating: 5 }, { item: 7, rating: 1 }, { item: 30 }],
    known.items.ids(known.interactions.itemsOf(3)).map((item, n) => ({
      item,
      rating: known.interactions.valuesOf(3)[n] as number,
    })),
    [{ item: 12, rating: 4 }],
  ];
  const together = model.recommend({ histories, k: 6 });
  for (const [n, history] of histories.entries()) {
    assert.equal(together.rowsOf(n), model.recommend({ history, k: 6 }).rows());
    const own = new Set(history.map(({ item }) => item));
    assert.ok(together.rowsOf(n).every(({ itemId }) => !own.has(itemId as number)));
  }
}

const cases = Object.entries(settings).flatMap(([model, ways]) =>
  Object.entries(ways).map(([way, options]) => ({
    name: `${model} ${way}`.trim(),
    options: { model: model as ModelName, ...options },
  })),
);

for (const { name, options } of cases) {
  const spec = models[options.model];
  const learns = options.model !== 'popularity';
  const inEpochs = spec.trainer === 'factors' || 'learningRate' in spec.options;

  test(`${name}: learns, recommends what was not seen, and survives its file`, async () => {
    const model = await train(known, { ...options, validation: valid, seed: 3, threads: 1 });
    const user = known.users.id(17);
    const seen = new Set(known.items.ids(known.interactions.itemsOf(17)));
    const top = model.recommend({ users: [user], k: 12 });
    assert.is(top.length, 12);
    assert.ok(top.rows().every((row) => !seen.has(row.itemId) && row.title !== undefined));
    assert.ok(
      [...top.scores].every(
        (score, n) => Number.isFinite(score) && (n === 0 || score <= (top.scores[n - 1] as number)),
      ),
    );
    assert.is(model.recommend({ users: [user], k: 10_000 }).length, known.numItems - seen.size);
    const liked = model.recommend({ history: [{ item: 1, rating: 5 }], k: 4 }).rows();
    assert.is(liked.length, 4);
    const byTitle = model.recommend({ titles: [model.title(1) as string], k: known.numItems }).rows();
    assert.is(byTitle.length, known.numItems - 1);
    assert.ok(
      byTitle.every(({ itemId }) => itemId !== 1),
      'the titles themselves are left out',
    );
    assert.throws(
      () => model.recommend({ users: ['nobody'] }),
      (error: unknown) => error instanceof DataError,
    );
    const scores = model.predict({ users: [user, user, 'nobody'], items: [1, 'nothing', 1] });
    assert.ok([...scores].every(Number.isFinite));
    if (spec.predictsRatings) await assertRates(model, user);
    else await assertRanks(model);
    if (learns) {
      assert.is(model.similarItems({ items: [1], k: 5 }).length, 5);
    }
    if (inEpochs) {
      const losses = model.history.map(({ train: { loss } }) => loss);
      assert.ok((losses.at(-1) as number) < (losses[0] as number), `losses ${losses[0]} ... ${losses.at(-1)}`);
    }
    const bytes = await bytesOf(model, name);
    const again = await loadModel(path.join(folder, `${name.replaceAll(' ', '-')}.palate`));
    assert.equal(again.recommend({ users: [user], k: 12 }).rows(), top.rows());
    assert.equal(again.info(), model.info());
    assertHistories(model);
    assert.ok((await bytesOf(again, `${name} again`)).equals(bytes), 'a loaded model saves the same bytes');
  });

  test(`${name}: the same seed gives the same bytes with 1 and 2 threads`, async () => {
    const short = { ...options, ...(inEpochs && { epochs: 2 }) };
    const one = await bytesOf(await train(known, { ...short, seed: 5, threads: 1 }), `${name} one`);
    const two = await bytesOf(await train(known, { ...short, seed: 5, threads: 2 }), `${name} two`);
    assert.ok(one.equals(two));
    if (!inEpochs) return; // nothing is drawn at random
    const other = await bytesOf(await train(known, { ...short, seed: 6, threads: 2 }), `${name} other`);
    assert.not(one.equals(other), 'another seed gives another model');
  });
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
