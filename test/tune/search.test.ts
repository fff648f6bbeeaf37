import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError, NativeLoadError } from '../../src/errors.js';
import type { TuneOptions } from '../../src/tune/options.js';
import type { Train } from '../../src/tune/run-trial.js';
import { search } from '../../src/tune/search.js';
import type { Trial } from '../../src/tune/trial.js';
import type { EpochReport } from '../../src/types.js';
import { dataset } from '../train/fixtures.js';
import { data, fakeTrain, outcome, rejection } from './fixtures.js';

/** Loss (learningRate - 0.3)^2 after every epoch; above 1 it diverges in the third, below 0.02 it fails. */
const bowl: Train = async (part, options) => {
  const { learningRate = 0, epochs = 1 } = options;
  if (learningRate < 0.02) throw new Error('no such thing as patience');
  const losses = Array.from({ length: epochs }, (_, e) =>
    learningRate > 1 && e === 2 ? Number.NaN : (learningRate - 0.3) ** 2,
  );
  return fakeTrain(() => losses, 1)(part, options);
};

const rates = [0.1, 5, 0.5, 0.01, 0.25, 0.35];
const options: TuneOptions = { model: 'mf', strategy: 'grid', space: { learningRate: rates }, options: { epochs: 4 } };

test('a search reports every trial, also those that diverge and fail, and goes on', async () => {
  const result = await search(data, options, bowl);
  assert.equal(
    result.trials.map(({ index, values, status }) => [index, values.learningRate, status]),
    [
      [0, 0.1, 'ok'],
      [1, 5, 'diverged'],
      [2, 0.5, 'ok'],
      [3, 0.01, 'failed'],
      [4, 0.25, 'ok'],
      [5, 0.35, 'ok'],
    ],
  );
  // 0.25 and 0.35 are as good but for rounding.
  assert.equal(
    result.ranking.slice(2).map(({ index }) => index),
    [0, 2, 1, 3],
  );
  const { best, model } = result;
  assert.ok(best !== undefined && [4, 5].includes(best.index) && best === result.ranking[0]);
  assert.equal(best.options, { model: 'mf', epochs: 4, seed: 42, learningRate: best.values.learningRate });
  assert.is((model as unknown as { options: { learningRate: number } }).options.learningRate, best.values.learningRate);
  assert.is(best.metrics.loss, best.epochs[3].valid?.loss);
  const [, diverged, , failed] = result.trials;
  assert.match(diverged.error as string, /Training diverged in epoch 3 at learning rate 5/);
  assert.is(diverged.epochs.length, 2);
  assert.equal([diverged.metrics, failed.metrics, failed.epochs], [{}, {}, []]);
  assert.is(failed.error, 'no such thing as patience');
});

test('by the training loss nothing is held back', async () => {
  for (const strategy of ['grid', 'halving'] as const) {
    const parts: (number | undefined)[][] = [];
    const watched: Train = (part, given) => {
      parts.push([part.numInteractions, given.validation?.numInteractions]);
      return bowl(part, given);
    };
    const space = { learningRate: [0.1, 0.31] };
    const result = await search(data, { ...options, space, strategy, metric: 'trainLoss' }, watched);
    assert.equal(parts, [
      [500, undefined],
      [500, undefined],
    ]);
    assert.is(result.best?.values.learningRate, 0.31);
    assert.is(result.best?.metrics.trainLoss, result.best?.epochs[3].train.loss);
  }
});

test('a search in which nothing trains has no best trial and no model', async () => {
  const {
    best,
    model,
    trials,
    test: scored,
  } = await search(data, { ...options, test: data, space: { learningRate: [4, 9] } }, bowl);
  assert.equal([best, model, scored, trials.length], [undefined, undefined, undefined, 2]);
});

test('what every trial would meet ends the search', async () => {
  for (const error of [
    new NativeLoadError('no addon'),
    new DeviceError('no card'),
    new TypeError('x is not a function'),
  ]) {
    let calls = 0;
    const broken: Train = async () => {
      calls++;
      throw error;
    };
    assert.is(await rejection(search(data, options, broken)), error);
    assert.is(calls, 1);
  }
});

