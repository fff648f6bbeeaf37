/** The public names of palate, in the order in which data flows through them. */

// Reading

export { cachedMovieLens, type DownloadOptions, downloadMovieLens, type MovieLensName } from './load/download.js';
export type { ColumnRef, Encoding, Format, LoadProgress, ReadOptions } from './load/options.js';
export type { ReadRatingsOptions } from './load/ratings-columns.js';
export { type ReadItemsOptions, readItems } from './load/read-items.js';
export { readRatings } from './load/read-ratings.js';
export { type RatingTables, type ReadTablesOptions, readTables } from './load/read-tables.js';
export { type ReadUsersOptions, readUsers } from './load/read-users.js';
export { SAMPLE_LABEL, type SampleOptions, sampleItems, sampleRatings } from './load/sample.js';

// Data

export { type CoOccurrence, type CoOccurrenceOptions, countCoOccurrences } from './dataset/co-occurrence.js';
export { Dataset, type DatasetOptions, type DatasetSummary } from './dataset/dataset.js';
export { buildFields, encodeRow, type Field, type FieldSpec } from './dataset/features.js';
export { type ByItem, Interactions } from './dataset/interactions.js';
export { type Id, type IdKind, Vocabulary } from './dataset/vocabulary.js';

// Splits

export { type KFoldOptions, kFold } from './split/k-fold.js';
export { type LeaveLastOutOptions, leaveLastOut } from './split/leave-last-out.js';
export type { Fractions, Parts } from './split/parts.js';
export { splitByTime } from './split/split-by-time.js';
export { splitByUser } from './split/split-by-user.js';
export { splitRandom } from './split/split-random.js';

// Models

export { loadModel, Model, type ModelInfo } from './model.js';
export { train } from './train/train.js';

// Ranking

export type { Explanation } from './recommend/explain.js';
export type { RankedRow, Recommendations, SimilarItems } from './recommend/ranked-items.js';
export type { TopKResult } from './recommend/select-top-k.js';
export type { RatingDistribution } from './recommend/serving.js';
export type { SimilarPairs } from './recommend/similar-pairs.js';
export { type TopKOptions, topK, topKAsync } from './recommend/top-k.js';

// Evaluation

export { type BiasBaseline, type BiasBaselineOptions, biasBaseline } from './evaluate/baselines.js';
export { type EvaluateOptions, evaluate } from './evaluate/evaluate.js';
export type { Evaluation, PerUser } from './evaluate/measure.js';

// Tuning

export type { TuneOptions, TuneProgress } from './tune/options.js';
export type { TuneResult } from './tune/result.js';
export type { RungOptions } from './tune/rungs.js';
export type { Dimension, NumberRange, SearchSpace, Values } from './tune/space.js';
export type { Trial, TrialOptions, TrialStatus } from './tune/trial.js';
export { tune } from './tune/tune.js';

// Reports

export {
  type ChartTexts,
  dataChapter,
  type EmbeddingMapOptions,
  embeddingMap,
  lossChart,
  type ModelChapterOptions,
  modelChapter,
  normChart,
  type SweepChartOptions,
  sweepChart,
  writeReport,
} from './report/report.js';
export type { SweepRun } from './report/sweep-chart.js';
export type { Chart, Report, ReportChapter, ReportPart, ReportTable } from './report/types.js';

// Devices

export type { Gpu } from './native/binding.js';
export { type CpuDevice, type CudaDevice, type DeviceInfo, devices } from './native/device.js';

// Errors

export {
  DataError,
  type DataLocation,
  DeviceError,
  DivergedError,
  MissingPackageError,
  ModelFileError,
  NativeLoadError,
} from './errors.js';

// Options and results

export type * from './types.js';
