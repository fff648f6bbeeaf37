import type { ModelName } from '../types.js';
import { bayesianFm } from './bayesian-fm.js';
import { coLikes } from './co-likes.js';
import { ease } from './ease.js';
import { fm } from './fm.js';
import { ials } from './ials.js';
import { itemKnn } from './item-knn.js';
import { itemSoftmax } from './item-softmax.js';
import { mf } from './mf.js';
import { popularity } from './popularity.js';
import { slim } from './slim.js';
import type { ModelSpec } from './spec.js';

/** The register: one line a model. */
export const models: Readonly<Record<ModelName, ModelSpec>> = {
  popularity,
  itemKnn,
  ease,
  slim,
  ials,
  mf,
  fm,
  bayesianFm,
  itemSoftmax,
  coLikes,
};

/** The spec of a model by an objective that has a trainer of its own; else the model's. */
export function specOf(name: ModelName, objective: unknown): ModelSpec {
  const spec = models[name];
  const own: Readonly<Record<string, ModelSpec>> = spec.trainer === 'factors' ? { ...spec.byObjective } : {};
  return (typeof objective === 'string' ? own[objective] : undefined) ?? spec;
}

/** A spec and those of its objectives that have a trainer of their own. */
export function specsOf(spec: ModelSpec): ModelSpec[] {
  return [spec, ...(spec.trainer === 'factors' ? Object.values(spec.byObjective ?? {}) : [])];
}
