// Vectors of doubles as wide as the level's registers, for sums that float32 is too coarse for. Fused multiply-add
// where the level has it, as in lanes.h.
#pragma once

#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {

inline constexpr int kDoubles = kWidth / 2;

#if defined(__GNUC__)
typedef double DoublePart __attribute__((vector_size(kDoubles * 8)));
// The same where memory promises only the alignment of a double.
typedef double LooseDoublePart __attribute__((vector_size(kDoubles * 8), aligned(8), may_alias));

PALATE_INLINE DoublePart doubles_of(double x) { return x - DoublePart{}; }
PALATE_INLINE DoublePart load_doubles(const double* source) {
  return *reinterpret_cast<const LooseDoublePart*>(source);
}
PALATE_INLINE void store_doubles(double* target, DoublePart a) { *reinterpret_cast<LooseDoublePart*>(target) = a; }

PALATE_INLINE DoublePart doubles_fma(DoublePart a, DoublePart b, DoublePart c) {
#if defined(__AVX512F__)
  return (DoublePart)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  return (DoublePart)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (DoublePart)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
  return a * b + c;
#endif
}
#else
struct DoublePart {
  double v[kDoubles];
};
PALATE_INLINE DoublePart doubles_of(double x) {
  DoublePart a;
  for (int i = 0; i < kDoubles; ++i) a.v[i] = x;
  return a;
}
PALATE_INLINE DoublePart load_doubles(const double* source) {
  DoublePart a;
  for (int i = 0; i < kDoubles; ++i) a.v[i] = source[i];
  return a;
}
PALATE_INLINE void store_doubles(double* target, DoublePart a) {
  for (int i = 0; i < kDoubles; ++i) target[i] = a.v[i];
}
PALATE_INLINE DoublePart operator-(DoublePart a, DoublePart b) {
  for (int i = 0; i < kDoubles; ++i) a.v[i] -= b.v[i];
  return a;
}
PALATE_INLINE DoublePart operator*(DoublePart a, DoublePart b) {
  for (int i = 0; i < kDoubles; ++i) a.v[i] *= b.v[i];
  return a;
}
PALATE_INLINE DoublePart doubles_fma(DoublePart a, DoublePart b, DoublePart c) {
  for (int i = 0; i < kDoubles; ++i) c.v[i] = a.v[i] * b.v[i] + c.v[i];
  return c;
}
#endif

}  // namespace palate::KERNEL_NS
