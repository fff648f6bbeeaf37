import type { TableSpec } from './spec.js';

/** What training of itemKnn takes. */
export interface ItemKnnOptions {
  neighbors: number | 'all';
  similarity: 'cosine' | 'jaccard';
  /** Of 'cosine'. */
  asymmetry: number | undefined;
  shrink: number;
  weighting: 'none' | 'tfIdf' | 'bm25';
  normalize: boolean;
  ratingWeights: boolean;
  positiveThreshold: number;
}

export const itemKnn: TableSpec<ItemKnnOptions> = {
  name: 'itemKnn',
  summary: 'items by their similarity to what a user liked: cosine or Jaccard of who likes them',
  source: 'Deshpande, Karypis 2004, section 4; asymmetric cosine: Aiolli 2013, eq. 2',
  trainer: 'itemKnn',
  usesFeatures: false,
  predictsRatings: false,
  update: 'retrain',
  options: {
    neighbors: { type: 'int', min: 1, words: ['all'], default: 100, about: 'weights an item at most, the strongest' },
    similarity: { type: 'oneOf', words: ['cosine', 'jaccard'], default: 'cosine', about: 'of two items' },
    asymmetry: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.5,
      only: { similarity: ['cosine'] },
      about: 'of the cosine: share of the history item in the norm; less favours what goes with popular items',
    },
    shrink: {
      type: 'number',
      min: 0,
      default: 10,
      about: 'added to the norm, against chance similarities of rare items',
    },
    weighting: {
      type: 'oneOf',
      words: ['none', 'tfIdf', 'bm25'],
      default: 'none',
      about: 'of likes in similarities: alike, or less for users who like much (and for items liked much)',
    },
    normalize: { type: 'boolean', default: false, about: "scale each history item's weights to a sum of 1" },
    ratingWeights: { type: 'boolean', default: false, about: 'weight likes by their ratings' },
    positiveThreshold: { type: 'number', default: 4, about: 'least rating of a like' },
  },
  space: { neighbors: [20, 50, 100, 200, 500], shrink: [0, 10, 50], weighting: ['none', 'tfIdf', 'bm25'] },
};
