import { DivergedError } from '../errors.js';
import type { EpochRecord, EpochReport, Losses, Schedule } from '../types.js';
import { EarlyStopping } from './early-stopping.js';
import type { RunOptions } from './resolve-options.js';
import { scheduleFactor } from './schedules.js';

/** What an epoch comes to. */
export interface EpochResult {
  status: 'ok' | 'cancelled' | 'diverged';
  seconds: number;
  train: Losses;
  valid?: Losses;
}

/** A training as the loop over its epochs sees it. */
export interface EpochJob<State> {
  epochs: number;
  learningRate: number;
  schedule: Schedule;
  /** Epochs without a better validation loss before it stops; 0: it does not, and the last epoch counts. */
  patience: number;
  /** Epochs report validation losses though the run has no validation dataset. */
  validates?: boolean;
  /** Runs epoch `epoch` (from 0) off the event loop; `cancel[0]` non-zero stops it soon. */
  runEpoch(epoch: number, learningRate: number, cancel: Int32Array): Promise<EpochResult>;
  /** The parameters as they stand. Called after each better epoch while `patience` is at work, else once at the end. */
  read(): State;
}

export interface Fitted<State> {
  state: State;
  history: EpochRecord[];
  /** Losses of the epoch that `state` is of, and its number. */
  metrics: Record<string, number>;
}

function metricsOf(record: EpochRecord): Record<string, number> {
  const metrics: Record<string, number> = { trainLoss: record.train.loss, epochs: record.epoch };
  if (record.valid !== undefined) {
    metrics.validLoss = record.valid.loss;
    if (record.valid.rmse !== undefined) metrics.validRmse = record.valid.rmse;
  }
  return metrics;
}

/**
 * Runs the epochs of a training: schedule, reports, early stopping and cancelling are the same for every model. Where
 * training goes on from a model, reports count from 1 and the history goes on from the model's.
 * @throws DivergedError when an epoch says so; the signal's reason when aborted.
 */
export async function runEpochs<State>(job: EpochJob<State>, run: RunOptions): Promise<Fitted<State>> {
  const { signal } = run;
  signal?.throwIfAborted();
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const onAbort = (): void => {
    Atomics.store(cancel, 0, 1);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const before = run.initial?.history ?? [];
  const stopping = new EarlyStopping(run.validation === undefined && !job.validates ? 0 : job.patience);
  const history: EpochRecord[] = [...before];
  let best: { state: State; record: EpochRecord } | undefined;
  try {
    for (let epoch = 0; epoch < job.epochs; epoch++) {
      const learningRate = job.learningRate * scheduleFactor(job.schedule, epoch, job.epochs);
      const { status, seconds, train, valid } = await job.runEpoch(epoch, learningRate, cancel);
      signal?.throwIfAborted();
      if (status === 'diverged') {
        throw new DivergedError({ epoch: epoch + 1, learningRate, lastGoodLoss: history.at(-1)?.train.loss });
      }
      const losses = { learningRate, train, ...(valid !== undefined && { valid }) };
      const record: EpochRecord = { epoch: before.length + epoch + 1, ...losses };
      history.push(record);
      run.onEpoch?.({ epoch: epoch + 1, seconds, ...losses } satisfies EpochReport);
      if (!stopping.active) continue;
      const verdict = stopping.observe(valid?.loss ?? Number.NaN);
      if (verdict.best) best = { state: job.read(), record };
      if (verdict.stop) break;
    }
    const { state, record } = best ?? { state: job.read(), record: history.at(-1) as EpochRecord };
    return { state, history, metrics: metricsOf(record) };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
