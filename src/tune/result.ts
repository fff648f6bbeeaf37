import { Float64, makeVector, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import type { Evaluation } from '../evaluate/measure.js';
import type { Model } from '../model.js';
import type { EpochReport } from '../types.js';
import type { Trial } from './trial.js';

/** Text of a value of the space in a column of mixed kinds. */
const wordOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Numbers as Float64, anything else as text; null where there is nothing. */
function column(values: readonly unknown[]): Vector {
  const given = values.map((value) => value ?? null);
  if (given.every((value) => value === null || typeof value === 'number')) {
    return vectorFromArray(given as (number | null)[], new Float64());
  }
  return vectorFromArray(
    given.map((value) => (value === null ? null : wordOf(value))),
    new Utf8(),
  );
}

/** Names in order of first appearance. */
const keysOf = (records: readonly object[]): string[] => [...new Set(records.flatMap((record) => Object.keys(record)))];

/** What a search found. */
export class TuneResult {
  /** The name of the metric that trials were compared by. */
  readonly metric: string;
  /** In the order of the search. */
  readonly trials: readonly Trial[];
  /** The same, best first; see `TrialStatus` for those without a final metric, which come last. */
  readonly ranking: readonly Trial[];
  /** The first of the ranking that trained to its end; undefined where none did. */
  readonly best: Trial | undefined;
  /** The model of the best trial, as the search trained it: on the training part alone. */
  readonly model: Model | undefined;
  /** The model on the test part, measured once; undefined without `test` or without a best trial. */
  readonly test: Evaluation | undefined;

  constructor(metric: string, found: Pick<TuneResult, 'trials' | 'ranking' | 'best' | 'model' | 'test'>) {
    this.metric = metric;
    this.trials = found.trials;
    this.ranking = found.ranking;
    this.best = found.best;
    this.model = found.model;
    this.test = found.test;
  }

  /**
   * A row a trial, best first: trial, status, a column for each key of the space and each metric (null where a trial
   * lacks it), epochs trained, seconds, error. Columns of numbers are Float64, others Utf8.
   */
  toTable(): Table {
    const rows = this.ranking;
    const columns: Record<string, Vector> = {
      trial: makeVector(Uint32Array.from(rows, ({ index }) => index)),
      status: column(rows.map(({ status }) => status)),
    };
    for (const key of keysOf(rows.map(({ values }) => values)))
      columns[key] = column(rows.map(({ values }) => values[key]));
    // Sorted, as a journal keeps no order of keys.
    const metrics = new Set([this.metric, ...keysOf(rows.map((row) => row.metrics)).sort()]);
    // `epochs` of the metrics is the epoch that was kept; a space may have that key, too.
    metrics.delete('epochs');
    for (const name of metrics) columns[name] = column(rows.map((row) => row.metrics[name]));
    columns.epochsTrained = makeVector(Uint32Array.from(rows, ({ epochs }) => epochs.length));
    columns.seconds = makeVector(Float64Array.from(rows, ({ seconds }) => seconds));
    columns.error = vectorFromArray(
      rows.map(({ error }) => error ?? null),
      new Utf8(),
    );
    return new Table(columns);
  }

  /**
   * The curves of all trials, a row an epoch, in the order of the search: trial, epoch, learningRate, trainLoss,
   * trainRmse, validLoss, validRmse, seconds; null where training does not report one.
   */
  epochTable(): Table {
    const rows = this.trials.flatMap(({ index, epochs }) => epochs.map((report) => ({ index, report })));
    const of = (value: (report: EpochReport) => number | undefined): Vector =>
      column(rows.map(({ report }) => value(report)));
    return new Table({
      trial: makeVector(Uint32Array.from(rows, ({ index }) => index)),
      epoch: makeVector(Uint32Array.from(rows, ({ report }) => report.epoch)),
      learningRate: of((report) => report.learningRate),
      trainLoss: of((report) => report.train.loss),
      trainRmse: of((report) => report.train.rmse),
      validLoss: of((report) => report.valid?.loss),
      validRmse: of((report) => report.valid?.rmse),
      seconds: of((report) => report.seconds),
    });
  }
}
