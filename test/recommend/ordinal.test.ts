// Ratings as steps of a scale: their probabilities, means, and the loss that fold-in descends.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { meanRating, normalCdf, ordinalLoss, ratingProbabilities } from '../../src/recommend/ordinal.js';
import type { RatingCategories } from '../../src/types.js';

const stars: RatingCategories = { values: [1, 2, 3.5, 5], cutpoints: [-1.2, 0.1, 1.9] };

const near = (actual: number, expected: number, tolerance: number, what: string): void =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, ${expected}`,
  );

test('the normal distribution, against norm.cdf of SciPy', () => {
  for (const [x, p] of [
    [0, 0.5],
    [0.5, 0.691462461274013],
    [1, 0.841344746068543],
    [2.98, 0.99855875808266],
    [3.02, 0.9987361265723277],
  ] as const) {
    near(normalCdf(x), p, 1e-12, `Phi(${x})`);
    near(normalCdf(-x), 1 - p, 1e-12, `Phi(-${x})`);
  }
  near(normalCdf(-10) / 7.61985302416e-24, 1, 1e-10, 'Phi(-10)');
  assert.is(normalCdf(Number.NEGATIVE_INFINITY), 0);
  assert.is(normalCdf(Number.POSITIVE_INFINITY), 1);
});

test('probabilities lie between the cutpoints, as worked out by hand', () => {
  const p = ratingProbabilities({ values: [1, 2, 3], cutpoints: [0, 1] }, 0.5);
  const half = 0.308537538725987; // Phi(-1/2)
  for (const [c, expected] of [half, 1 - 2 * half, half].entries()) near(p[c] as number, expected, 1e-12, `${c}`);
  near(meanRating({ values: [1, 2, 3], cutpoints: [0, 1] }, 0.5), 2, 1e-12, 'mean');
  for (const score of [-30, -3, -0.4, 0, 0.1, 2.5, 40]) {
    const all = ratingProbabilities(stars, score);
    near(
      all.reduce((sum, one) => sum + one, 0),
      1,
      1e-12,
      `sum at ${score}`,
    );
    const mean = all.reduce((sum, one, c) => sum + one * (stars.values[c] as number), 0);
    near(meanRating(stars, score), mean, 1e-12, `mean at ${score}`);
  }
});

test('the loss is -2 log P, with half its slope and curvature by finite differences', () => {
  for (const score of [-6, -1.2, 0, 0.4, 3, 7]) {
    for (const [c, rating] of stars.values.entries()) {
      const at = (x: number) => ordinalLoss(stars, x, rating);
      const h = 1e-4;
      const { loss, residual, weight } = at(score);
      near(loss, -2 * Math.log(ratingProbabilities(stars, score)[c] as number), 1e-7, `${rating} at ${score}`);
      near(residual, (at(score - h).loss - at(score + h).loss) / (4 * h), 1e-5, `slope of ${rating} at ${score}`);
      near(
        weight,
        (at(score - h).residual - at(score + h).residual) / (2 * h),
        1e-5,
        `curvature of ${rating} at ${score}`,
      );
    }
  }
});

test('far scores have finite losses, and a rating between two steps counts as the nearer', () => {
  for (const score of [-1e4, -60, 60, 1e4]) {
    for (const rating of stars.values) {
      const { loss, residual, weight } = ordinalLoss(stars, score, rating);
      assert.ok(Number.isFinite(loss) && Number.isFinite(residual), `${rating} at ${score}: ${loss}`);
      assert.ok(weight >= 0 && weight <= 1 + 1e-6, `${rating} at ${score}: ${weight}`);
    }
  }
  assert.equal(ordinalLoss(stars, 0.3, 3), ordinalLoss(stars, 0.3, 3.5));
  assert.equal(ordinalLoss(stars, 0.3, 1.5), ordinalLoss(stars, 0.3, 1));
});

test.run();
