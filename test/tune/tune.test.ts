import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, splitRandom, type TuneOptions, train, tune } from '../../src/index.js';
import { models } from '../../src/models/index.js';
import type { EpochReport } from '../../src/types.js';
import { dataset, metadata, ratings } from '../train/fixtures.js';
import { inFolder, outcome, rejection } from './fixtures.js';

const all = dataset(ratings({ size: 700 }), metadata());
const { rest, test: held } = splitRandom(all, { fractions: { rest: 0.85, test: 0.15 }, seed: 4 });
const { train: known, valid } = splitRandom(rest, { fractions: { train: 0.9, valid: 0.1 }, seed: 42 });
const small = { epochs: 6, dim: 8 } as const;

test('a sweep over learning rates and optimizers reports the diverged run and goes on', async () => {
  const rates = [0.01, 0.1, 1e4];
  const result = await tune(rest, {
    model: 'mf',
    strategy: 'grid',
    space: { optimizer: ['sgd', 'adam'], learningRate: rates, batchSize: [32] },
    options: { ...small, weightDecay: 'coupled', schedule: { type: 'constant' } },
    metric: 'trainLoss',
  });
  assert.is(result.model?.seen.size, rest.numInteractions);
  assert.is(result.trials.length, 6);
  const at = (optimizer: string, rate: number) =>
    result.trials.find(({ values }) => values.optimizer === optimizer && values.learningRate === rate);
  const lost = at('sgd', 1e4);
  assert.equal([lost?.status, lost?.metrics], ['diverged', {}]);
  assert.match(lost?.error as string, /diverged in epoch \d at learning rate 10000/);
  assert.ok(result.trials.filter(({ status }) => status === 'ok').length >= 4);
  assert.ok(result.trials.indexOf(lost as never) < 5, 'it is not the last');
  for (const trial of result.trials.filter(({ status }) => status === 'ok')) assert.is(trial.epochs.length, 6);
});

test('a trial is what train makes of its options, and the test part is scored by the best model', async () => {
  const space: TuneOptions['space'] = {
    learningRate: { min: 0.005, max: 0.2, scale: 'log' },
    'regularization.user': [0.1, 2],
  };
  for (const metric of ['loss', 'rmse', 'mae', 'ndcg@5', 'ndcgFull@3', 'mrr']) {
    const result = await tune(rest, { model: 'mf', space, trials: 4, metric, options: small, test: held });
    for (const { options, metrics, epochs } of result.trials) {
      const reports: EpochReport[] = [];
      const model = await train(known, { ...options, validation: valid, onEpoch: (report) => reports.push(report) });
      assert.equal(
        epochs.map(({ valid }) => valid),
        reports.map(({ valid }) => valid),
      );
      const measured =
        metric === 'loss'
          ? { loss: model.metrics.validLoss }
          : (await evaluate(model, valid, { metrics: [metric] })).metrics;
      assert.ok(
        Math.abs(metrics[metric] - (measured[metric] as number)) < 1e-6,
        `${metric} ${metrics[metric]} ${measured[metric]}`,
      );
      assert.is(metrics.trainLoss, model.metrics.trainLoss);
    }
    const sign = metric.startsWith('ndcg') || metric === 'mrr' ? -1 : 1;
    const scores = result.ranking.map(({ metrics }) => sign * metrics[metric]);
    assert.equal(
      scores,
      [...scores].sort((a, b) => a - b),
    );
    assert.ok(scores[0] < scores[3]);
    const { model, best } = result;
    assert.ok(model !== undefined && best !== undefined);
    const again = await train(known, { ...best.options, validation: valid });
    assert.equal(model.data.parameters, again.data.parameters);
    const expected = await evaluate(
      model,
      held,
      metric === 'ndcgFull@3' ? { metrics: [metric] } : { k: metric === 'ndcg@5' ? 5 : 10 },
    );
    assert.equal(result.test, expected);
    if (metric !== 'loss') assert.ok(metric in (result.test?.metrics ?? {}));
  }
});

test('equal seeds find the same with any number of threads and trials at once, other seeds something else', async () => {
  for (const strategy of ['random', 'halving'] as const) {
    const given: TuneOptions = { model: 'fm', strategy, trials: 7, seed: 9, options: small, metric: 'rmse' };
    const one = await tune(rest, { ...given, threads: 1 });
    const many = await tune(rest, { ...given, threads: 3, parallel: 3 });
    assert.equal(outcome(many), outcome(one));
    assert.equal(many.model?.data.parameters, one.model?.data.parameters);
    assert.not.equal(outcome(await tune(rest, { ...given, seed: 10 })), outcome(one));
  }
});

test('a validation part of its own leaves all data to training', async () => {
  const result = await tune(known, { model: 'mf', space: { dim: [4, 8] }, validation: valid, options: { epochs: 2 } });
  assert.is(result.model?.seen.size, known.numInteractions);
  const drawn = await tune(rest, { model: 'mf', space: { dim: [4, 8] }, options: { epochs: 2 } });
  assert.equal(outcome(drawn), outcome(result), 'the default is a tenth, by the seed');
});

