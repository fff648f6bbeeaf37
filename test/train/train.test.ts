import { getEventListeners } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DivergedError } from '../../src/errors.js';
import { train } from '../../src/train/train.js';
import type { EpochReport, Parameters, TrainOptions } from '../../src/types.js';
import { factorsOf } from '../support/factors-of.js';
import { dataset, metadata, ratings } from './fixtures.js';

const rows = ratings();
const all = dataset(rows, metadata());
const isValid = Uint8Array.from({ length: all.numInteractions }, (_, n) => (n % 4 === 0 ? 1 : 0));
const data = all.subset(isValid.map((flag) => 1 - flag));
const validation = all.subset(isValid);
const small = { epochs: 5, dim: 8 } as const;

/** Parameters as comparable plain values. */
const bits = (p: Parameters): unknown =>
  JSON.parse(JSON.stringify(p, (_, v) => (ArrayBuffer.isView(v) ? [...(v as Float32Array)] : v)));

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('was not rejected');
}

test('onEpoch hears of each epoch in order, with its learning rate and losses; history keeps all but the seconds', async () => {
  const schedule = { type: 'step', every: 2, factor: 0.5 } as const;
  for (const valid of [undefined, validation]) {
    const reports: EpochReport[] = [];
    const options: TrainOptions = { model: 'mf', ...small, learningRate: 0.08, schedule, validation: valid };
    const model = await train(data, { ...options, onEpoch: (report) => reports.push(report) });
    assert.equal(
      reports.map(({ epoch }) => epoch),
      [1, 2, 3, 4, 5],
    );
    assert.equal(
      reports.map(({ learningRate }) => learningRate),
      [0.08, 0.08, 0.04, 0.04, 0.02],
    );
    for (const report of reports) {
      assert.ok(report.seconds > 0 && report.train.loss > 0);
      assert.ok(Math.abs((report.train.rmse as number) ** 2 - report.train.loss) < 1e-9, 'squared loss is rmse^2');
      assert.is(report.valid === undefined, valid === undefined);
    }
    assert.equal(
      model.history,
      reports.map(({ seconds: _, ...record }) => record),
    );
    const last = reports[4];
    const validMetrics = valid === undefined ? {} : { validLoss: last.valid?.loss, validRmse: last.valid?.rmse };
    assert.equal(model.metrics, { trainLoss: last.train.loss, epochs: 5, ...validMetrics });
  }
});

/** Learning rates that suit the small data: gradients of batches are means. */
const rates: Record<string, number> = { 'sgd 1': 0.03, 'sgd 32': 0.5, 'sgd full': 2, 'adam 1': 0.005 };

test('every objective and optimizer learns: the error falls by a fifth and more', async () => {
  for (const model of ['mf', 'fm'] as const) {
    for (const objective of ['squared', 'logistic'] as const) {
      for (const optimizer of ['sgd', 'adagrad', 'adam'] as const) {
        for (const batchSize of [1, 32, 'full'] as const) {
          const { history } = await train(data, {
            model,
            objective,
            optimizer,
            batchSize,
            dim: 8,
            epochs: batchSize === 'full' ? 120 : 30,
            learningRate: rates[`${optimizer} ${batchSize}`] ?? (optimizer === 'adam' ? 0.02 : 0.1),
            schedule: { type: 'constant' },
            regularization: 1e-5,
            biasLearningRate: 1,
            initStd: 0.1,
          });
          const [first, last] = [history[0].train.rmse as number, history.at(-1)?.train.rmse as number];
          const what = `${model} ${objective} ${optimizer} ${batchSize}`;
          if (process.env.SHOW_ERRORS) console.log(what, first, last);
          assert.ok(first < 1.6 && last < 0.8 * first, `${what}: rmse ${first} to ${last}`);
        }
      }
    }
  }
});

test('predictions of the model have the validation error that training reported', async () => {
  for (const model of ['mf', 'fm'] as const) {
    for (const link of ['identity', 'sigmoid'] as const) {
      const trained = await train(data, { model, ...small, link, validation });
      const { users, items, values } = validation.interactions;
      const predicted = trained.predictIndices(users, items);
      const squares = values.reduce((sum, value, n) => sum + (value - predicted[n]) ** 2, 0);
      const rmse = Math.sqrt(squares / values.length);
      assert.ok(Math.abs(rmse - (trained.metrics.validRmse as number)) < 1e-5, `${model} ${link}: ${rmse}`);
    }
  }
});

test('patience stops, and keeps the state of the best epoch as a run to that epoch has it', async () => {
  for (const options of [
    { model: 'mf', optimizer: 'adam', batchSize: 16, learningRate: 0.01 },
    { model: 'fm', optimizer: 'sgd', batchSize: 1, learningRate: 0.02 },
  ] as const) {
    const overfit: TrainOptions = {
      ...options,
      dim: 16,
      biasLearningRate: 1,
      regularization: 0,
      schedule: { type: 'constant' },
      validation,
    };
    const model = await train(data, { ...overfit, epochs: 60, patience: 3 });
    const losses = model.history.map(({ valid }) => valid?.loss as number);
    const best = losses.indexOf(Math.min(...losses));
    assert.ok(best > 0 && losses.length === best + 4, `best ${best + 1} of ${losses.length}`);
    const direct = await train(data, { ...overfit, epochs: best + 1 });
    assert.equal(bits(model.data.parameters), bits(direct.data.parameters));
    assert.equal(model.metrics, direct.metrics);
    assert.is(model.metrics.validLoss, losses[best]);
    assert.is(model.metrics.epochs, best + 1);
    const last = await train(data, { ...overfit, epochs: losses.length });
    assert.not.equal(bits(last.data.parameters), bits(direct.data.parameters), 'later epochs differ');
  }
});

