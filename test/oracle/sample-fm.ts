/**
 * The slow twin of native/kernels/sample_fm: every draw from its definition, over all ratings and all features, in
 * float64. Its random numbers are those of the kernel by place; what it makes of them is its own.
 */
import type { SamplerConfig } from '../../src/native/binding.js';
import { gamma, normal } from './normal-draws.js';
import { drawCutpoints, drawLatents, type OracleCategories, startCategories } from './sample-categories.js';
import { OracleSequence } from './train-rng.js';

export interface OracleRating {
  value: number;
  /** Feature and its x. */
  active: Map<number, number>;
}

export interface OracleField {
  begin: number;
  end: number;
}

export interface OracleSample {
  ratings: OracleRating[];
  fields: OracleField[];
  numFeatures: number;
  dim: number;
  seed: number;
  /** (dim + 1) rows of features; the last are the weights. */
  values: number[][];
  means: number[][];
  precisions: number[][];
  globalBias: number;
  precision: number;
  /** Of ordinal ratings, whose values are the normal numbers behind them. */
  categories: OracleCategories | undefined;
}

/** Features of a rating, side by side, numbered as the kernel does. */
function readRatings(c: SamplerConfig): { ratings: OracleRating[]; fields: OracleField[]; numFeatures: number } {
  const fields: OracleField[] = [];
  let next = 0;
  const addField = (size: number): number => {
    fields.push({ begin: next, end: next + size });
    next += size;
    return next - size;
  };
  const userIds = addField(c.numUsers);
  const userListed = next;
  for (const size of c.userFieldSizes) addField(size);
  const itemIds = addField(c.numItems);
  const itemListed = next;
  for (const size of c.itemFieldSizes) addField(size);
  const ratings: OracleRating[] = [];
  for (let user = 0; user < c.numUsers; user++) {
    for (let t = c.offsets[user]; t < c.offsets[user + 1]; t++) {
      const item = c.items[t];
      const active = new Map([
        [userIds + user, 1],
        [itemIds + item, 1],
      ]);
      for (let n = c.userFeatureOffsets[user]; n < c.userFeatureOffsets[user + 1]; n++)
        active.set(userListed + c.userFeatures[n], c.userFeatureWeights[n]);
      for (let n = c.itemFeatureOffsets[item]; n < c.itemFeatureOffsets[item + 1]; n++)
        active.set(itemListed + c.itemFeatures[n], c.itemFeatureWeights[n]);
      ratings.push({ value: c.values[t], active });
    }
  }
  let at = 0;
  for (const size of c.levelSizes) {
    const begin = addField(size);
    for (let label = 0; label < size; label++) {
      for (let t = c.levelOffsets[at + label]; t < c.levelOffsets[at + label + 1]; t++)
        ratings[t].active.set(begin + label, 1);
    }
    at += size + 1;
  }
  return { ratings, fields, numFeatures: next };
}

const isActive = (s: OracleSample, feature: number): boolean => s.ratings.some(({ active }) => active.has(feature));

export function startOracle(c: SamplerConfig): OracleSample {
  const sample: OracleSample = {
    ...readRatings(c),
    dim: c.dim,
    seed: c.seed,
    values: [],
    means: [],
    precisions: [],
    globalBias: c.globalBias,
    precision: 1,
    categories: c.categoryValues.length === 0 ? undefined : startCategories(c.categories, c.categoryValues.length),
  };
  const features = Array.from({ length: sample.numFeatures }, (_, feature) => feature);
  for (let f = 0; f <= c.dim; f++) {
    const sequence = new OracleSequence(c.seed, (1n << 63n) + BigInt(f));
    sample.values.push(features.map((j) => (f < c.dim && isActive(sample, j) ? c.initStd * normal(sequence, j) : 0)));
    sample.means.push(sample.fields.map(() => 0));
    sample.precisions.push(sample.fields.map(() => 0));
  }
  return sample;
}

const sumOver = (active: Map<number, number>, of: (x: number, feature: number) => number): number => {
  let sum = 0;
  for (const [feature, x] of active) sum += of(x, feature);
  return sum;
};

