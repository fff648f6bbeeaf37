// What every model must do with more ratings: those of known and new users and items.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dataset,
  type EpochReport,
  evaluate,
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
import { parts } from '../support/update-parts.js';

const whole = Dataset.fromTable(sampleRatings({ users: 250 }), { items: sampleItems() });
const { train: known, valid } = splitRandom(whole, { fractions: { train: 0.9, valid: 0.1 }, seed: 7 });
const { base, added } = parts(known);
const all = base.extend(added);

/** Ways whose updates differ, each with short trainings. */
const settings: Record<ModelName, Record<string, Omit<TrainOptions, 'model'>>> = {
  popularity: { '': {} },
  itemKnn: { '': {}, 'bm25, ratings': { weighting: 'bm25', ratingWeights: true } },
  ease: { '': {}, dense: { neighbors: 'all', ratingWeights: true } },
  slim: { '': {} },
  bayesianFm: { '': { epochs: 20 }, 'time slots': { epochs: 20, timeSlots: true } },
  ials: {
    '': {},
    'conjugate gradients': { solver: 'cg', dim: 24 },
    'by rating': { positiveThreshold: 3, ratingWeight: 0.5 },
  },
  mf: {
    '': {},
    adam: { optimizer: 'adam' },
    identity: { link: 'identity', learningRate: 0.01 },
    logistic: { objective: 'logistic' },
  },
  fm: { '': {}, adam: { optimizer: 'adam' } },
  itemSoftmax: {
    '': {},
    network: { hidden: 16, layerNorm: true, tables: 1, itemBiases: false },
    'negative sampling': { objective: 'negativeSampling' },
  },
  coLikes: {
    '': { dim: 24 },
    glove: { dim: 24, weighting: 'glove' },
    full: { dim: 'full', epochs: 30, learningRate: 0.1 },
  },
};

const folder = mkdtempSync(path.join(tmpdir(), 'palate-update-'));
test.after(() => rmSync(folder, { recursive: true }));

let files = 0;
async function bytesOf(model: Model): Promise<Buffer> {
  const file = path.join(folder, `${files++}.palate`);
  await model.save(file);
  return readFileSync(file);
}

/** Less is better: the error of ratings, or what a ranking lacks. */
async function lossOf(model: Model): Promise<number> {
  const rates = models[model.name].predictsRatings && model.options.objective !== 'logistic';
  const { metrics } = await evaluate(model, valid, { k: 10, metrics: [rates ? 'rmse' : 'ndcg'] });
  return rates ? (metrics.rmse as number) : 1 - (metrics['ndcg@10'] as number);
}

const cases = Object.entries(settings).flatMap(([model, ways]) =>
  Object.entries(ways).map(([way, options]) => ({
    name: `${model} ${way}`.trim(),
    options: { model: model as ModelName, seed: 3, threads: 1, ...options },
  })),
);

for (const { name, options } of cases) {
  const spec = models[options.model];
  const retrains = spec.update === 'retrain';

  test(`${name}: learns more ratings, new users and new items`, async () => {
    const old = await train(base, options);
    const before = await bytesOf(old);
    const reports: EpochReport[] = [];
    const model = await old.update(added, { threads: 1, onEpoch: (report) => reports.push(report) });
    assert.ok((await bytesOf(old)).equals(before), 'the old model is as it was');
    assert.ok(model.users.equals(all.users) && model.items.equals(all.items));
    assert.equal(model.seen, all.interactions);
    for (let u = 0; u < base.numUsers; u++) assert.is(model.users.id(u), old.users.id(u));
    const user = model.users.id(base.numUsers);
    const top = model.recommend({ users: [user], k: 10 });
    assert.is(top.length, 10);
    assert.ok([...top.scores].every(Number.isFinite));
    assert.ok(
      top
        .rows()
        .every(
          ({ itemId, title }) =>
            !all.interactions.itemsOf(base.numUsers).includes(model.items.index(itemId)) && title !== undefined,
        ),
    );
    const retrained = await train(all, options);
    if (retrains) assert.equal(model.data, retrained.data, 'the same as a training on all ratings');
    else {
      assert.equal(
        reports.map(({ epoch }) => epoch),
        Array.from(reports.keys(), (n) => n + 1),
      );
      assert.ok(reports.length > 0 && reports.length <= retrained.history.length / 2);
      assert.equal(
        model.history.map(({ epoch }) => epoch),
        Array.from({ length: old.history.length + reports.length }, (_, n) => n + 1),
      );
      assert.equal({ ...model.options, range: 0 }, { ...old.options, range: 0 });
    }
    if (spec.name === 'popularity') return;
    const [stale, updated, best] = [await lossOf(old), await lossOf(model), await lossOf(retrained)];
    assert.ok(updated < stale - 0.4 * (stale - best), `loss ${updated}; before ${stale}, retrained ${best}`);
    assert.ok(updated <= best + Math.max(0.015, 0.03 * best), `loss ${updated}, retrained ${best}`);
  });

  test(`${name}: the same bytes with one thread and two, and from a file`, async () => {
    const old = await train(base, { ...options, ...('epochs' in spec && {}), seed: 5 });
    const one = await bytesOf(await old.update(added, { threads: 1, seed: 8 }));
    assert.ok(one.equals(await bytesOf(await old.update(added, { threads: 2, seed: 8 }))), 'threads');
    const file = path.join(folder, 'again.palate');
    await old.save(file);
    const loaded = await (await loadModel(file)).update(added, { threads: 2, seed: 8 });
    assert.ok(one.equals(await bytesOf(loaded)), 'from a file');
    await loaded.save(file);
    const again = await loadModel(file);
    assert.is(again.users.index(model250(again)), again.users.size - 1);
    assert.ok((await bytesOf(again)).equals(one), 'an updated model survives its file');
  });
}

/** The id at the last index, which need not be the greatest. */
const model250 = (model: Model) => model.users.id(model.users.size - 1);

test.run();
