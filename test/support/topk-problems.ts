import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { SelectTopkCall, SimdLevel } from '../../src/native/binding.js';
import { native } from '../../src/native/load.js';
import type { TopkProblem } from '../oracle/topk.js';

export interface TopkRows {
  /** (numQueries, k) */
  indices: Uint32Array;
  /** (numQueries, k) */
  scores: Float32Array;
}

export interface Sizes {
  numQueries: number;
  numItems: number;
  dim: number;
  k: number;
  cosine?: boolean;
}

/** Which extras a problem has. */
export interface Extras {
  biases?: boolean;
  exclude?: boolean;
  candidates?: boolean;
}

/** Arguments of the native top-k for a problem. */
export function callOf(problem: TopkProblem, threads: number): SelectTopkCall {
  const { exclude, ...rest } = problem;
  const offsets = new Uint32Array((exclude?.length ?? 0) + 1);
  for (const [q, list] of (exclude ?? []).entries()) offsets[q + 1] = offsets[q] + list.length;
  return {
    ...rest,
    indices: new Uint32Array(problem.numQueries * problem.k).fill(7),
    scores: new Float32Array(problem.numQueries * problem.k).fill(7),
    itemBiases: problem.itemBiases,
    candidates: problem.candidates,
    excludeOffsets: exclude === undefined ? undefined : offsets,
    excludeItems: exclude === undefined ? undefined : Uint32Array.from(exclude.flat()),
    threads,
  };
}

/** Calls the native top-k on a problem. */
export function nativeTopk(problem: TopkProblem, threads: number = 1): TopkRows {
  const call = callOf(problem, threads);
  native().selectTopk(call);
  return { indices: call.indices, scores: call.scores };
}

/** Runs `body` once with each available instruction set. */
export function eachLevel(body: (level: SimdLevel) => void): void {
  try {
    for (const level of native().simdLevels().available) {
      native().setSimdLevel(level);
      body(level);
    }
  } finally {
    native().setSimdLevel('auto');
  }
}

/** Rows of whole numbers: every sum is exact in float32, so scores and ties are those of the oracle. */
export function wholeProblem(sizes: Sizes, extras: Extras = {}, seed = 1): TopkProblem {
  const random = new Random(seed);
  return fill(sizes, extras, random, () => random.below(7) - 3);
}

/** Rows of roughly normal numbers. */
export function realProblem(sizes: Sizes, extras: Extras = {}, seed = 1): TopkProblem {
  const random = new Random(seed);
  return fill(sizes, extras, random, () => random.float() + random.float() + random.float() - 1.5);
}

function fill(sizes: Sizes, extras: Extras, random: Random, draw: () => number): TopkProblem {
  const { numQueries, numItems, dim } = sizes;
  const floats = (length: number): Float32Array => Float32Array.from({ length }, draw);
  const some = (share: number): number[] =>
    Array.from({ length: numItems }, (_, i) => i).filter(() => random.float() < share);
  const problem: TopkProblem = {
    cosine: false,
    ...sizes,
    queries: floats(numQueries * dim),
    items: floats(numItems * dim),
  };
  if (extras.biases) problem.itemBiases = floats(numItems);
  // From nothing to everything excluded.
  if (extras.exclude) problem.exclude = Array.from({ length: numQueries }, (_, q) => some((q % 5) / 4));
  if (extras.candidates) problem.candidates = Uint8Array.from({ length: numItems }, () => random.below(2) * 255);
  return problem;
}

/** One query of a problem as a problem of its own. */
export function singleQuery(problem: TopkProblem, query: number): TopkProblem {
  const { dim, exclude } = problem;
  return {
    ...problem,
    numQueries: 1,
    queries: problem.queries.slice(query * dim, (query + 1) * dim),
    exclude: exclude === undefined ? undefined : [exclude[query]],
  };
}

export function assertSameBits(actual: TopkRows, expected: TopkRows, what: string): void {
  assert.ok(Buffer.from(actual.indices.buffer).equals(Buffer.from(expected.indices.buffer)), `${what}: items`);
  assert.ok(Buffer.from(actual.scores.buffer).equals(Buffer.from(expected.scores.buffer)), `${what}: scores`);
}

/** Batches are screened in another order of additions; only the scores as defined may decide. */
export function assertSameAsSingle(problem: TopkProblem, what: string): void {
  const { k } = problem;
  eachLevel((level) => {
    const all = nativeTopk(problem);
    for (let q = 0; q < problem.numQueries; q++) {
      const row = { indices: all.indices.slice(q * k, q * k + k), scores: all.scores.slice(q * k, q * k + k) };
      assertSameBits(row, nativeTopk(singleQuery(problem, q)), `${level}: ${what}, query ${q}`);
    }
  });
}