/** Rendle 2010, eq. 1 in the form of lemma 3.1. */
export function oracleScore(s: OracleSample, active: Map<number, number>): number {
  let score = s.globalBias + sumOver(active, (x, j) => x * s.values[s.dim][j]);
  for (const row of s.values.slice(0, s.dim)) {
    score += 0.5 * (sumOver(active, (x, j) => x * row[j]) ** 2 - sumOver(active, (x, j) => (x * row[j]) ** 2));
  }
  return score;
}

export const oracleScores = (s: OracleSample): number[] => s.ratings.map(({ active }) => oracleScore(s, active));

export const oracleErrors = (s: OracleSample): number[] =>
  s.ratings.map(({ value, active }) => value - oracleScore(s, active));

function drawPriors(s: OracleSample, f: number, sequence: OracleSequence): void {
  for (const [g, { begin, end }] of s.fields.entries()) {
    const at = f * s.fields.length + g;
    const members = Array.from({ length: end - begin }, (_, n) => begin + n).filter((j) => isActive(s, j));
    const old = s.means[f][g];
    const deviations = members.reduce((sum, j) => sum + (s.values[f][j] - old) ** 2, 0);
    const own = new OracleSequence(sequence.at(2 * at));
    const precision = gamma((1 + members.length + 1) / 2, own) / ((1 + deviations + old ** 2) / 2);
    const total = members.reduce((sum, j) => sum + s.values[f][j], 0);
    const mean =
      total / (members.length + 1) + normal(sequence, 2 * at + 1) / Math.sqrt((members.length + 1) * precision);
    s.means[f][g] = members.length === 0 ? 0 : mean;
    s.precisions[f][g] = precision;
    for (let j = begin; j < end; j++) if (!isActive(s, j)) s.values[f][j] = s.means[f][g];
  }
}

/** One value of the model, from its distribution given all others. */
function drawValue(s: OracleSample, f: number, g: number, j: number, z: number): void {
  const value = s.values[f][j];
  const errors = oracleErrors(s);
  let [squares, products] = [0, 0];
  for (const [t, { active }] of s.ratings.entries()) {
    const x = active.get(j);
    if (x === undefined) continue;
    const h = f === s.dim ? x : x * (sumOver(active, (y, l) => y * s.values[f][l]) - x * value);
    squares += h * h;
    products += h * (errors[t] + value * h);
  }
  const precision = s.precision * squares + s.precisions[f][g];
  const pull = s.precision * products + s.precisions[f][g] * s.means[f][g];
  s.values[f][j] = pull / precision + z / Math.sqrt(precision);
}

/** Draws everything once. */
export function sweepOracle(s: OracleSample, sweep: number): void {
  const streams = s.dim + 1 + 3;
  const sequence = (n: number): OracleSequence => new OracleSequence(s.seed, BigInt(sweep * streams + n));
  if (s.categories === undefined) {
    const errors = oracleErrors(s);
    const size = errors.length;
    const squares = errors.reduce((sum, e) => sum + e * e, 0);
    s.precision = gamma((1 + size) / 2, sequence(0)) / ((1 + squares) / 2);
    const mean = errors.reduce((sum, e) => sum + e, 0) / size;
    s.globalBias += mean + normal(sequence(1), 0) / Math.sqrt(s.precision * size);
  } else {
    const scores = oracleScores(s);
    drawCutpoints(s.categories, scores, s.seed, sweep);
    const latents = drawLatents(s.categories, scores, s.seed, sweep);
    for (const [t, rating] of s.ratings.entries()) rating.value = latents[t];
  }
  for (let f = 0; f <= s.dim; f++) drawPriors(s, f, sequence(2));
  for (const f of [s.dim, ...Array.from({ length: s.dim }, (_, k) => k)]) {
    const numbers = sequence(3 + f);
    for (const [g, { begin, end }] of s.fields.entries()) {
      for (let j = begin; j < end; j++) if (isActive(s, j)) drawValue(s, f, g, j, normal(numbers, j));
    }
  }
}
