/** Optimizer steps of native/math/optimizers.h in float64, one parameter at a time. */
import type { TrainerConfig } from '../../src/native/binding.js';
import { type Kind, kinds, zerosLike } from './train-gradient.js';
import { activeRows, type OracleParameters, type Pairs } from './train-loss.js';

/** Where a parameter keeps its moments. */
export interface Moments {
  first: OracleParameters;
  second: OracleParameters;
}

export const newMoments = (p: OracleParameters): Moments => ({ first: zerosLike(p), second: zerosLike(p) });

/** What one step needs besides the gradient; numbers as float32 holds them. */
export interface Step {
  rate: number;
  /** Penalty of coupled or decoupled decay. */
  l2: number;
  /** From 1; Adam's bias corrections. */
  count: number;
}

type Values = { [at: number]: number };

/** Moves w[at] by gradient g. */
export function stepOne(
  config: TrainerConfig,
  { w, first, second }: { w: Values; first: Values; second: Values },
  at: number,
  g: number,
  { rate, l2, count }: Step,
): void {
  const epsilon = Math.fround(config.epsilon);
  const gradient = config.decoupled ? g : g + l2 * w[at];
  const kept = config.decoupled ? w[at] * (1 - rate * l2) : w[at];
  if (config.optimizer === 'sgd') {
    w[at] = kept - rate * gradient;
  } else if (config.optimizer === 'adagrad') {
    first[at] += gradient ** 2;
    w[at] = kept - (rate * gradient) / (Math.sqrt(first[at]) + epsilon);
  } else {
    const beta1 = Math.fround(config.beta1);
    const beta2 = Math.fround(config.beta2);
    first[at] = beta1 * first[at] + (1 - beta1) * gradient;
    second[at] = beta2 * second[at] + (1 - beta2) * gradient ** 2;
    const mean = first[at] / (1 - beta1 ** count);
    const deviation = Math.sqrt(second[at] / (1 - beta2 ** count));
    w[at] = kept - (rate * mean) / (deviation + epsilon);
  }
}

/** Learning rates and penalties of the five kinds of parameters. */
export function stepsOf(config: TrainerConfig, learningRate: number, count: number) {
  const base = Math.fround(learningRate);
  const bias = Math.fround(config.biasLearningRate);
  const feature = Math.fround(config.featureLearningRate);
  const penalty: Record<Kind, number> = {
    users: config.regularizationUser,
    items: config.regularizationItem,
    features: config.regularizationFeature,
  };
  const ofKind = (kind: Kind) => {
    const rate = kind === 'features' ? base * feature : base;
    return {
      factor: { rate, l2: Math.fround(penalty[kind]), count },
      bias: { rate: rate * bias, l2: Math.fround(config.regularizationBias), count },
    };
  };
  return { users: ofKind('users'), items: ofKind('items'), features: ofKind('features'), global: base * bias };
}

export type Touched = Record<Kind, Set<number>>;

/** Rows that take part in the ratings `batch` of `pairs`. */
export function touchedRows(
  config: TrainerConfig,
  p: OracleParameters,
  pairs: Pairs,
  batch: Iterable<number>,
): Touched {
  const touched: Touched = { users: new Set(), items: new Set(), features: new Set() };
  for (const n of batch) {
    for (const { rows, row } of activeRows(config, p, pairs.users[n], pairs.items[n])) {
      touched[kinds.find((kind) => p[kind] === rows) as Kind].add(row);
    }
  }
  return touched;
}

/** One step of every parameter, the dense meaning; a lazy Adam steps the rows in `touched` alone. */
export function stepAll(
  config: TrainerConfig,
  p: OracleParameters,
  { first, second }: Moments,
  gradient: OracleParameters,
  learningRate: number,
  count: number,
  touched: Touched,
): void {
  const lazy = config.lazy && config.optimizer === 'adam';
  const steps = stepsOf(config, learningRate, count);
  for (const kind of kinds) {
    for (const part of config.biases ? (['factors', 'biases'] as const) : (['factors'] as const)) {
      const target = { w: p[kind][part], first: first[kind][part], second: second[kind][part] };
      const step = part === 'factors' ? steps[kind].factor : steps[kind].bias;
      const width = part === 'factors' ? config.dim : 1;
      for (let at = 0; at < target.w.length; at++) {
        if (lazy && !touched[kind].has(Math.floor(at / width))) continue;
        stepOne(config, target, at, gradient[kind][part][at], step);
      }
    }
  }
  if (!config.trainGlobalBias) return;
  const target = { w: [p.globalBias], first: [first.globalBias], second: [second.globalBias] };
  stepOne(config, target, 0, gradient.globalBias, { rate: steps.global, l2: 0, count });
  p.globalBias = target.w[0];
  first.globalBias = target.first[0];
  second.globalBias = target.second[0];
}
