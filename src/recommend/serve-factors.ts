import { models } from '../models/index.js';
import type { FactorModelData, FactorParameters, MomentParameters } from '../types.js';
import { servingFactors } from './combine-fields.js';
import { denseSearch, gatherRows } from './dense-search.js';
import { explainFactors } from './explain-factors.js';
import { foldInAll } from './fold-in.js';
import { findSlot } from './moments.js';
import { meanRating, ratingProbabilities } from './ordinal.js';
import type { Serving, UserSearch } from './serving.js';
import { UNKNOWN } from './unknown.js';

/** A raw score as a prediction: scaled sigmoid, the mean over categories, or clipped to the range. */
export function applyLink(
  { link, range, categories }: Pick<FactorParameters, 'link' | 'range' | 'categories'>,
  score: number,
): number {
  if (categories !== undefined) return meanRating(categories, score);
  if (link === 'sigmoid') return range.min + (range.max - range.min) / (1 + Math.exp(-score));
  return Math.min(range.max, Math.max(range.min, score));
}

/** Rows and biases, and which of them. */
interface Place {
  factors: Float32Array;
  biases: Float32Array;
  row: number;
}

/** What a user is like at a time: the finest of his moments that the model knows. */
function placeAt(moments: readonly MomentParameters[], own: Place, time: number): Place {
  for (let l = moments.length - 1; l >= 0; l--) {
    const { factors, biases, ...slots } = moments[l] as MomentParameters;
    const row = findSlot(slots, own.row, time);
    if (row >= 0) return { factors, biases, row };
  }
  return own;
}

/** Serves factors: a user is a row and a bias. Of models that predict ratings scores are ratings; else they are as they come. */
export function serveFactors(data: FactorModelData): Serving {
  const { dim, globalBias, userFactors, itemFactors, userBiases, itemBiases } = servingFactors(data);
  const { parameters } = data;
  const { moments = [], categories } = parameters;
  const shownAs = models[data.name].predictsRatings
    ? (score: number): number => applyLink(parameters, score)
    : (score: number): number => score;
  const rawScore = (user: number, item: number, time: number | undefined): number => {
    let score = globalBias;
    if (item !== UNKNOWN) score += itemBiases[item] as number;
    if (user === UNKNOWN) return score;
    const own = { factors: userFactors, biases: userBiases, row: user };
    const { factors, biases, row } = time === undefined || moments.length === 0 ? own : placeAt(moments, own, time);
    score += biases[row] as number;
    if (item === UNKNOWN) return score;
    for (let k = 0; k < dim; k++) score += (factors[row * dim + k] as number) * (itemFactors[item * dim + k] as number);
    return score;
  };
  const search = (queries: Float32Array, biases: Float32Array): UserSearch =>
    denseSearch({
      count: biases.length,
      queries,
      items: itemFactors,
      itemBiases,
      numItems: data.items.size,
      dim,
      metric: 'dot',
      shown(user, score) {
        return shownAs(globalBias + (biases[user] as number) + score);
      },
    });
  return {
    dim,
    forUsers: (users) =>
      search(
        gatherRows(userFactors, users, dim),
        Float32Array.from(users, (user) => userBiases[user] as number),
      ),
    // Views of the model's own arrays: nothing is copied.
    forRange: (first, end) => search(userFactors.subarray(first * dim, end * dim), userBiases.subarray(first, end)),
    forHistories(histories, method = 'solve') {
      const { factors, biases, lists } = foldInAll(data, histories, method);
      return { search: search(factors, biases), lists };
    },
    termsOf: (user, item) => explainFactors(data, user, item),
    scorePairs(users, items, times) {
      const scores = new Float32Array(users.length);
      for (let n = 0; n < scores.length; n++) {
        scores[n] = shownAs(rawScore(users[n] as number, items[n] as number, times?.[n]));
      }
      return scores;
    },
    ...(categories !== undefined && {
      distributionOf: (users, items, times) => ({
        values: Float64Array.from(categories.values),
        probabilities: Float32Array.from(
          Array.from(users, (user, n) =>
            ratingProbabilities(categories, rawScore(user, items[n] as number, times?.[n])),
          ).flat(),
        ),
      }),
    }),
  };
}
