import type { TableSpec } from './spec.js';

export const popularity: TableSpec<object> = {
  name: 'popularity',
  summary: 'the items with the most training interactions, the same for everyone; the baseline to beat',
  source: 'no paper; the deterministic check of an evaluation',
  trainer: 'popularity',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
  options: {},
};
