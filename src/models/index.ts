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
