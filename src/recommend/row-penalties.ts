import type { FactorModelData, Regularization } from '../types.js';

/** What the penalties of rows follow from. */
export type PenalizedModel = Pick<FactorModelData, 'options' | 'parameters' | 'seen' | 'history'>;

/** L2 penalties of a row's factors and bias beside the sum of its losses. */
export interface Penalties {
  factors: number;
  bias: number;
}

interface Options {
  objective?: string;
  optimizer?: string;
  batchSize?: number | 'full';
  weightDecay?: string;
  regularization?: Regularization;
  regularizationPower?: number;
}

const smallest = 1e-6;

/**
 * How large the slope of a loss by the score is in training, as a root mean square: 2 error (rise of the link at the mean
 * rating), of the cross-entropy the error of the share.
 */
function slopeOf(
  { parameters: { link, range }, seen, history }: PenalizedModel,
  objective: string | undefined,
): number {
  const span = range.max - range.min;
  const rmse = history.at(-1)?.train.rmse ?? span / 4;
  if (objective === 'logistic') return rmse / span;
  if (link === 'identity') return 2 * rmse;
  const share = (seen.meanValue() - range.min) / span;
  return 2 * rmse * span * share * (1 - share);
}

/**
 * AdamW takes lambda of a row each step, and moves it by gradient / v^1/2, v the mean square of its gradients over steps:
 * rows come to rest where lambda v^1/2 row + (gradient of the mean loss) = 0. A row with n of N ratings has ratings in n B / N
 * of the batches of B, each with a gradient of about slope * factor / B, so v^1/2 = slope factor / B (n B / N)^1/2; times
 * N / 2 that is the penalty beside the sum of losses.
 * @returns the penalty of a row with one rating, for lambda = 1 and a factor of 1
 */
function restOfDecay(model: PenalizedModel, options: Options): number {
  const size = model.seen.size;
  const batch = options.batchSize === 'full' ? size : Math.min(size, options.batchSize ?? 1);
  return 0.5 * slopeOf(model, options.objective) * Math.sqrt(size / batch);
}

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / Math.max(1, values.length));

/**
 * Penalties by the number of ratings of a row, as training applied them: row by row lambda n^power; of batches, whose coupled
 * decay lambda acts on the mean over all N ratings, lambda N / 2; of decoupled decay what it comes to.
 * @param side of the rows
 * @param fixed factors of the other side
 */
export function rowPenalties(
  model: PenalizedModel,
  side: 'user' | 'item',
  fixed: Float32Array,
): (count: number) => Penalties {
  const own = model.parameters.penalties;
  if (own !== undefined) return () => own;
  const options = model.options as Options;
  const factors = options.regularization?.[side] ?? 0;
  const bias = options.regularization?.bias ?? 0;
  const scaled = (ofFactors: number, ofBias: number): Penalties => ({
    factors: Math.max(smallest, factors * ofFactors),
    bias: Math.max(smallest, bias * ofBias),
  });
  const isAdam = options.optimizer === 'adam';
  if (!isAdam || options.weightDecay !== 'decoupled') {
    const isRowWise = !isAdam && options.batchSize === 1;
    const scale = (count: number): number =>
      isRowWise ? count ** (options.regularizationPower ?? 0) : model.seen.size / 2;
    return (count) => scaled(scale(count), scale(count));
  }
  const rest = restOfDecay(model, options);
  const factor = rootMeanSquare(fixed);
  return (count) => scaled(rest * factor * Math.sqrt(count), rest * Math.sqrt(count));
}
