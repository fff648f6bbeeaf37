import { run as coLikes } from './co-likes.js';
import { run as factorizationMachine } from './factorization-machine.js';
import { run as itemSoftmax } from './item-softmax.js';
import { run as matrixFactorization } from './matrix-factorization.js';
import { run as ratingClassifier } from './rating-classifier.js';
import type { Recipe } from './recipe.js';

export type { Recipe, RecipeResult, Variant } from './recipe.js';

/** The recipes in the order of the tour. */
export const recipes: readonly Recipe[] = [
  { name: 'item-softmax', run: itemSoftmax },
  { name: 'matrix-factorization', run: matrixFactorization },
  { name: 'factorization-machine', run: factorizationMachine },
  { name: 'rating-classifier', run: ratingClassifier },
  { name: 'co-likes', run: coLikes },
];
