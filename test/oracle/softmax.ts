/** The softmax model, naively in float64 from the formulas of native/kernels/softmax.h. */
import type { SoftmaxConfig } from '../../src/native/binding.js';
import type { OraclePair } from './pair-split.js';

/** Named arrays, so that tests can walk over all of them. */
export interface SoftmaxParameters {
  /** (numItems, dim) */
  inputs: Float64Array;
  /** (numItems, dim); the same array as `inputs` in the tied model */
  outputs: Float64Array;
  /** (numItems) or empty */
  biases: Float64Array;
  /** W1, b1, W2, b2, gain, shift; see NativeSoftmaxTrainer.read */
  weights: Float64Array;
}

/** Whether the dropout keeps a hidden unit of a row of the batch; undefined: all are kept and none is scaled. */
export type Keeps = ((row: number, unit: number) => boolean) | undefined;

/** Dropout's hash of (key, row, unit). */
export function dropoutKeeps(config: SoftmaxConfig, key: number): Keeps {
  if (config.dropout === 0) return undefined;
  const threshold = Math.floor(Math.fround(config.dropout) * 2 ** 32);
  return (row, unit) => {
    let x = key ^ Math.imul(row * config.hidden + unit, 0x9e3779b9);
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0 >= threshold;
  };
}

/** h of an input item; `row` is its place in the batch. */
function hiddenOf(config: SoftmaxConfig, p: SoftmaxParameters, item: number, row = 0, keeps?: Keeps): Float64Array {
  const { dim, hidden, dropout, layerNorm } = config;
  const e = p.inputs.subarray(item * dim, (item + 1) * dim);
  const x = Float64Array.from(e);
  let at = 0;
  const take = (size: number): Float64Array => {
    at += size;
    return p.weights.subarray(at - size, at);
  };
  if (hidden > 0) {
    const [w1, b1, w2, b2] = [take(hidden * dim), take(hidden), take(dim * hidden), take(dim)];
    const scale = keeps === undefined ? 1 : 1 / (1 - Math.fround(dropout));
    for (let unit = 0; unit < hidden; unit++) {
      let a = b1[unit] as number;
      for (let k = 0; k < dim; k++) a += (w1[unit * dim + k] as number) * (e[k] as number);
      if (a <= 0 || (keeps !== undefined && !keeps(row, unit))) continue;
      for (let k = 0; k < dim; k++) x[k] = (x[k] as number) + (w2[k * hidden + unit] as number) * a * scale;
    }
    for (let k = 0; k < dim; k++) x[k] = (x[k] as number) + (b2[k] as number);
  }
  if (!layerNorm) return x;
  const [gain, shift] = [take(dim), take(dim)];
  const mean = x.reduce((sum, value) => sum + value, 0) / dim;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim;
  return x.map(
    (value, k) => ((value - mean) / Math.sqrt(variance + 1e-5)) * (gain[k] as number) + (shift[k] as number),
  );
}

/** Logits of all items for an input with h. */
function logitsOf(config: SoftmaxConfig, p: SoftmaxParameters, h: Float64Array, input: number): Float64Array {
  const { numItems, dim, selfMask } = config;
  return Float64Array.from({ length: numItems }, (_, item) => {
    if (selfMask && item === input) return Number.NEGATIVE_INFINITY;
    let logit = p.biases[item] ?? 0;
    for (let k = 0; k < dim; k++) logit += (h[k] as number) * (p.outputs[item * dim + k] as number);
    return logit;
  });
}

/** A row of a batch: an input with its targets, repeated as often as they count. */
export interface OracleRow {
  input: number;
  targets: readonly number[];
}

/** Sum of the cross-entropies of rows. */
export function rowsLoss(config: SoftmaxConfig, p: SoftmaxParameters, rows: readonly OracleRow[], keeps?: Keeps) {
  let loss = 0;
  rows.forEach(({ input, targets }, row) => {
    const logits = logitsOf(config, p, hiddenOf(config, p, input, row, keeps), input);
    const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const normaliser = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    for (const target of targets) loss += normaliser - (logits[target] as number);
  });
  return loss;
}

/** Pairs as rows, one an input, by ascending input. */
export function rowsOf(pairs: readonly OraclePair[]): OracleRow[] {
  const targets = new Map<number, number[]>();
  for (const { input, target } of pairs) {
    const row = targets.get(input);
    if (row === undefined) targets.set(input, [target]);
    else row.push(target);
  }
  return [...targets].sort(([a], [b]) => a - b).map(([input, of]) => ({ input, targets: of }));
}

/** Arrays that are trained, each once. */
export function trained(p: SoftmaxParameters): Float64Array[] {
  return p.inputs === p.outputs ? [p.inputs, p.biases, p.weights] : [p.inputs, p.outputs, p.biases, p.weights];
}

/** Gradients of `loss` by central differences, one array for each trained one. */
export function differences(p: SoftmaxParameters, loss: () => number, step = 1e-5): Float64Array[] {
  return trained(p).map((values) =>
    values.map((value, at) => {
      values[at] = value + step;
      const above = loss();
      values[at] = value - step;
      const below = loss();
      values[at] = value;
      return (above - below) / (2 * step);
    }),
  );
}
