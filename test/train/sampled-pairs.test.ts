import { makeTable } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import {
  DataError,
  Dataset,
  DivergedError,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import { historiesOf, keepItems } from '../../src/train/pair-histories.js';
import type { ItemVectorParameters } from '../../src/types.js';

const data = Dataset.fromTable(sampleRatings({ users: 120 }));
const options = { model: 'itemSoftmax', objective: 'negativeSampling', epochs: 3, dim: 8, seed: 1 } as const;

/** Forty users of each of two tribes, whose tastes have no film in common. */
function tribes(): Dataset {
  const random = new Random(5);
  const rows = Array.from({ length: 80 }, (_, user) =>
    Array.from(new Set(Array.from({ length: 12 }, () => random.below(20))), (film) => ({
      user,
      film: film + 20 * (user % 2),
    })),
  ).flat();
  return Dataset.fromTable(
    makeTable({ userId: Int32Array.from(rows, (r) => r.user), itemId: Int32Array.from(rows, (r) => r.film) }),
  );
}

for (const chosen of [{}, { objective: 'sampledSoftmax' }, { objective: 'sampledSoftmax', logQ: false }] as const) {
  test(`${JSON.stringify(chosen)}: films of one tribe are alike, those of the other are not`, async () => {
    const model = await train(tribes(), { ...options, ...chosen, epochs: 60 });
    for (const item of [0, 7, 20, 33]) {
      const items = model.similarItems({ items: [item], k: 10 }).rows();
      const own = items.filter((row) => Number(row.itemId) < 20 === item < 20).length;
      assert.ok(own >= 9, `${own} of the 10 nearest to ${item} are of its tribe`);
    }
  });
}

test('the model has two tables and its options; what was not given is not there', async () => {
  const model = await train(data, options);
  const { parameters } = model.data;
  assert.is(parameters.kind, 'itemVectors');
  if (parameters.kind !== 'itemVectors') return;
  assert.is(parameters.itemFactors.length, data.numItems * 8);
  assert.is(parameters.contextFactors?.length, data.numItems * 8);
  assert.ok(parameters.contextFactors?.some((x) => x !== 0));
  assert.is(model.options.pairsPerItem, 6);
  assert.not('window' in model.options);
  assert.not('logQ' in model.options);
});

test('defaults follow the pairs and the objective', async () => {
  const window = await train(data, { ...options, pairs: 'window', epochs: 1 });
  assert.is(window.options.window, 5);
  assert.not('pairsPerItem' in window.options);
  const softmax = await train(data, { ...options, objective: 'sampledSoftmax', epochs: 1 });
  assert.is(softmax.options.logQ, true);
});

const meaningless: [Partial<TrainOptions>, RegExp][] = [
  [{ pairs: 'all', window: 3 }, /`pairs` to be 'window' with `window`, received "all"/],
  [{ pairs: 'window', pairsPerItem: 3 }, /`pairs` to be 'all' with `pairsPerItem`, received "window"/],
  [{ logQ: true }, /`objective` to be 'sampledSoftmax' with `logQ`, received "negativeSampling"/],
  [{ regularization: 1 }, /`regularization`/],
];

for (const [given, message] of meaningless) {
  test(`refused: ${JSON.stringify(given)}`, async () => {
    const error = await train(data, { ...options, ...given } as TrainOptions).catch((caught: unknown) => caught);
    assert.instance(error, TypeError);
    assert.match((error as Error).message, message);
  });
}

test('popular items are thinned out: other vectors; too far, and nothing is left', async () => {
  const vectorsAt = async (subsample: number): Promise<Float32Array> => {
    const model = await train(data, { ...options, subsample });
    return (model.data.parameters as ItemVectorParameters).itemFactors;
  };
  assert.equal(await vectorsAt(1), await vectorsAt(0));
  assert.not.equal(await vectorsAt(0.001), await vectorsAt(0));
  const error = await train(data, { ...options, subsample: 1e-12 }).catch((caught: unknown) => caught);
  assert.instance(error, DataError);
  assert.match((error as Error).message, /`subsample` 1e-12 leaves no pairs to learn from; choose a larger one/);
});

test('data without pairs or, for a window, without times is refused', async () => {
  const lonely = Dataset.fromTable(makeTable({ userId: Int32Array.of(1, 2, 3), itemId: Int32Array.of(1, 1, 2) }));
  const refusal = async (given: Dataset, more: Partial<TrainOptions> = {}): Promise<string> => {
    const error = await train(given, { ...options, ...more } as TrainOptions).catch((caught: unknown) => caught);
    assert.instance(error, DataError);
    return (error as Error).message;
  };
  assert.match(await refusal(lonely), /No user of the training part has two items/);
  assert.match(await refusal(tribes(), { pairs: 'window' }), /`pairs: 'window'` needs times/);
  const { train: known, valid } = splitRandom(data, { fractions: { train: 0.999, valid: 0.001 }, seed: 1 });
  assert.match(await refusal(known, { validation: valid }), /No user of the validation part has two items/);
});

test('a step size far too large: DivergedError with the epoch', async () => {
  const error = await train(data, { ...options, learningRate: 1e30 }).catch((caught: unknown) => caught);
  assert.instance(error, DivergedError);
});

test('patience keeps the vectors of the best epoch', async () => {
  const { train: known, valid } = splitRandom(data, { fractions: { train: 0.7, valid: 0.3 }, seed: 1 });
  const run = { ...options, dim: 64, epochs: 60, pairsPerItem: 60, learningRate: 0.02, validation: valid };
  const model = await train(known, { ...run, schedule: { type: 'constant' }, patience: 2 });
  const losses = model.history.map((epoch) => epoch.valid?.loss as number);
  assert.ok(losses.length < 60, `${losses.length} epochs`);
  assert.is(model.metrics.validLoss, Math.min(...losses));
  assert.is(model.metrics.epochs, losses.indexOf(Math.min(...losses)) + 1);
});

test('histories in the order of time, and without items that training has not met', () => {
  const table = makeTable({
    userId: Int32Array.of(1, 1, 1, 2, 2),
    itemId: Int32Array.of(5, 6, 7, 5, 8),
    time: Float64Array.of(30, 10, 20, 2, 1),
  });
  const timed = Dataset.fromTable(table);
  const ordered = historiesOf(timed, 'window', 'training');
  assert.equal(Array.from(timed.items.ids(ordered.items)), [6, 7, 5, 8, 5]);
  assert.is(historiesOf(timed, 'all', 'training').items, timed.interactions.items);
  const kept = keepItems(ordered, (item) => timed.items.id(item) !== 7);
  assert.equal(Array.from(kept.offsets), [0, 2, 4]);
  assert.equal(Array.from(timed.items.ids(kept.items)), [6, 5, 8, 5]);
});

test.run();