test('the result does not depend on how many trials run at once', async () => {
  for (const strategy of ['random', 'halving'] as const) {
    const space: TuneOptions['space'] = { learningRate: { min: 0.015, max: 1.5, scale: 'log' }, epochs: [2, 4, 9] };
    const given: TuneOptions = { model: 'mf', strategy, space, trials: 31, seed: 3 };
    const one = await search(data, given, bowl);
    assert.ok(new Set(one.trials.map(({ status }) => status)).size >= 3);
    for (const parallel of [2, 7, 64])
      assert.equal(outcome(await search(data, { ...given, parallel }, bowl)), outcome(one));
  }
});

test('threads are shared out among the trials that run at once, and all serve the end', async () => {
  const threads = new Set<number | undefined>();
  let running = 0;
  let most = 0;
  const counting: Train = async (part, given) => {
    threads.add(given.threads);
    most = Math.max(most, ++running);
    try {
      return await bowl(part, given);
    } finally {
      running--;
    }
  };
  await search(data, { ...options, parallel: 3, threads: 7 }, counting);
  assert.equal([[...threads], most], [[2], 3]);
  threads.clear();
  await search(data, { ...options, parallel: 3, threads: 2 }, counting);
  assert.equal([...threads], [1]);
});

test('callbacks hear of every epoch and trial', async () => {
  const trials: Trial[] = [];
  const epochs: [number, number][] = [];
  const onEpoch = (report: EpochReport, { index }: { index: number }): number => epochs.push([index, report.epoch]);
  const result = await search(data, { ...options, onTrial: (trial) => trials.push(trial), onEpoch }, bowl);
  assert.equal(trials, result.trials);
  assert.equal(
    epochs,
    result.trials.flatMap((trial) => trial.epochs.map(({ epoch }) => [trial.index, epoch])),
  );
});

test('what a callback throws ends the search and comes out of it', async () => {
  for (const name of ['onTrial', 'onEpoch'] as const) {
    let calls = 0;
    const fail = (): void => {
      calls++;
      throw new Error(`from ${name}`);
    };
    assert.is((await rejection(search(data, { ...options, [name]: fail }, bowl))).message, `from ${name}`);
    assert.is(calls, 1);
  }
});

test('aborting ends all running trials and throws the reason', async () => {
  for (const strategy of ['grid', 'halving'] as const) {
    const stop = new AbortController();
    let ended = 0;
    const slow: Train = async (part, given) => {
      try {
        return await fakeTrain(() => new Array(100).fill(1), 5)(part, given);
      } finally {
        ended++;
      }
    };
    const onEpoch = ({ epoch }: EpochReport): void => {
      if (epoch === 20) stop.abort(new Error('enough'));
    };
    const given: TuneOptions = { ...options, strategy, parallel: 3, signal: stop.signal, onEpoch };
    const error = await rejection(search(data, { ...given, halving: { minEpochs: 30 } }, slow));
    assert.equal([error.message, ended], ['enough', 3]);
    assert.is((await rejection(search(data, given, slow))).message, 'enough', 'also before it begins');
  }
});