test('patience that is never used up keeps the best state too', async () => {
  const overfit: TrainOptions = {
    model: 'mf',
    dim: 16,
    learningRate: 0.05,
    optimizer: 'adam',
    regularization: 0,
    validation,
  };
  const long = await train(data, { ...overfit, schedule: { type: 'constant' }, epochs: 12, patience: 50 });
  const losses = long.history.map(({ valid }) => valid?.loss as number);
  assert.is(losses.length, 12);
  assert.is(long.metrics.validLoss, Math.min(...losses));
});

test('an aborted signal rejects with its reason before any work', async () => {
  const reason = new Error('not today');
  for (const model of ['mf', 'fm', 'popularity'] as const) {
    let epochs = 0;
    const onEpoch = () => epochs++;
    assert.is(await rejection(train(data, { model, onEpoch, signal: AbortSignal.abort(reason) })), reason);
    assert.is(epochs, 0);
  }
});

test('an abort during an epoch, or in onEpoch, rejects with its reason', async () => {
  const large = dataset(ratings({ users: 1500, items: 1500, size: 60_000 }));
  // One epoch is 60,000 dense steps over 3,000 rows: half a minute.
  const busy: TrainOptions = { model: 'mf', dim: 512, epochs: 1, optimizer: 'adam', batchSize: 1 };
  const controller = new AbortController();
  const begun = performance.now();
  setTimeout(() => controller.abort(), 60);
  const error = (await rejection(train(large, { ...busy, signal: controller.signal }))) as Error;
  assert.is(error.name, 'AbortError');
  assert.ok(performance.now() - begun < 1500, `${performance.now() - begun} ms`);
  assert.is(getEventListeners(controller.signal, 'abort').length, 0, 'no listener is left');

  const second = new AbortController();
  let epochs = 0;
  const onEpoch = () => {
    if (++epochs === 3) second.abort('enough');
  };
  assert.is(await rejection(train(data, { model: 'mf', epochs: 10, onEpoch, signal: second.signal })), 'enough');
  assert.is(epochs, 3);
});

test('an error thrown by onEpoch rejects, and leaves no listener', async () => {
  const { signal } = new AbortController();
  const mine = new Error('mine');
  const onEpoch = () => {
    throw mine;
  };
  assert.is(await rejection(train(data, { model: 'mf', ...small, signal, onEpoch })), mine);
  assert.is(getEventListeners(signal, 'abort').length, 0);
  await train(data, { model: 'mf', ...small, signal });
  assert.is(getEventListeners(signal, 'abort').length, 0);
});

test('a learning rate that is far too large is a DivergedError with epoch, rate and the last finite loss', async () => {
  const wild = { epochs: 9, link: 'identity', schedule: { type: 'exponential', factor: 1e6 } } as const;
  for (const options of [
    { model: 'mf', ...wild, learningRate: 1e-3 },
    { model: 'fm', ...wild, learningRate: 1e-3 },
    { model: 'mf', ...wild, learningRate: 1e-3, optimizer: 'sgd', batchSize: 'full' },
  ] as const) {
    const reports: EpochReport[] = [];
    const error = await rejection(train(data, { ...options, onEpoch: (report) => reports.push(report) }));
    assert.instance(error, DivergedError);
    const { epoch, learningRate, lastGoodLoss, code, message } = error as DivergedError;
    assert.is(code, 'ERR_PALATE_DIVERGED');
    assert.is(epoch, reports.length + 1);
    assert.ok(epoch >= 2, 'the first epoch is tame');
    assert.is(learningRate, 1e-3 * 1e6 ** (epoch - 1));
    assert.is(lastGoodLoss, reports.at(-1)?.train.loss);
    assert.match(message, new RegExp(`diverged in epoch ${epoch} at learning rate .*; last finite loss `));
  }
  const error = (await rejection(train(data, { model: 'mf', ...wild, learningRate: 1e30 }))) as DivergedError;
  assert.is(error.epoch, 1);
  assert.is(error.lastGoodLoss, undefined);
  assert.not.match(error.message, /last finite loss/);
});

test('popularity counts the training interactions of each item', async () => {
  const model = await train(data, { model: 'popularity' });
  const parameters = factorsOf(model);
  const counts = new Array<number>(data.numItems).fill(0);
  for (const item of data.interactions.items) counts[item]++;
  assert.equal([...parameters.itemBiases], counts);
  assert.is(parameters.dim, 0);
  assert.equal([model.history, model.metrics], [[], {}]);
});

test.run();
