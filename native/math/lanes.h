// Sixteen float lanes, whatever the hardware's vector width: one zmm register, two ymm, four xmm or
// NEON. A sum over lanes is always taken in the same order, so a result depends neither on the number
// of threads nor, between AVX2, AVX-512 and NEON (all of which fuse multiply-add), on the level. The
// base x86-64 level has no fused multiply-add and rounds once more.
//
// Everything lives in KERNEL_NS, the namespace of the level being compiled: an inline function shared
// between levels would leave one copy in the binary, and the linker might keep the AVX-512 one.
#pragma once

#include <math.h>

#include <cstdint>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "math/scalar.h"

namespace palate::KERNEL_NS {

inline constexpr std::uint32_t kLanes = 16;

#if defined(__AVX512F__)
inline constexpr int kWidth = 16;
#elif defined(__AVX2__)
inline constexpr int kWidth = 8;
#else
inline constexpr int kWidth = 4;
#endif
inline constexpr int kParts = 16 / kWidth;

#if defined(__GNUC__)
typedef float Part __attribute__((vector_size(kWidth * 4)));
typedef std::int32_t IntPart __attribute__((vector_size(kWidth * 4)));
// The same vectors where memory promises only the alignment of a float.
typedef float LoosePart __attribute__((vector_size(kWidth * 4), aligned(4), may_alias));

// x - 0 is x for every x, -0 too, so this is a plain broadcast; 0 + x is not, and costs an addition.
PALATE_INLINE Part part_of(float x) { return x - Part{}; }

PALATE_INLINE Part part_fma(Part a, Part b, Part c) {
#if defined(__AVX512F__)
  return (Part)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
  return (Part)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (Part)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

PALATE_INLINE Part part_sqrt(Part a) {
#if defined(__AVX512F__)
  return (Part)_mm512_maskz_sqrt_ps(0xffff, (__m512)a);  // the plain one warns in GCC 12
#elif defined(__AVX2__)
  return (Part)_mm256_sqrt_ps((__m256)a);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (Part)vsqrtq_f32((float32x4_t)a);
#else
  for (int i = 0; i < kWidth; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
#endif
}

// Sum of one vector: lane i with lane i + width / 2, and so on down. In registers: a detour through memory
// makes a load wait for the stores before it.
PALATE_INLINE float part_sum(Part a) {
#if defined(__AVX2__) || defined(__AVX512F__)
#if defined(__AVX512F__)
  const __m256d high = _mm512_extractf64x4_pd(_mm512_castps_pd((__m512)a), 1);
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256((__m512)a), _mm256_castpd_ps(high));
#else
  const __m256 half = (__m256)a;
#endif
  __m128 v = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
#elif defined(__SSE2__)
  const __m128 v = _mm_add_ps((__m128)a, _mm_movehl_ps((__m128)a, (__m128)a));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_shuffle_ps(v, v, 1)));
#elif defined(__ARM_NEON) && defined(__aarch64__)
  const float32x2_t v = vadd_f32(vget_low_f32((float32x4_t)a), vget_high_f32((float32x4_t)a));
  return vget_lane_f32(v, 0) + vget_lane_f32(v, 1);
#else
  return (a[0] + a[2]) + (a[1] + a[3]);
#endif
}
#else
// A compiler without vector extensions: an array, and trust in its own vectoriser.
struct Part {
  float v[kWidth];
  float& operator[](int i) { return v[i]; }
  float operator[](int i) const { return v[i]; }
};
#define PALATE_PART_OP(op)                                \
  PALATE_INLINE Part operator op(Part a, Part b) {        \
    for (int i = 0; i < kWidth; ++i) a[i] = a[i] op b[i]; \
    return a;                                             \
  }
PALATE_PART_OP(+)
PALATE_PART_OP(-)
PALATE_PART_OP(*)
PALATE_PART_OP(/)
#undef PALATE_PART_OP
PALATE_INLINE Part part_of(float x) {
  Part a;
  for (int i = 0; i < kWidth; ++i) a[i] = x;
  return a;
}
PALATE_INLINE Part part_fma(Part a, Part b, Part c) { return a * b + c; }
PALATE_INLINE Part part_sqrt(Part a) {
  for (int i = 0; i < kWidth; ++i) a[i] = ::sqrtf(a[i]);
  return a;
}
PALATE_INLINE float part_sum(Part a) {
  for (int step = kWidth / 2; step > 0; step /= 2)
    for (int i = 0; i < step; ++i) a[i] = a[i] + a[i + step];
  return a[0];
}
#endif

