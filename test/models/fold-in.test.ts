// A user folded in from his own training ratings is about the user that training made of them, however it was trained.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dataset,
  evaluate,
  Model,
  sampleItems,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import { foldInAll } from '../../src/recommend/fold-in.js';
import type { FactorModelData } from '../../src/types.js';

const data = Dataset.fromTable(sampleRatings({ users: 250 }), { items: sampleItems() });
const { train: known, valid } = splitRandom(data, { fractions: { train: 0.8, valid: 0.2 }, seed: 7 });

/** The model with every user folded in from what he rated. */
function folded({ data, seen, items }: Model): Model {
  const model = data as FactorModelData;
  const histories = Array.from({ length: seen.numUsers }, (_, user) =>
    Array.from(seen.itemsOf(user), (item, n) => ({ item: items.id(item), rating: seen.valuesOf(user)[n] as number })),
  );
  const { factors, biases } = foldInAll(model, histories, 'solve');
  return new Model({ ...model, parameters: { ...model.parameters, userFactors: factors, userBiases: biases } });
}

const ways: Record<string, TrainOptions> = {
  mf: { model: 'mf' },
  'mf, identity': { model: 'mf', link: 'identity', learningRate: 0.01 },
  'mf, adagrad': { model: 'mf', optimizer: 'adagrad' },
  'mf, adam': { model: 'mf', optimizer: 'adam' },
  'mf, adam, coupled': { model: 'mf', optimizer: 'adam', weightDecay: 'coupled' },
  'mf, logistic': { model: 'mf', objective: 'logistic', epochs: 12, schedule: { type: 'constant' } },
  fm: { model: 'fm' },
  'fm, adam': { model: 'fm', optimizer: 'adam' },
};

for (const [name, options] of Object.entries(ways)) {
  test(`${name}: folded users rate as well as known ones`, async () => {
    const model = await train(known, { ...options, seed: 3, threads: 1 });
    const rmse = async (which: Model): Promise<number> =>
      (await evaluate(which, valid, { metrics: ['rmse'] })).metrics.rmse as number;
    const [own, other] = [await rmse(model), await rmse(folded(model))];
    assert.ok(other < own + 0.015, `RMSE ${other} folded in, ${own} as trained`);
  });
}

test.run();
