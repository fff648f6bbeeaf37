import { getEventListeners } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DivergedError } from '../../src/errors.js';
import type { RunOptions } from '../../src/train/resolve-options.js';
import { type EpochJob, type EpochResult, runEpochs } from '../../src/train/run-epochs.js';
import type { EpochReport } from '../../src/types.js';
import { dataset, ratings } from './fixtures.js';

const validation = dataset(ratings({ size: 20 }));
const run = (options: Partial<RunOptions> = {}): RunOptions => ({
  seed: 1,
  threads: 1,
  validation: undefined,
  signal: undefined,
  onEpoch: undefined,
  ...options,
});

/** A training whose epochs end with given validation losses; its state is the number of epochs that it has run. */
function job(losses: readonly number[], options: Partial<EpochJob<number>> = {}): EpochJob<number> & { reads: number } {
  let done = 0;
  return {
    reads: 0,
    epochs: losses.length,
    learningRate: 0.5,
    schedule: { type: 'exponential', factor: 0.5 },
    patience: 0,
    async runEpoch(epoch, learningRate): Promise<EpochResult> {
      assert.is(learningRate, 0.5 * 0.5 ** epoch);
      assert.is(epoch, done++);
      return { status: 'ok', seconds: 0.1, train: { loss: 10 - epoch }, valid: { loss: losses[epoch], rmse: 2 } };
    },
    read() {
      this.reads++;
      return done;
    },
    ...options,
  };
}

async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('not refused');
}

test('all epochs by the schedule; reports have seconds, the history does not', async () => {
  const reports: EpochReport[] = [];
  const training = job([3, 1, 2]);
  const { state, history, metrics } = await runEpochs(training, run({ onEpoch: (report) => reports.push(report) }));
  assert.equal([state, training.reads], [3, 1]);
  assert.equal(
    reports.map(({ seconds, ...record }) => [seconds, record]),
    history.map((record) => [0.1, record]),
  );
  assert.equal(history[1], { epoch: 2, learningRate: 0.25, train: { loss: 9 }, valid: { loss: 1, rmse: 2 } });
  assert.equal(metrics, { trainLoss: 8, epochs: 3, validLoss: 2, validRmse: 2 });
});

test('patience stops, and keeps the state and the losses of the best epoch', async () => {
  const training = job([5, 3, 4, 6, 1], { patience: 2 });
  const { state, history, metrics } = await runEpochs(training, run({ validation }));
  assert.equal([state, history.length, training.reads], [2, 4, 2]);
  assert.equal(metrics, { trainLoss: 9, epochs: 2, validLoss: 3, validRmse: 2 });
  const without = await runEpochs(job([5, 3, 4, 6, 1], { patience: 2 }), run());
  assert.is(without.history.length, 5, 'nothing to be patient about without validation');
});

test('an epoch that diverged ends it, with what was known', async () => {
  const runEpoch = async (epoch: number): Promise<EpochResult> => ({
    status: epoch === 2 ? 'diverged' : 'ok',
    seconds: 0,
    train: { loss: epoch + 7 },
  });
  const error = (await rejection(runEpochs(job([1, 2, 3, 4], { runEpoch }), run()))) as DivergedError;
  assert.instance(error, DivergedError);
  assert.equal([error.epoch, error.learningRate, error.lastGoodLoss], [3, 0.125, 8]);
});

test('a signal sets the flag, rejects with its reason and leaves no listener', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const runEpoch = async (_: number, __: number, cancel: Int32Array): Promise<EpochResult> => {
    assert.is(cancel[0], 0);
    stop.abort(reason);
    assert.is(cancel[0], 1);
    return { status: 'cancelled', seconds: 0, train: { loss: Number.NaN } };
  };
  const training = job([1, 2], { runEpoch });
  assert.is(await rejection(runEpochs(training, run({ signal: stop.signal }))), reason);
  assert.is(getEventListeners(stop.signal, 'abort').length, 0);
  assert.is(await rejection(runEpochs(job([1]), run({ signal: stop.signal }))), reason, 'aborted before it starts');
  assert.is(training.reads, 0);
});

test.run();
