// Random numbers by place: number n of a sequence without the n - 1 before it, so that threads draw theirs in any
// order. The sequences are those of core/rng.h, whose inline functions kernels may not share.
#pragma once

#include <cstdint>

#include "math/scalar.h"

namespace palate::KERNEL_NS {

inline constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;

PALATE_INLINE std::uint64_t mix_bits(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

PALATE_INLINE std::uint64_t sequence_of(std::uint64_t seed, std::uint64_t stream) {
  return mix_bits(seed) ^ mix_bits(stream * kGolden + 0x632be59bd9b4e019u);
}

// 64 random bits, n from 0.
PALATE_INLINE std::uint64_t bits_at(std::uint64_t sequence, std::uint64_t n) {
  return mix_bits(sequence + (n + 1) * kGolden);
}

// Uniform on the middles of 2^23 equal parts of (0, 1), which float32 holds exactly.
PALATE_INLINE float uniform_at(std::uint64_t sequence, std::uint64_t n) {
  return (static_cast<float>(bits_at(sequence, n) >> 41) + 0.5f) * 0x1p-23f;
}

// Quantile of the standard normal distribution at p = 2^-24 ... 1 - 2^-24, that is within 5.3 deviations, by the
// rational functions of Wichura 1988 (Algorithm AS 241, PPND7); error below 2e-6.
PALATE_INLINE float normal_quantile(float p) {
  const float q = p - 0.5f;
  if (q > -0.425f && q < 0.425f) {
    const float r = 0.180625f - q * q;
    const float above = ((59.10937472f * r + 159.29113202f) * r + 50.434271938f) * r + 3.3871327179f;
    const float below = ((67.1875636f * r + 78.757757664f) * r + 17.895169469f) * r + 1.0f;
    return q * above / below;
  }
  const float tail = q < 0 ? p : 1.0f - p;
  const float r = __builtin_sqrtf(-log_f32(tail)) - 1.6f;
  const float above = ((0.17023821103f * r + 1.3067284816f) * r + 2.75681539f) * r + 1.4234372777f;
  const float below = (0.12021132975f * r + 0.7370016425f) * r + 1.0f;
  const float x = above / below;
  return q < 0 ? -x : x;
}

PALATE_INLINE float normal_at(std::uint64_t sequence, std::uint64_t n) {
  return normal_quantile(uniform_at(sequence, n));
}

// Gamma(shape, rate 1) for shape >= 1 from numbers 2 n of a sequence on (Marsaglia, Tsang 2000).
static inline double gamma_draw(double shape, std::uint64_t sequence) {
  const double d = shape - 1.0 / 3;
  const double c = 1.0 / __builtin_sqrt(9 * d);
  for (std::uint64_t n = 0;; n += 2) {
    const double x = static_cast<double>(normal_at(sequence, n));
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const float u = uniform_at(sequence, n + 1);
    const double bound = 0.5 * x * x + d * (1 - v + static_cast<double>(log_f32(static_cast<float>(v))));
    if (static_cast<double>(log_f32(u)) < bound) return d * v;
  }
}

}  // namespace palate::KERNEL_NS
