// Scalar exp, log and the logistic function for links and losses: no libm calls in the inner loop and
// the same digits on every platform.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>

#include "math/inline.h"

namespace palate::KERNEL_NS {

PALATE_INLINE float from_bits(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

PALATE_INLINE std::uint32_t to_bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// a * b + c, fused where the level has it.
PALATE_INLINE float fma(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#elif defined(__FMA__) || (defined(__aarch64__) && defined(__GNUC__))
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

PALATE_INLINE float root(float a) { return ::sqrtf(a); }

// x in every lane of a V: formulas of math/ are written once for a float and for vectors of them.
template <typename V>
V spread(float x);
template <>
PALATE_INLINE float spread<float>(float x) {
  return x;
}

// e^x by 2^n * e^r, |r| <= ln(2)/2, with a Taylor polynomial of degree 7; relative error below 2e-7. For x in [-87,
// 88], whose results are finite and normal.
PALATE_INLINE float exp_in_range(float x) {
  const float rounded = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the integer lands in the low bits
  const std::uint32_t n = to_bits(rounded);
  const float m = rounded - 12582912.0f;
  const float r = (x - m * 0.693359375f) + m * 2.12194440e-4f;
  // In pairs, as row-wise training waits for every one of these operations.
  const float r2 = r * r;
  const float low = fma(fma(1.0f / 6, r, 0.5f), r2, r + 1.0f);
  const float high = fma(fma(1.0f / 5040, r, 1.0f / 720), r2, fma(1.0f / 120, r, 1.0f / 24));
  const float p = fma(high, r2 * r2, low);
  return p * from_bits((n + 127u) << 23);
}

// Clamped to the range of finite, normal results.
PALATE_INLINE float exp_f32(float x) { return exp_in_range(x > 88.0f ? 88.0f : x < -87.0f ? -87.0f : x); }

// Natural logarithm of a positive, normal x by log(m) + e log(2), m in [sqrt(1/2), sqrt(2)), with the
// series of atanh; relative error below 3e-7.
PALATE_INLINE float log_f32(float x) {
  const std::uint32_t bits = to_bits(x) - 0x3f3504f3u;
  const float e = static_cast<float>(static_cast<std::int32_t>(bits) >> 23);
  const float m = from_bits((bits & 0x007fffffu) + 0x3f3504f3u);
  const float s = (m - 1.0f) / (m + 1.0f);
  const float z = s * s;
  float p = 2.0f / 11;
  p = p * z + 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  p = p * z * s + 2.0f * s;
  return p + e * 0.693147181f;
}

PALATE_INLINE float sigmoid(float x) { return 1.0f / (1.0f + exp_f32(-x)); }

// log(1 + e^x) without overflow.
PALATE_INLINE float softplus(float x) {
  const float magnitude = x < 0 ? -x : x;
  return (x > 0 ? x : 0.0f) + log_f32(1.0f + exp_f32(-magnitude));
}

}  // namespace palate::KERNEL_NS
