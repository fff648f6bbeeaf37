import type { Table } from 'apache-arrow';
import type { Dataset, DatasetSummary, EpochReport, Id, Model, TrainOptions, TrialStatus } from '../index.js';
import { train } from '../index.js';

/** What a recipe starts from, and who listens. */
export interface RecipeInput {
  ratings: Table;
  items?: Table;
  users?: Table;
  threads?: number;
  /** Of splits and training; default 42. */
  seed?: number;
  onEpoch?: (report: EpochReport, variant: { name: string; epochs: number | undefined }) => void;
  /** Hears of each model that a variant trained, with the part of the ratings that validated it. */
  onModel?: (model: Model, validation: Dataset | undefined) => void;
  signal?: AbortSignal;
}

/** A run of a sweep over learning rates and optimizers. */
export interface SweepTrial {
  optimizer: string;
  learningRate: number;
  status: TrialStatus;
  /** Before each step that was done. */
  costs: number[];
}

/** One setting that a recipe trained with. */
export interface Variant {
  name: string;
  /** The setting in words. */
  about: string;
  epochs: EpochReport[];
  metrics: Record<string, number>;
  seconds: number;
}

/** An item of a list. */
export interface ListedItem {
  rank: number;
  itemId: Id;
  title?: string | undefined;
  genres?: readonly string[];
  score: number;
}

/** Something else that a recipe shows: a table by rows. */
export interface Section {
  title: string;
  rows: readonly object[];
}

/** What a recipe found. `epochs` and `metrics` are those of the last variant, palate's own setting. */
export interface RecipeResult {
  name: string;
  about: string;
  seconds: number;
  data: DatasetSummary;
  variants: Variant[];
  epochs: EpochReport[];
  metrics: Record<string, number>;
  /** Who the recommendations are for, and how that user was chosen. */
  user: { id: Id; ratings: number; chosen: string };
  recommendations: readonly ListedItem[];
  /** What `similar` is similar to. */
  similarTo: { itemId: Id; title: string | undefined };
  /** Which items `similar` was chosen from. */
  similarAmong: string;
  similar: readonly ListedItem[];
  sections: readonly Section[];
  /** Where the recipe makes one. */
  sweep?: readonly SweepTrial[];
}

/** A recipe as the list of them has it. */
export interface Recipe {
  name: string;
  run: (input: RecipeInput) => Promise<RecipeResult>;
}

/** Trains one variant of a recipe, and keeps its epochs; `measure` turns the last one into metrics. */
export async function trainVariant(
  input: RecipeInput,
  data: Dataset,
  { name, about }: { name: string; about: string },
  options: TrainOptions,
  measure: (last: EpochReport) => Record<string, number>,
): Promise<{ model: Model; variant: Variant }> {
  const reports: EpochReport[] = [];
  const start = performance.now();
  const model = await train(data, {
    ...options,
    threads: input.threads,
    seed: input.seed,
    signal: input.signal,
    onEpoch: (report) => {
      reports.push(report);
      input.onEpoch?.(report, { name, epochs: options.epochs });
    },
  });
  const seconds = (performance.now() - start) / 1000;
  input.onModel?.(model, options.validation);
  const last = reports.at(-1) as EpochReport;
  return { model, variant: { name, about, epochs: reports, metrics: measure(last), seconds } };
}
