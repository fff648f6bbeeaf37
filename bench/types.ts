/** What one run of a driver measured. */
export interface Measurement {
  /** Wall seconds of the part that counts. */
  seconds: number;
  /** Parts of it, by name. */
  parts?: Record<string, number>;
  /** Quality figures beside the speed: rows read, losses, ... */
  quality?: Record<string, number>;
}

/** One way of doing a task: ours, an oracle, or a peer. */
export interface Driver {
  name: string;
  /** Why it cannot run here and what to install, or undefined when it can. */
  skip?(): Promise<string | undefined>;
  run(parameters: TrialParameters): Promise<Measurement>;
}

export type TrialParameters = Record<string, number | string>;

/** Drivers that do the same work; the first is palate, the second the peer that ratios refer to. */
export interface Trial {
  task: string;
  drivers: readonly string[];
  parameters: Readonly<Record<'small' | 'full', TrialParameters>>;
  /** What is measured, for the table's caption. */
  caption: string;
}

/** A driver's runs in one trial. */
export interface DriverResult {
  driver: string;
  skipped?: string;
  seconds?: { median: number; min: number; max: number };
  peakMegabytes?: number;
  parts?: Record<string, number>;
  quality?: Record<string, number>;
}

export interface TrialResult {
  task: string;
  caption: string;
  parameters: TrialParameters;
  runs: number;
  drivers: DriverResult[];
}
