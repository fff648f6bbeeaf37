import type { DriverName } from './drivers/index.js';
import type { TaskName } from './tasks/index.js';

export type Size = 'small' | 'full';

/** Numbers and words that say what a task does; the same record reaches Node and Python drivers. */
export type Parameters = Readonly<Record<string, number | string | boolean>>;

/**
 * What a task reads: a ratings file, its columns as dense indices (data/columns-file.ts), the same with places in time as
 * values, or two factor matrices.
 */
export type InputKind = 'csv' | 'columns' | 'histories' | 'factors';

/** Drivers that do the same work on the same input. */
export interface Trial {
  name: string;
  task: TaskName;
  input: InputKind;
  /** The first is palate, whose time is the figure. */
  drivers: readonly DriverName[];
  /** Drivers that run once, whatever `--runs` says: they would take most of the time and decide nothing. */
  once: readonly DriverName[];
  /** A driver without which the trial says nothing: where it is missing, the trial is left out. */
  needs?: DriverName;
  parameters: Readonly<Record<Size, Parameters>>;
  /** What is measured, for the caption of a table. */
  caption: string;
  /** The quality figure of the summary, by its name in `Measurement.quality`. */
  quality: string;
}

/** Seconds over the repetitions inside a run, and over runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** What one run of a driver measured. */
export interface Measurement {
  /** Wall seconds of the part that counts. */
  seconds: Spread;
  /** Seconds of its parts, by name. */
  parts?: Record<string, number>;
  /** Quality figures beside the speed: rows read, losses, recall, ... */
  quality?: Record<string, number>;
  /** Where the time was not measured whole: what it was scaled up from, as in '20 of 24,413 steps'. */
  extrapolated?: string;
  /** What a reader must know of this driver's build or settings. */
  note?: string;
  /** Peak resident memory when the timed part ended; without it, that of the process at its end. */
  peakKilobytes?: number;
}

/** What a driver works on; JSON that a child process gets as its argument. */
export interface Work {
  task: TaskName;
  driver: DriverName;
  parameters: Parameters;
  /** The input file. */
  input: string;
  threads: number;
  device: 'cpu' | 'cuda';
}

export type Run = (Measurement & { peakKilobytes: number }) | { failed: string };

/** A driver's runs in one trial. */
export interface DriverResult {
  driver: DriverName;
  /** Why there are no figures, and what to install. */
  skipped?: string;
  /** Why the driver broke off. */
  failed?: string;
  runs?: number;
  seconds?: Spread;
  parts?: Record<string, number>;
  quality?: Record<string, number>;
  extrapolated?: string;
  note?: string;
  peakMegabytes?: number;
}

export interface TrialResult {
  trial: string;
  size: Size;
  caption: string;
  quality: string;
  parameters: Parameters;
  /** Sizes of the input as it turned out: users, items, ratings. */
  input: Record<string, number | string>;
  drivers: DriverResult[];
}

/** Where results were measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGigabytes: number;
  node: string;
  /** Dispatch level that palate used unless a driver says otherwise. */
  simd: string;
}

/** What a results file holds. */
export interface ResultFile extends TrialResult {
  machine: Machine;
  palate: string;
  /** Day of the measurement, ISO 8601. */
  date: string;
  /** Load average before the first run of the benchmark: what else the machine did. */
  load: number;
}