struct Lanes {
  Part part[kParts];
};

PALATE_INLINE Lanes splat(float x) {
  Lanes a;
  for (int p = 0; p < kParts; ++p) a.part[p] = part_of(x);
  return a;
}

// x in the first lane, zeros elsewhere.
PALATE_INLINE Lanes first_lane(float x) {
  Lanes a = splat(0.0f);
  a.part[0][0] = x;
  return a;
}

PALATE_INLINE Lanes load(const float* source) {
  Lanes a;
#if defined(__GNUC__)
  for (int p = 0; p < kParts; ++p) a.part[p] = *reinterpret_cast<const LoosePart*>(source + p * kWidth);
#else
  for (int p = 0; p < kParts; ++p)
    for (int i = 0; i < kWidth; ++i) a.part[p][i] = source[p * kWidth + i];
#endif
  return a;
}

PALATE_INLINE void store(float* target, const Lanes& a) {
#if defined(__GNUC__)
  for (int p = 0; p < kParts; ++p) *reinterpret_cast<LoosePart*>(target + p * kWidth) = a.part[p];
#else
  for (int p = 0; p < kParts; ++p)
    for (int i = 0; i < kWidth; ++i) target[p * kWidth + i] = a.part[p][i];
#endif
}

PALATE_INLINE Lanes operator+(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) c.part[p] = a.part[p] + b.part[p];
  return c;
}
PALATE_INLINE Lanes operator-(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) c.part[p] = a.part[p] - b.part[p];
  return c;
}
PALATE_INLINE Lanes operator*(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) c.part[p] = a.part[p] * b.part[p];
  return c;
}
PALATE_INLINE Lanes operator/(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) c.part[p] = a.part[p] / b.part[p];
  return c;
}

// a * b + c, fused where the level has it.
PALATE_INLINE Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  Lanes d;
  for (int p = 0; p < kParts; ++p) d.part[p] = part_fma(a.part[p], b.part[p], c.part[p]);
  return d;
}

PALATE_INLINE Lanes sqrt(const Lanes& a) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) c.part[p] = part_sqrt(a.part[p]);
  return c;
}

template <>
PALATE_INLINE Lanes spread<Lanes>(float x) {
  return splat(x);
}
PALATE_INLINE Lanes root(const Lanes& a) { return sqrt(a); }

// a where it is greater, else b: b where either is NaN.
PALATE_INLINE Lanes larger(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) {
#if defined(__GNUC__)
    c.part[p] = a.part[p] > b.part[p] ? a.part[p] : b.part[p];
#else
    for (int i = 0; i < kWidth; ++i) c.part[p][i] = a.part[p][i] > b.part[p][i] ? a.part[p][i] : b.part[p][i];
#endif
  }
  return c;
}

// Sum of the sixteen lanes: lane i with lane i + 8, then + 4, + 2, + 1.
PALATE_INLINE float sum(const Lanes& a) {
  Lanes v = a;
  for (int step = kParts / 2; step > 0; step /= 2)
    for (int p = 0; p < step; ++p) v.part[p] = v.part[p] + v.part[p + step];
  return part_sum(v.part[0]);
}

// Rows are padded with zeros to whole Lanes; `stride` is the padded width in floats.
PALATE_INLINE float dot(const float* a, const float* b, std::uint32_t stride) {
  Lanes even = splat(0.0f);
  Lanes odd = splat(0.0f);
  std::uint32_t k = 0;
  for (; k + 2 * kLanes <= stride; k += 2 * kLanes) {
    even = fma(load(a + k), load(b + k), even);
    odd = fma(load(a + k + kLanes), load(b + k + kLanes), odd);
  }
  if (k < stride) even = fma(load(a + k), load(b + k), even);
  return sum(even + odd);
}

// target += weight * row
PALATE_INLINE void axpy(float* PALATE_RESTRICT target, float weight, const float* PALATE_RESTRICT row,
                        std::uint32_t stride) {
  const Lanes w = splat(weight);
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(target + k, fma(w, load(row + k), load(target + k)));
}

// For writing soon.
PALATE_INLINE void prefetch(const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at, 1);
#else
  static_cast<void>(at);
#endif
}

}  // namespace palate::KERNEL_NS
