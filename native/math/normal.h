// The standard normal distribution between two bounds: its probability, and draws from it.
//
// All go through Mills' ratio M(x) = Q(x) / phi(x), with phi the density and Q(x) the part beyond x: far in a tail
// differences of Q underflow, and ratios of M do not.
#pragma once

#include <cstdint>

#include "math/random.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {

// A bound beyond which nothing lies, whose square is finite.
inline constexpr float kNoBound = 1e18f;

// M(x) for x >= 0, by a polynomial in t = 1 / (1 + x / 4), minimax by Remez' exchange; relative error below 2e-7.
PALATE_INLINE float mills_ratio(float x) {
  const float t = 1.0f / (1.0f + 0.25f * x);
  float p = 0.0495866744f;
  p = p * t - 0.202731445f;
  p = p * t + 0.239629728f;
  p = p * t - 0.0795069155f;
  p = p * t + 0.159671386f;
  p = p * t + 0.147828394f;
  p = p * t + 0.204548717f;
  p = p * t + 0.234285405f;
  p = p * t + 0.25000216f;
  p = p * t + 0.249999992f;
  return p * t;
}

// phi(x).
PALATE_INLINE float normal_density(float x) { return 0.398942280f * exp_f32(-0.5f * x * x); }

// Q(x) for x >= 0.
PALATE_INLINE float normal_tail(float x) { return normal_density(x) * mills_ratio(x); }

// The probability P of (low, high), as its logarithm, and phi(low) / P and phi(high) / P.
struct NormalInterval {
  float log_probability;
  float low_density;
  float high_density;
};

// low < high.
PALATE_INLINE NormalInterval normal_interval(float low, float high) {
  constexpr float kLogDensity = -0.918938533f;  // log phi(0)
  if (low < 0 && high > 0) {
    const float at_low = normal_density(low);
    const float at_high = normal_density(high);
    const float p = 1.0f - at_low * mills_ratio(-low) - at_high * mills_ratio(high);
    return {log_f32(p), at_low / p, at_high / p};
  }
  const bool mirrored = high <= 0;
  const float near = mirrored ? -high : low;
  const float far = mirrored ? -low : high;
  const float fall = exp_f32(0.5f * (near - far) * (near + far));  // phi(far) / phi(near)
  const float width = mills_ratio(near) - fall * mills_ratio(far);
  const float at_near = 1.0f / width;
  const float at_far = fall / width;
  const float log_p = kLogDensity - 0.5f * near * near + log_f32(width);
  return mirrored ? NormalInterval{log_p, at_far, at_near} : NormalInterval{log_p, at_near, at_far};
}

// Beyond it draws are made by rejection: quantiles would need probabilities below what a uniform number resolves.
inline constexpr float kFarTail = 3.0f;

// A draw from (low, high), 0 < low. Marsaglia 1964, "Generating a variable from the tail of the normal distribution":
// of x with density x exp(-x^2 / 2) a share low / x is kept. Numbers of `sequence`.
static inline float draw_far_tail(float low, float high, std::uint64_t sequence) {
  const float reach = 1.0f - exp_f32(0.5f * (low - high) * (low + high));
  for (std::uint64_t n = 0;; n += 2) {
    const float u = uniform_at(sequence, n);
    const float x = __builtin_sqrtf(low * low - 2.0f * log_f32(1.0f - u * reach));
    if (uniform_at(sequence, n + 1) * x <= low) return x < high ? x : high;
  }
}

// A standard normal number between two bounds, low < high. By the quantile of a uniform number, the first of
// `sequence`, but in far tails.
static inline float draw_between(float low, float high, std::uint64_t sequence) {
  const bool mirrored = high <= 0;
  const float near = mirrored ? -high : low;
  const float far = mirrored ? -low : high;
  if (near > kFarTail) {
    const float x = draw_far_tail(near, far, sequence);
    return mirrored ? -x : x;
  }
  const float u = uniform_at(sequence, 0);
  float x;
  if (near < 0) {
    const float below = normal_tail(-low);
    const float p = below + u * (1.0f - below - normal_tail(high));
    x = normal_quantile(p < 1 - 0x1p-24f ? p : 1 - 0x1p-24f);
  } else {
    const float least = normal_tail(far);
    x = normal_quantile(least + u * (normal_tail(near) - least));
    if (!mirrored) x = -x;
  }
  return x < low ? low : x > high ? high : x;
}

}  // namespace palate::KERNEL_NS