test('options that go together only with those of the space are no error, and those that do not are trials that fail', async () => {
  // Row-wise updates cannot be clipped.
  const options = { ...small, clipNorm: 5 };
  const result = await tune(rest, { model: 'mf', strategy: 'grid', space: { batchSize: [64, 1, 32] }, options });
  assert.equal(
    result.trials.map(({ status }) => status),
    ['ok', 'failed', 'ok'],
  );
  assert.match(result.trials[1].error as string, /Expected `batchSize` to be > 1/);
  const none = tune(rest, { model: 'mf', space: { batchSize: [1] }, options });
  assert.match((await rejection(none)).message, /Expected `batchSize` to be > 1/);
});

test('halving compares after a ninth of the longest training unless told otherwise', async () => {
  const space: TuneOptions['space'] = { learningRate: { min: 0.001, max: 0.1, scale: 'log' } };
  const stops = async (given: Partial<TuneOptions>): Promise<number[]> => {
    const { trials } = await tune(rest, { model: 'mf', strategy: 'halving', space, trials: 15, ...given });
    return [...new Set(trials.filter(({ status }) => status === 'stopped').map(({ epochs }) => epochs.length))].sort(
      (a, b) => a - b,
    );
  };
  assert.equal(await stops({ options: { epochs: 18, dim: 8 } }), [2, 6]);
  assert.equal(await stops({ options: { dim: 8 }, space: { ...space, epochs: [27, 26] } }), [3, 9]);
  assert.is((await stops({ options: { epochs: 18, dim: 8 }, halving: { minEpochs: 4, factor: 2 } }))[0], 4);
});

test('seeds can be searched over, and fixed', async () => {
  const over = await tune(rest, { model: 'mf', strategy: 'grid', space: { seed: [1, 2] }, options: small });
  assert.equal(
    over.trials.map(({ options }) => options.seed),
    [1, 2],
  );
  assert.not.equal(over.trials[0].metrics.loss, over.trials[1].metrics.loss);
  const fixed = await tune(rest, {
    model: 'mf',
    strategy: 'grid',
    space: { dim: [8] },
    options: { epochs: 6, seed: 2 },
  });
  assert.equal(fixed.trials[0].metrics, over.trials[1].metrics);
});

test('every model that proposes a space trains wherever in it', async () => {
  for (const [name, spec] of Object.entries(models)) {
    if (spec.space === undefined) continue;
    const model = name as keyof typeof models;
    const hasEpochs = spec.trainer === 'factors' || 'epochs' in spec.options;
    // So few likes as these data have leave slim without a weight by its own penalty.
    const options = { ...(hasEpochs && { epochs: 2 }), ...(model === 'slim' && { l1Regularization: 0.01 }) };
    // Not all models of likes measure a loss.
    const given: Partial<TuneOptions> = { options, ...(!spec.predictsRatings && { metric: 'ndcg@10' }) };
    const { trials } = await tune(rest, { model, trials: 3, ...given });
    assert.equal(
      trials.map(({ status, error }) => error ?? status),
      ['ok', 'ok', 'ok'],
      name,
    );
    assert.not('epochs' in trials[0].values, 'what is fixed is not varied');
    assert.ok(Object.keys(trials[0].values).length >= (spec.predictsRatings ? 3 : 1));
  }
  const bpr = { objective: 'bpr', positiveThreshold: 3, epochs: 1 } as const;
  const ranked = await tune(rest, { model: 'mf', trials: 3, options: bpr, metric: 'ndcg@10' });
  assert.equal(Object.keys(ranked.trials[0].values), ['learningRate', 'regularization', 'dim']);
  assert.ok(ranked.trials.every(({ status }) => status === 'ok'));
  // Decoupled decay has a bound that the corners of the space pass.
  const adam = await tune(rest, { model: 'mf', trials: 12, options: { optimizer: 'adam', epochs: 1, dim: 4 } });
  assert.ok(adam.trials.every(({ status }) => status === 'ok'));
});

test('aborting in native training keeps the journal, and the search goes on from it', async () => {
  await inFolder(async (folder) => {
    const journal = path.join(folder, 'j.jsonl');
    const given: TuneOptions = { model: 'mf', trials: 6, options: small, journal };
    const stop = new AbortController();
    const onEpoch = (_: EpochReport, { index }: { index: number }): void => {
      if (index === 3) stop.abort(new Error('enough'));
    };
    assert.is((await rejection(tune(rest, { ...given, signal: stop.signal, onEpoch }))).message, 'enough');
    const run: number[] = [];
    const again = await tune(rest, { ...given, onTrial: ({ index }) => run.push(index) });
    assert.equal(run, [3, 4, 5]);
    const whole = await tune(rest, { ...given, journal: undefined });
    assert.equal(outcome(again), outcome(whole));
    assert.equal(again.model?.data.parameters, whole.model?.data.parameters);
  });
});

test.run();
