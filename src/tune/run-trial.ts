import type { Dataset } from '../dataset/dataset.js';
import { DeviceError, DivergedError, MissingPackageError, NativeLoadError } from '../errors.js';
import type { Model } from '../model.js';
import { rangeError } from '../options.js';
import type { EpochReport, TrainOptions } from '../types.js';
import { type Criterion, scoreOf } from './criterion.js';
import type { Rungs } from './rungs.js';
import type { Plan, Trial } from './trial.js';

/** Trains a model: `train`, or what a test puts in its place. */
export type Train = (data: Dataset, options: TrainOptions) => Promise<Model>;

/** What all trials of a search share. */
export interface Surroundings {
  train: Train;
  data: Dataset;
  validation: Dataset | undefined;
  criterion: Criterion;
  /** Of one trial. */
  threads: number;
  rungs: Rungs | undefined;
  /** Ends the search: the caller's signal, or an error that is no trial's own. */
  signal: AbortSignal;
  onEpoch: (report: EpochReport, plan: Plan) => void;
}

export interface Outcome {
  trial: Trial;
  /** Of a trial that trained to its end. */
  model: Model | undefined;
}

/** Whether another trial may fare better: not where the installation lacks something, nor at a mistake of ours. */
function isOfTrial(error: unknown): boolean {
  if (error instanceof TypeError) return (error as { code?: unknown }).code !== undefined;
  return ![DeviceError, MissingPackageError, NativeLoadError].some((kind) => error instanceof kind);
}

/** What is known of training by its last report. */
function metricsOf(report: EpochReport | undefined, criterion: Criterion): Record<string, number> {
  if (report === undefined) return {};
  const { train, valid } = report;
  const known: Record<string, number | undefined> = { loss: valid?.loss, rmse: valid?.rmse };
  const value = known[criterion.name];
  return {
    trainLoss: train.loss,
    epochs: report.epoch,
    ...(valid !== undefined && { validLoss: valid.loss }),
    ...(valid?.rmse !== undefined && { validRmse: valid.rmse }),
    ...(value !== undefined && { [criterion.name]: value }),
  };
}

/** The rung of an epoch and the score there; undefined where there is none. The last epoch is none: the trial is done. */
export function rungOf(
  report: EpochReport,
  lastEpoch: number,
  rungs: Rungs,
  criterion: Criterion,
): { rung: number; score: number } | undefined {
  const rung = report.epoch < lastEpoch ? rungs.rungAt(report.epoch) : undefined;
  if (rung === undefined) return undefined;
  const value = criterion.ofEpoch(report);
  if (value !== undefined) return { rung, score: scoreOf(criterion, value) };
  throw rangeError('strategy', "'random' or 'grid', as training reports no validation loss", 'halving');
}

/** The way of one trial up the rungs. Training runs on while the answer of a rung is out, and is cut back to the rung. */
class Climb {
  readonly #index: number;
  readonly #lastEpoch: number;
  readonly #surroundings: Surroundings;
  readonly #stop = new AbortController();
  #goesOn: Promise<boolean> = Promise.resolve(true);
  #stoppedAt: number | undefined;

  constructor(index: number, lastEpoch: number, surroundings: Surroundings) {
    this.#index = index;
    this.#lastEpoch = lastEpoch;
    this.#surroundings = surroundings;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  pass(report: EpochReport): void {
    const { rungs, criterion } = this.#surroundings;
    const at = rungs && rungOf(report, this.#lastEpoch, rungs, criterion);
    if (rungs === undefined || at === undefined) return;
    this.#goesOn = this.#goesOn.then(async (goesOn) => {
      if (!goesOn || (await rungs.arrive(this.#index, at.rung, at.score))) return goesOn;
      this.#stoppedAt = report.epoch;
      this.#stop.abort();
      return false;
    });
  }

  /** The epoch of the rung that ended the trial, once all answers are in. */
  async stoppedAt(): Promise<number | undefined> {
    await this.#goesOn;
    return this.#stoppedAt;
  }
}

/**
 * Runs one trial. What goes wrong with its options is a result; rejects with the reason of `signal`, and with errors that
 * every trial would meet.
 * @param lastEpoch epochs that the options ask for; Infinity where the model has none.
 */
export async function runTrial(plan: Plan, lastEpoch: number, surroundings: Surroundings): Promise<Outcome> {
  const { train, data, validation, criterion, threads, rungs, signal, onEpoch } = surroundings;
  const start = performance.now();
  const climb = new Climb(plan.index, lastEpoch, surroundings);
  const reports: EpochReport[] = [];
  const finish = (result: Pick<Trial, 'status' | 'metrics' | 'epochs' | 'error'>): Trial => {
    rungs?.end(plan.index);
    return { ...plan, ...result, seconds: (performance.now() - start) / 1000 };
  };
  try {
    const model = await train(data, {
      ...plan.options,
      validation,
      threads,
      signal: AbortSignal.any([signal, climb.signal]),
      onEpoch: (report) => {
        reports.push(report);
        climb.pass(report);
        onEpoch(report, plan);
      },
    });
    if ((await climb.stoppedAt()) === undefined) {
      const value = await criterion.measure(model, validation, { threads, signal });
      const metrics = { ...model.metrics, [criterion.name]: value };
      signal.throwIfAborted();
      return { trial: finish({ status: 'ok', metrics, epochs: reports }), model };
    }
  } catch (error) {
    signal.throwIfAborted();
    if ((await climb.stoppedAt()) === undefined) {
      if (!isOfTrial(error)) throw error;
      const status = error instanceof DivergedError ? 'diverged' : 'failed';
      const message = error instanceof Error ? error.message : String(error);
      return { trial: finish({ status, metrics: {}, epochs: reports, error: message }), model: undefined };
    }
  }
  signal.throwIfAborted();
  const epochs = reports.slice(0, await climb.stoppedAt());
  return {
    trial: finish({ status: 'stopped', metrics: metricsOf(epochs.at(-1), criterion), epochs }),
    model: undefined,
  };
}
