/** Random numbers of the Gibbs sampler's twin: those of native/math/random.h by place, and what is made of them. */
import type { OracleSequence } from './train-rng.js';

/** Phi(x) by its series; far out by Laplace's continued fraction. */
export function normalCdf(x: number): number {
  if (x > 3) return 1 - normalCdf(-x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < -3) {
    let below = -x;
    for (let n = 100; n > 0; n--) below = -x + n / below;
    return x === -Infinity ? 0 : density / below;
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 100; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + density * sum;
}

/** The inverse of Phi, by bisection. */
export function normalQuantile(p: number): number {
  let [low, high] = [-7, 7];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export const uniform = (s: OracleSequence, n: number): number => (Number(s.at(n) >> 41n) + 0.5) / 2 ** 23;
export const normal = (s: OracleSequence, n: number): number => normalQuantile(uniform(s, n));

/** Marsaglia and Tsang's way to a gamma variate of rate 1. */
export function gamma(shape: number, s: OracleSequence): number {
  const d = shape - 1 / 3;
  for (let n = 0; ; n += 2) {
    const x = normal(s, n);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(uniform(s, n + 1)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
