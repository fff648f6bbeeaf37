import { Table, Utf8, vectorFromArray } from 'apache-arrow';
import { Interactions } from '../../src/dataset/interactions.js';
import { Vocabulary } from '../../src/dataset/vocabulary.js';
import type { FactorModelData, FieldParameters, Link } from '../../src/types.js';

/** A repeatable uniform number in [-1, 1). */
export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export interface TinyOptions {
  numUsers?: number;
  numItems?: number;
  dim?: number;
  link?: Link;
  fields?: FieldParameters[];
  implicitTerm?: boolean;
  options?: Record<string, unknown>;
  seed?: number;
}

/** A model with random parameters, ids 10, 20, ... for users and 1, 2, ... for items; user u has seen every third item from u. */
export function tinyModel({
  numUsers = 5,
  numItems = 33,
  dim = 7,
  link = 'identity',
  fields = [],
  implicitTerm = false,
  options,
  seed = 1,
}: TinyOptions = {}): FactorModelData {
  const random = noise(seed);
  const floats = (length: number): Float32Array => Float32Array.from({ length }, random);
  const seenItems = Array.from({ length: numUsers }, (_, u) =>
    Array.from({ length: numItems }, (_, i) => i).filter((i) => i % 3 === u % 3),
  );
  const offsets = new Uint32Array(numUsers + 1);
  for (const [u, list] of seenItems.entries()) offsets[u + 1] = (offsets[u] as number) + list.length;
  const items = Uint32Array.from(seenItems.flat());
  const titles = Array.from({ length: numItems }, (_, i) => `Film ${i + 1} (${1990 + i})`);
  return {
    name: 'mf',
    options: {
      model: 'mf',
      seed: 0,
      objective: 'squared',
      biases: true,
      batchSize: 1,
      optimizer: 'sgd',
      regularizationPower: 0.5,
      regularization: { user: 0.3, item: 0.3, bias: 0.1, feature: 0.1 },
      ...options,
    },
    users: new Vocabulary(Int32Array.from({ length: numUsers }, (_, u) => 10 * (u + 1))),
    items: new Vocabulary(Int32Array.from({ length: numItems }, (_, i) => i + 1)),
    seen: new Interactions({
      numUsers,
      numItems,
      offsets,
      items,
      values: new Float32Array(items.length).fill(3),
      times: undefined,
    }),
    itemTable: new Table({ title: vectorFromArray(titles, new Utf8()) }),
    userTable: undefined,
    implicit: false,
    parameters: {
      kind: 'factors',
      dim,
      globalBias: 0.25,
      userFactors: floats(numUsers * dim),
      itemFactors: floats(numItems * dim),
      userBiases: floats(numUsers),
      itemBiases: floats(numItems),
      link,
      range: { min: 0.5, max: 5 },
      fields,
      ...(implicitTerm && { implicitFactors: floats(numItems * dim) }),
    },
    history: [],
    metrics: {},
  };
}

/** Raw score of a pair, the plain way. */
export function rawScore({ parameters: p }: FactorModelData, user: number, item: number): number {
  let sum = p.globalBias + (p.userBiases[user] as number) + (p.itemBiases[item] as number);
  for (let k = 0; k < p.dim; k++)
    sum += (p.userFactors[user * p.dim + k] as number) * (p.itemFactors[item * p.dim + k] as number);
  return sum;
}
