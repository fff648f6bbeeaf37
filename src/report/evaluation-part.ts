import type { Dataset } from '../dataset/dataset.js';
import { evaluate } from '../evaluate/evaluate.js';
import type { Model } from '../model.js';
import { formatCount, formatMeasure } from './format.js';
import type { ReportPart } from './types.js';

/** Metrics on ratings that the model was not trained on, with intervals, and what they mean. */
export async function evaluationPart(model: Model, test: Dataset, signal?: AbortSignal): Promise<ReportPart> {
  const { metrics, intervals, definitions, users, interactions } = await evaluate(model, test, {
    intervals: true,
    signal,
  });
  const rows = Object.entries(metrics).map(([metric, value]) => {
    const interval = intervals?.[metric];
    const isKnown = interval !== undefined && Number.isFinite(interval.high - interval.low);
    return {
      metric,
      value: formatMeasure(value),
      '95 % interval': isKnown ? `${formatMeasure(interval.low)} to ${formatMeasure(interval.high)}` : undefined,
      meaning: definitions[metric],
    };
  });
  return {
    title: 'On ratings held back',
    about:
      `${formatCount(interactions)} ratings that training did not see; rankings are means over ${formatCount(users)} users. ` +
      'Intervals are for another draw of users, by the bootstrap.',
    tables: [{ name: 'metrics', title: 'Metrics', rows }],
  };
}
