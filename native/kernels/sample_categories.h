// What ordinal ratings add to a sweep: the draws of the cutpoints, and of the normal numbers behind the ratings. Part
// of sample_fm.cc.
#pragma once

#include "kernels/sample_fm.h"
#include "math/normal.h"

namespace palate::KERNEL_NS {
namespace {

// Streams beside those of the sweeps and of the first sample.
constexpr std::uint64_t kCategoryStreams = std::uint64_t{1} << 62;

struct CategoriesRun {
  const SampleState* state;
  const float* bounds;     // (categories + 1)
  std::uint64_t sequence;  // of latents
};

// Adds a rating of category c between its bounds less its score.
PALATE_INLINE void add_category(CategorySums& sums, std::uint32_t c, std::uint32_t last, float low, float high) {
  const NormalInterval interval = normal_interval(low, high);
  const double below = static_cast<double>(interval.low_density);
  const double above = static_cast<double>(interval.high_density);
  sums.log_likelihood += static_cast<double>(interval.log_probability);
  if (c != last) {
    sums.slopes[c] += above;
    sums.curvatures[c] += above * (static_cast<double>(high) + above);
  }
  if (c != 0) {
    sums.slopes[c - 1] -= below;
    sums.curvatures[c - 1] += below * (below - static_cast<double>(low));
  }
  if (c != 0 && c != last) sums.couplings[c] -= below * above;
}

void categories_chunk(void* context, std::uint32_t chunk) {
  const CategoriesRun& run = *static_cast<const CategoriesRun*>(context);
  const SampleState& s = *run.state;
  CategorySums sums;
  const std::uint32_t end = s.users.offsets[s.users.chunks[chunk + 1]];
  for (std::uint32_t t = s.users.offsets[s.users.chunks[chunk]]; t < end; ++t) {
    const std::uint32_t c = s.categories.of_ratings[t];
    const float score = s.errors[t];
    add_category(sums, c, s.categories.count - 1, run.bounds[c] - score, run.bounds[c + 1] - score);
  }
  s.categories.partial[chunk] = sums;
}

// Over all ratings, whose scores stand in place of their residuals.
void sum_categories(const SampleState& s, const float* bounds, Pool& pool, CategorySums& sums) {
  CategoriesRun run{&s, bounds, 0};
  pool.run(s.users.num_chunks, categories_chunk, &run);
  sums = {};
  for (std::uint32_t chunk = 0; chunk < s.users.num_chunks; ++chunk) {
    const CategorySums& part = s.categories.partial[chunk];
    sums.log_likelihood += part.log_likelihood;
    for (std::uint32_t k = 0; k + 1 < s.categories.count; ++k) {
      sums.slopes[k] += part.slopes[k];
      sums.curvatures[k] += part.curvatures[k];
      sums.couplings[k] += part.couplings[k];
    }
  }
}

// The cutpoints by which a score of 0 explains how often there is each category.
void start_cutpoints(SampleState& s) {
  const std::uint32_t count = s.categories.count;
  std::uint32_t sizes[kMostCategories] = {};
  for (std::uint32_t t = 0; t < s.size; ++t) ++sizes[s.categories.of_ratings[t]];
  float* bounds = s.categories.bounds;
  bounds[0] = -kNoBound;
  bounds[count] = kNoBound;
  std::uint32_t below = 0;
  for (std::uint32_t k = 1; k < count; ++k) {
    below += sizes[k - 1];
    const float p = static_cast<float>(below) / static_cast<float>(s.size);
    bounds[k] = normal_quantile(p < 0x1p-23f ? 0x1p-23f : p > 1 - 0x1p-23f ? 1 - 0x1p-23f : p);
  }
  s.global_bias = 0;
  s.precision = 1;
}

// The curvature at a mode as L D L', L with ones on its diagonal and entries below that alone.
struct Bidiagonal {
  double below[kMostCategories];
  double diagonal[kMostCategories];
};

// False where it is not positive definite.
bool factor_curvature(const CategorySums& sums, std::uint32_t size, Bidiagonal& factor) {
  for (std::uint32_t k = 0; k < size; ++k) {
    factor.below[k] = k == 0 ? 0 : sums.couplings[k] / factor.diagonal[k - 1];
    factor.diagonal[k] = sums.curvatures[k] - (k == 0 ? 0 : factor.below[k] * sums.couplings[k]);
    if (!(factor.diagonal[k] > 0) || factor.diagonal[k] - factor.diagonal[k] != 0) return false;
  }
  return true;
}

// The step of Newton's method; returns its slope, which is twice what it promises to gain.
double newton_step(const CategorySums& sums, const Bidiagonal& factor, std::uint32_t size, double* step) {
  double slope = 0;
  for (std::uint32_t k = 0; k < size; ++k) step[k] = sums.slopes[k] - (k == 0 ? 0 : factor.below[k] * step[k - 1]);
  for (std::uint32_t k = size; k-- > 0;) {
    step[k] = step[k] / factor.diagonal[k] - (k + 1 == size ? 0 : factor.below[k + 1] * step[k + 1]);
    slope += step[k] * sums.slopes[k];
  }
  return slope;
}

// Bounds of cutpoints that start from others; false unless they ascend.
bool set_cutpoints(float* bounds, const float* from, double share, const double* step, std::uint32_t count) {
  bounds[0] = -kNoBound;
  bounds[count] = kNoBound;
  bool ascend = true;
  for (std::uint32_t k = 1; k < count; ++k) {
    bounds[k] = static_cast<float>(static_cast<double>(from[k]) + share * step[k - 1]);
    ascend = ascend && bounds[k] > bounds[k - 1];
  }
  return ascend;
}

// A step whose slope is below hardly changes a draw: the mode is that near, in deviations.
constexpr double kNearMode = 1e-6;
// One below gains as its slope promises, as the logarithm of the likelihood is concave.
constexpr double kSureStep = 0.1;
constexpr std::uint32_t kMostNewtonSteps = 100;

// The cutpoints of greatest likelihood and its curvature there. False where none is found.
bool find_mode(const SampleState& s, Pool& pool, float* mode, Bidiagonal& factor) {
  const std::uint32_t count = s.categories.count;
  CategorySums sums = s.categories.sums;
  float trial[kMostCategories + 1];
  double step[kMostCategories];
  for (std::uint32_t k = 0; k <= count; ++k) mode[k] = s.categories.bounds[k];
  for (std::uint32_t n = 0; n < kMostNewtonSteps; ++n) {
    if (!factor_curvature(sums, count - 1, factor)) return false;
    const double slope = newton_step(sums, factor, count - 1, step);
    if (slope < kNearMode) return true;
    CategorySums next;
    for (double share = 1;; share /= 2) {
      if (share < 1e-9) return false;
      if (!set_cutpoints(trial, mode, share, step, count)) continue;
      sum_categories(s, trial, pool, next);
      if (slope < kSureStep || next.log_likelihood > sums.log_likelihood) break;
    }
    for (std::uint32_t k = 0; k <= count; ++k) mode[k] = trial[k];
    sums = next;
  }
  return false;
}

// Of proposals: heavy tails, so that no cutpoints are left once reached.
constexpr double kFreedom = 10;

// The logarithm of the density of proposals, less a constant.
double log_proposal(const Bidiagonal& factor, const float* mode, const float* bounds, std::uint32_t size) {
  double square = 0;
  double next = 0;
  for (std::uint32_t k = size; k-- > 0;) {
    const double away = static_cast<double>(bounds[k + 1]) - static_cast<double>(mode[k + 1]);
    const double turned = away + (k + 1 == size ? 0 : factor.below[k + 1] * next);
    square += factor.diagonal[k] * turned * turned;
    next = away;
  }
  return -0.5 * (kFreedom + size) * static_cast<double>(log_f32(static_cast<float>(1 + square / kFreedom)));
}

// Draws the cutpoints given the scores. False where their likelihood has no mode.
bool draw_cutpoints(SampleState& s, std::uint64_t seed, std::uint32_t sweep, Pool& pool) {
  const std::uint32_t count = s.categories.count;
  const std::uint32_t size = count - 1;
  const std::uint64_t sequence = sequence_of(seed, kCategoryStreams + 2 * std::uint64_t{sweep});
  float mode[kMostCategories + 1];
  Bidiagonal factor;
  if (!find_mode(s, pool, mode, factor)) return false;
  const double scale =
      __builtin_sqrt(0.5 * kFreedom / gamma_draw(0.5 * kFreedom, bits_at(sequence, std::uint64_t{size} + 1)));
  double away[kMostCategories];
  for (std::uint32_t k = size; k-- > 0;) {
    const double own = static_cast<double>(normal_at(sequence, k)) * scale / __builtin_sqrt(factor.diagonal[k]);
    away[k] = own - (k + 1 == size ? 0 : factor.below[k + 1] * away[k + 1]);
  }
  float trial[kMostCategories + 1];
  if (!set_cutpoints(trial, mode, 1, away, count)) return true;
  CategorySums sums;
  sum_categories(s, trial, pool, sums);
  float* bounds = s.categories.bounds;
  const double ratio = sums.log_likelihood - s.categories.sums.log_likelihood +
                       log_proposal(factor, mode, bounds, size) - log_proposal(factor, mode, trial, size);
  if (static_cast<double>(log_f32(uniform_at(sequence, size))) < ratio) {
    for (std::uint32_t k = 0; k <= count; ++k) bounds[k] = trial[k];
    s.categories.sums = sums;
  }
  return true;
}

void latents_chunk(void* context, std::uint32_t chunk) {
  const CategoriesRun& run = *static_cast<const CategoriesRun*>(context);
  const SampleState& s = *run.state;
  const std::uint32_t end = s.users.offsets[s.users.chunks[chunk + 1]];
  for (std::uint32_t t = s.users.offsets[s.users.chunks[chunk]]; t < end; ++t) {
    const std::uint32_t c = s.categories.of_ratings[t];
    const float score = s.errors[t];
    s.errors[t] = draw_between(run.bounds[c] - score, run.bounds[c + 1] - score, bits_at(run.sequence, t));
  }
}

// Residuals z - y in place of the scores y.
void draw_latents(SampleState& s, std::uint64_t seed, std::uint32_t sweep, Pool& pool) {
  CategoriesRun run{&s, s.categories.bounds, sequence_of(seed, kCategoryStreams + 2 * std::uint64_t{sweep} + 1)};
  pool.run(s.users.num_chunks, latents_chunk, &run);
}

}  // namespace
}  // namespace palate::KERNEL_NS
