import type { CountTrainerConfig } from '../../src/native/binding.js';

/** Parameters in float64: vectors (numItems, dim) and, for glove, biases. */
export interface CountParameters {
  vectors: number[][];
  biases: number[];
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);

/** Weight, target and whether the biases take part, of one pair. */
function termOf(config: CountTrainerConfig, count: number): { weight: number; target: number; biased: boolean } {
  if (config.loss === 'allPairs') {
    return { weight: 1, target: config.target === 'log' ? Math.log1p(count) : count, biased: false };
  }
  const weight = count === 0 ? 0 : Math.min(1, (count / config.countCap) ** config.countPower);
  return { weight, target: Math.log(Math.max(1, count)), biased: true };
}

/** The cost of factorize_counts.h, pair by pair, and its gradient. */
export function costAndGradient(config: CountTrainerConfig, counts: number[][], p: CountParameters) {
  const gradient: CountParameters = { vectors: p.vectors.map((v) => v.map(() => 0)), biases: p.biases.map(() => 0) };
  let cost = 0;
  for (const [i, row] of counts.entries()) {
    for (const [j, count] of row.entries()) {
      if (i === j) continue;
      const { weight, target, biased } = termOf(config, count);
      const error = dot(p.vectors[i], p.vectors[j]) + (biased ? p.biases[i] + p.biases[j] : 0) - target;
      cost += weight * error * error;
      for (const [a, b] of [
        [i, j],
        [j, i],
      ]) {
        for (let k = 0; k < config.dim; k++) gradient.vectors[a][k] += 2 * weight * error * p.vectors[b][k];
        if (biased) gradient.biases[a] += 2 * weight * error;
      }
    }
  }
  return { cost, gradient };
}

/** Trains `p` in place by full-batch steps; returns the cost before each. */
export function factorizeCounts(
  config: CountTrainerConfig,
  counts: number[][],
  p: CountParameters,
  learningRates: readonly number[],
): number[] {
  const rows = (of: CountParameters): number[][] => [...of.vectors, of.biases];
  const first = rows(p).map((row) => row.map(() => 0));
  const second = rows(p).map((row) => row.map(() => 0));
  const { beta1, beta2 } = config;
  return learningRates.map((rate, n) => {
    const { cost, gradient } = costAndGradient(config, counts, p);
    const slopes = rows(gradient);
    for (const [r, row] of rows(p).entries()) {
      for (let k = 0; k < row.length; k++) {
        const g = slopes[r][k];
        if (config.optimizer === 'sgd') {
          first[r][k] = config.momentum * first[r][k] + g;
          row[k] -= rate * first[r][k];
          continue;
        }
        first[r][k] = beta1 * first[r][k] + (1 - beta1) * g;
        second[r][k] = beta2 * second[r][k] + (1 - beta2) * g * g;
        const m = first[r][k] / (1 - beta1 ** (n + 1));
        const v = second[r][k] / (1 - beta2 ** (n + 1));
        row[k] -= (rate * m) / (Math.sqrt(v) + config.epsilon);
      }
    }
    return cost;
  });
}
