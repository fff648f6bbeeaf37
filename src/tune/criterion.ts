import type { Dataset } from '../dataset/dataset.js';
import { type EvaluateOptions, evaluate } from '../evaluate/evaluate.js';
import { type MetricRequest, readMetrics } from '../evaluate/metric-names.js';
import type { Model } from '../model.js';
import { rangeError, typeError } from '../options.js';
import type { EpochReport } from '../types.js';

/** What trials are compared by. */
export interface Criterion {
  /** 'loss', 'trainLoss', or the metric as `evaluate` names it. */
  name: string;
  smallerIsBetter: boolean;
  /** It compares on data that are held back. */
  needsValidation: boolean;
  /** Its value after an epoch; of a ranking metric, which no training measures, the validation loss. */
  ofEpoch(report: EpochReport): number | undefined;
  /** Its value on the validation part. */
  measure(
    model: Model,
    validation: Dataset | undefined,
    run: { threads: number; signal: AbortSignal },
  ): Promise<number>;
  /** How `evaluate` scores the test part: its usual metrics, and this one. */
  evaluation: Pick<EvaluateOptions, 'k' | 'metrics'>;
}

/** Cut-off of a list metric that names none. */
const DEFAULT_K = 10;

/** The one metric that a name stands for. */
function readName(value: unknown): MetricRequest {
  if (typeof value !== 'string') throw typeError('metric', "'loss' or the name of a metric, such as 'ndcg@10'", value);
  try {
    return readMetrics([value], [DEFAULT_K], true)[0] as MetricRequest;
  } catch (error) {
    // The same message, under the name of this option, and with the one word that `evaluate` does not know.
    if (error instanceof Error)
      error.message = error.message.replace('`metrics` to be', "`metric` to be 'loss', 'trainLoss' or");
    throw error;
  }
}

/** The criterion of a loss that training reports. */
function readLoss(name: 'loss' | 'trainLoss'): Criterion {
  const ofTraining = name === 'trainLoss';
  return {
    name,
    smallerIsBetter: true,
    needsValidation: !ofTraining,
    ofEpoch: ({ train, valid }) => (ofTraining ? train : valid)?.loss,
    evaluation: {},
    measure: async (model) => {
      const loss = model.metrics[ofTraining ? 'trainLoss' : 'validLoss'];
      if (loss !== undefined) return loss;
      throw rangeError('metric', `a ranking metric such as 'ndcg@10', as '${model.name}' reports no such loss`, name);
    },
  };
}

/**
 * The criterion of a metric. Losses and 'rmse' are taken from what training reports of its validation part, without
 * another pass over it; the others are measured on the finished model.
 * @param rated the model predicts ratings, and the data has some.
 */
export function readCriterion(value: unknown, rated: boolean): Criterion {
  if (value === 'loss') return readLoss('loss');
  if (value === 'trainLoss') return readLoss('trainLoss');
  const { name, kind, k } = readName(value);
  const ofRatings = kind === 'rmse' || kind === 'mae';
  if (ofRatings && !rated) {
    throw rangeError('metric', "'loss' or a ranking metric: the model or the data has no ratings", value);
  }
  return {
    name,
    // Of the same accuracy, what recommends other items than the popular ones says more.
    smallerIsBetter: ofRatings || kind === 'popularity' || kind === 'gini',
    needsValidation: true,
    // What evaluate leaves out unless it is named.
    evaluation: kind === 'ndcgFull' || kind === 'truncatedRecall' ? { metrics: [name] } : { k: k ?? DEFAULT_K },
    ofEpoch: (report) => (kind === 'rmse' ? (report.valid?.rmse ?? report.valid?.loss) : report.valid?.loss),
    measure: async (model, validation, { threads, signal }) => {
      if (kind === 'rmse' && model.metrics.validRmse !== undefined) return model.metrics.validRmse;
      const { metrics } = await evaluate(model, validation as Dataset, { metrics: [name], threads, signal });
      return metrics[name] as number;
    },
  };
}

/** A number that is smaller the better the trial is; NaN, where nothing could be measured, counts as the worst. */
export function scoreOf({ smallerIsBetter }: Criterion, value: number | undefined): number {
  if (value === undefined || Number.isNaN(value)) return Number.POSITIVE_INFINITY;
  return smallerIsBetter ? value : -value;
}
