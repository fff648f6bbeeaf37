import { biasBaseline, compareEvaluations, type Dataset, type Evaluation, evaluate, train } from '../../src/index.js';
import { secondsSince } from '../measure.js';
import type { Parts } from './data.js';
import type { ExplicitResult, ImplicitResult, OverFolds } from './types.js';
import type { Variant } from './variants.js';

/** Lists of 10, and recall of 20 as most tables of likes have it. */
const METRICS = ['ndcg@10', 'recall@20', 'map@10', 'mrr', 'coverage@10', 'novelty@10', 'diversity@10', 'popularity@10'];

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

function overFolds(values: readonly number[]): OverFolds {
  const middle = mean(values);
  const squares = values.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return { mean: middle, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** Errors of ratings from biases alone: of the mean, the users and the items. */
export function measureBiases(folds: readonly Parts[]): ExplicitResult {
  const errors = folds.map((fold) => {
    const biases = biasBaseline(fold.train);
    const { users, items, values } = fold.test.interactions;
    const differences = Array.from(values, (value, n) => value - biases.predict(users[n], items[n]));
    return { rmse: Math.sqrt(mean(differences.map((x) => x * x))), mae: mean(differences.map(Math.abs)) };
  });
  return {
    variant: 'biases (baseline)',
    rmse: overFolds(errors.map(({ rmse }) => rmse)),
    mae: overFolds(errors.map(({ mae }) => mae)),
  };
}

/** Trains on each fold's training part and predicts its test part. */
export async function measureExplicit(
  { name, options }: Variant,
  folds: readonly Parts[],
  signal: AbortSignal,
): Promise<ExplicitResult> {
  const figures: { rmse: number; mae: number; seconds: number }[] = [];
  for (const fold of folds) {
    const start = performance.now();
    const model = await train(fold.train, { ...options, signal });
    const seconds = secondsSince(start);
    const { metrics } = await evaluate(model, fold.test, { metrics: ['rmse', 'mae'], signal });
    figures.push({ rmse: metrics.rmse, mae: metrics.mae, seconds });
  }
  return {
    variant: name,
    rmse: overFolds(figures.map(({ rmse }) => rmse)),
    mae: overFolds(figures.map(({ mae }) => mae)),
    seconds: mean(figures.map(({ seconds }) => seconds)),
  };
}

/** Trains on likes and ranks all films that a user has not liked. */
export async function measureImplicit(
  { name, options }: Variant,
  parts: Parts,
  reference: Evaluation | undefined,
  signal: AbortSignal,
): Promise<{ result: ImplicitResult; evaluation: Evaluation }> {
  const start = performance.now();
  const model = await train(parts.train, { ...options, signal });
  const seconds = secondsSince(start);
  const evaluating = performance.now();
  const evaluation = await evaluateLikes(model, parts.test, signal);
  const evaluateSeconds = secondsSince(evaluating);
  const differences = reference === undefined ? {} : await compareEvaluations(evaluation, reference, { signal });
  const { metrics, intervals = {} } = evaluation;
  return { result: { variant: name, seconds, evaluateSeconds, metrics, intervals, differences }, evaluation };
}

const evaluateLikes = (
  model: Parameters<typeof evaluate>[0],
  test: Dataset,
  signal: AbortSignal,
): Promise<Evaluation> =>
  evaluate(model, test, { metrics: METRICS, perUser: true, intervals: true, baselines: true, signal });