test('wrong options are refused before anything is trained', async () => {
  const never: Train = () => {
    throw new Error('trained');
  };
  const space = { dim: [8, 16] };
  const cases: [object, RegExp][] = [
    [{ modle: 'mf' }, /Unknown option `modle` in tune; did you mean `model`\?/],
    [{ model: 'mff' }, /`model` .* did you mean 'mf'\?/],
    [{ space: { dims: [8] } }, /Unknown option `dims` in train\(\{ model: 'mf' \}\); did you mean `dim`\?/],
    [{ space: { fields: [['genres']] } }, /Model 'mf' has no option `fields`/],
    [{ space: { 'regularization.usr': [1] } }, /Unknown option `usr` in regularization; did you mean `user`\?/],
    [{ space: { dim: ['8'] } }, /Expected `dim` to be an integer/],
    [{ space: { dim: [0, -1] } }, /Expected `dim` to be an integer >= 1 .* received 0|received -1/],
    [{ space: { threads: [1, 2] } }, /Expected `space` to be free of 'threads'/],
    [{ space, options: { dim: 8 } }, /Expected `space` to be free of 'dim', which has a fixed value/],
    [{ space, options: { threads: 2 } }, /Expected `options` to be free of `threads`/],
    [{ space, options: { epoch: 2 } }, /Unknown option `epoch` .* did you mean `epochs`\?/],
    [{ space, options: { epochs: 0 } }, /Expected `epochs` to be an integer >= 1, received 0/],
    [{ space, strategy: 'bayes' }, /`strategy` to be one of 'random', 'grid', 'halving'/],
    [{ space, strategy: 'grid', trials: 3 }, /Expected `trials` to be left out with strategy 'grid'/],
    [{ space, trials: 0 }, /Expected `trials` to be an integer >= 1/],
    [{ space, metric: 'ndgc@10' }, /Expected `metric` to be 'loss', 'trainLoss' or one of .* did you mean 'ndcg'\?/],
    [{ space, metric: 'rmse@3' }, /Expected `metric` to be 'loss', 'trainLoss' or 'rmse' without @/],
    [{ space, metric: 3 }, /Expected `metric` to be 'loss' or the name of a metric/],
    [{ space: { objective: ['squared', 'logistic'] } }, /`metric` to be a metric with `objective` in the space/],
    [{ space, validation: 1 }, /Expected `validation` to be a number > 0 and < 1, received 1/],
    [{ space, validation: 'a part' }, /Expected `validation` to be a Dataset or the share/],
    [{ space, validation: data, test: data }, /Expected `test` to be another part than `validation`/],
    [{ space, test: [] }, /Expected `test` to be a Dataset/],
    [{ space, halving: { eta: 3 } }, /Unknown option `eta` in halving/],
    [{ space, halving: { factor: 1 } }, /Expected `halving\.factor` to be an integer >= 2/],
    [{ space, parallel: 0 }, /Expected `parallel` to be an integer >= 1/],
    [{ space, signal: {} }, /Expected `signal` to be an AbortSignal/],
    [{ model: 'popularity' }, /Expected `space` .* 'popularity' proposes none/],
    [{ model: 'popularity', space, metric: 'rmse' }, /the model or the data has no ratings/],
  ];
  for (const [given, message] of cases) {
    const error = await rejection(search(data, { model: 'mf', ...given } as TuneOptions, never));
    assert.match(error.message, message);
    assert.is(error.code, 'ERR_PALATE_OPTION', error.message);
  }
  assert.match((await rejection(search([] as never, options, never))).message, /Expected `data` to be a Dataset/);
  const likes = dataset(
    [1, 2, 3].map((n) => ({ user: n, item: n, rating: 5 })),
    { positiveThreshold: 4 },
  );
  const implicit = search(likes, { ...options, metric: 'mae' }, never);
  assert.match((await rejection(implicit)).message, /the model or the data has no ratings/);
});

test('halving refuses a model whose training reports no validation loss', async () => {
  const mute: Train = async (_, given) => {
    given.onEpoch?.({ epoch: 1, seconds: 0, learningRate: 1, train: { loss: 1 } });
    return fakeTrain(() => [])(data, given);
  };
  const { trials } = await search(data, { ...options, strategy: 'halving', trials: 2 }, mute);
  assert.match(trials[0].error as string, /Expected `strategy` .* training reports no validation loss/);
});

test('the tables hold a row a trial, best first, and a row an epoch', async () => {
  const result = await search(data, { ...options, space: { learningRate: [0.1, 5, 0.3], link: ['sigmoid'] } }, bowl);
  const rows = result
    .toTable()
    .toArray()
    .map((row) => row.toJSON());
  assert.equal(
    rows.map(({ trial, status, learningRate, link, loss, epochsTrained }) => [
      trial,
      status,
      learningRate,
      link,
      loss,
      epochsTrained,
    ]),
    [
      [2, 'ok', 0.3, 'sigmoid', 0, 4],
      [0, 'ok', 0.1, 'sigmoid', (0.1 - 0.3) ** 2, 4],
      [1, 'diverged', 5, 'sigmoid', null, 2],
    ],
  );
  assert.equal(
    rows.map(({ error }) => error === null),
    [true, true, false],
  );
  const epochs = result.epochTable();
  assert.is(epochs.numRows, 10);
  assert.equal(epochs.get(5)?.toJSON(), {
    trial: 1,
    epoch: 2,
    learningRate: 5,
    trainLoss: (5 - 0.3) ** 2 / 2,
    trainRmse: null,
    validLoss: (5 - 0.3) ** 2,
    validRmse: null,
    seconds: 0,
  });
});

test.run();
