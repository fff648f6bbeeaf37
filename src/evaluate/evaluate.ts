import { Table } from 'apache-arrow';
import { Dataset } from '../dataset/dataset.js';
import type { Model } from '../model.js';
import { specOf } from '../models/index.js';
import { resolveDevice } from '../native/device.js';
import {
  expectBoolean,
  expectInt,
  expectKnownKeys,
  expectNumber,
  expectOneOf,
  expectSignal,
  rangeError,
  typeError,
} from '../options.js';
import { servingOf } from '../recommend/serving-of.js';
import type { Device, ModelData } from '../types.js';
import { type IntervalOptions, readIntervalOptions } from './bootstrap.js';
import { historyRanker, readHistories } from './histories.js';
import { type Evaluation, measure } from './measure.js';
import { readCutOffs, readMetrics } from './metric-names.js';
import type { SampledNegatives } from './rank-sampled.js';
import type { Ranker } from './ranker.js';

export interface EvaluateOptions {
  /** Length of the lists; several give each list metric once for each. Default 10. */
  k?: number | readonly number[];
  /**
   * Any of precision, recall, truncatedRecall, ndcg, ndcgFull, hitRate, map, coverage, novelty, diversity, popularity,
   * gini (at each k, or at their own: 'ndcg@5'), mrr, rmse, mae. Default: all but truncatedRecall and ndcgFull, and rmse
   * and mae only where model and test have ratings.
   */
  metrics?: readonly string[];
  /**
   * What users have whom the model was not trained on, as ratings: the test is then of these users, who are folded in
   * from their histories, and of no others. This is strong generalisation (Marlin 2004). Rating metrics are left out.
   */
  histories?: Dataset | Table;
  /** Test rows with at least this rating are relevant. Default: all of them, as whoever rates a film has chosen it. */
  relevanceThreshold?: number;
  /**
   * What is ranked for a user: 'all' training items that he has not seen in training (default), or his relevant items
   * among so many sampled ones, as older papers report; such figures flatter. `seed` defaults to 42.
   */
  candidates?: 'all' | { sampledNegatives: number; seed?: number };
  /** Adds the values of each user to the result. Default false. */
  perUser?: boolean;
  /** Adds 95 % intervals over users, by the bootstrap: true, or how many samples and from which seed. Default false. */
  intervals?: boolean | IntervalOptions;
  /** Adds the metrics of rankings by popularity and at random, and of ratings from biases. Default false. */
  baselines?: boolean | { seed?: number };
  signal?: AbortSignal;
  threads?: number;
  /** 'cuda' ranks on a GPU, where the model is searched by factors. Default 'auto': the processor. */
  device?: Device;
}

const KNOWN = [
  'k',
  'metrics',
  'relevanceThreshold',
  'candidates',
  'perUser',
  'intervals',
  'baselines',
  'histories',
  'signal',
  'threads',
  'device',
] as const satisfies readonly (keyof EvaluateOptions)[];

/**
 * Measures a model on ratings that it was not trained on; `definitions` of the result say what each figure means.
 *
 * Ranking metrics are means over the users with a relevant test item. Rows of a user or item without a training
 * interaction, and rows that are in training too, do not count there; the result tells how many. Rating metrics take all
 * rows, predicted as `Model.predict` does, with their times where the test has them.
 *
 * @param test a part of a split, or a table as `Dataset.fromTable` takes it; matched with the model by ids.
 * @throws TypeError, RangeError for wrong options; DataError for a table that is no ratings table, and for integer ids
 *   where the model has strings; the signal's reason when aborted.
 */
export async function evaluate(
  model: Model,
  test: Dataset | Table,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { data } = model;
  if (data?.parameters === undefined) throw typeError('model', 'a Model', model);
  if (!(test instanceof Dataset) && !Table.isTable(test)) throw typeError('test', 'a Dataset or an Arrow Table', test);
  expectKnownKeys('evaluate', options, KNOWN);
  const ks = readCutOffs(options.k ?? 10);
  const signal = expectSignal(options.signal);
  const threads =
    options.threads === undefined ? undefined : expectInt('threads', options.threads, { min: 1, max: 1024 });
  const device = resolveDevice(expectOneOf('device', options.device ?? 'auto', ['auto', 'cpu', 'cuda']));
  const candidates = readCandidates(options.candidates ?? 'all');
  const perUser = expectBoolean('perUser', options.perUser ?? false);

  const intervals = readIntervals(options.intervals ?? false);
  const baselines = readBaselines(options.baselines ?? false);

  const asked = options.histories === undefined ? undefined : readHistories(data, options.histories);
  const rows = test instanceof Dataset ? test : Dataset.fromTable(test);
  const predictsRatings = !data.implicit && specOf(data.name, data.options.objective).predictsRatings;
  return measure(
    {
      training: data,
      ...(asked && { asked }),
      ranker: asked === undefined ? rankerOf(data, threads, device) : historyRanker(data, asked, threads, device),
      predict: (users, items, times) => model.predictIndices(users, items, times),
    },
    rows,
    {
      requests: readMetrics(options.metrics, ks, predictsRatings && !rows.implicit && asked === undefined),
      k: ks.at(-1) as number,
      relevanceThreshold: readThreshold(options.relevanceThreshold, rows),
      candidates,
      perUser,
      intervals,
      baselines,
      signal,
    },
  );
}

function readThreshold(value: unknown, { implicit }: Dataset): number | undefined {
  if (value === undefined) return undefined;
  const threshold = expectNumber('relevanceThreshold', value);
  if (implicit) throw rangeError('relevanceThreshold', 'left out where the test has no ratings', value);
  return threshold;
}

function readCandidates(value: EvaluateOptions['candidates']): 'all' | SampledNegatives {
  if (value === 'all') return value;
  if (typeof value === 'string') throw rangeError('candidates', "'all' or { sampledNegatives, seed }", value);
  expectKnownKeys('candidates', value, ['sampledNegatives', 'seed']);
  return {
    sampledNegatives: expectInt('candidates.sampledNegatives', value?.sampledNegatives, { min: 1 }),
    seed: expectInt('candidates.seed', value?.seed ?? 42, { min: 0 }),
  };
}

function readIntervals(value: boolean | IntervalOptions): Required<IntervalOptions> | undefined {
  if (typeof value === 'object' && value !== null) return readIntervalOptions(value);
  return expectBoolean('intervals', value) ? readIntervalOptions({}) : undefined;
}

function readBaselines(value: boolean | { seed?: number }): { seed: number } | undefined {
  if (typeof value !== 'object' || value === null) return expectBoolean('baselines', value) ? { seed: 42 } : undefined;
  expectKnownKeys('baselines', value, ['seed']);
  return { seed: expectInt('baselines.seed', value.seed ?? 42, { min: 0 }) };
}

/** The search that serves the model. */
function rankerOf(data: ModelData, threads: number | undefined, device: number | undefined): Ranker {
  const serving = servingOf(data);
  return {
    dim: serving.dim,
    rank: async ({ users, ...query }, signal) =>
      (await serving.forUsers(users).start({ ...query, threads, device }, signal)).indices,
    rankFirst: ({ users, exclude, candidates, targets }, signal) =>
      serving.forUsers(users).rankFirst({ exclude, candidates, targets, threads }, signal),
    rankAmong: (user, items) => serving.forUsers(Uint32Array.of(user)).sort(items),
  };
}
