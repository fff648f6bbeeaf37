// Sums over the lanes of four vectors at once.
#pragma once

#include "math/lanes.h"

namespace palate::KERNEL_NS {

#if defined(__GNUC__) && defined(__AVX512F__)
// sum(a[r]) for r < 4, bit for bit, with half the shuffles of four sums.
PALATE_INLINE __m128 sums_of_four(const Lanes* a) {
  const __m512 v0 = (__m512)a[0].part[0];
  const __m512 v1 = (__m512)a[1].part[0];
  const __m512 v2 = (__m512)a[2].part[0];
  const __m512 v3 = (__m512)a[3].part[0];
  const __m512 v01 = _mm512_add_ps(_mm512_shuffle_f32x4(v0, v1, 0x44), _mm512_shuffle_f32x4(v0, v1, 0xee));
  const __m512 v23 = _mm512_add_ps(_mm512_shuffle_f32x4(v2, v3, 0x44), _mm512_shuffle_f32x4(v2, v3, 0xee));
  // One quarter for each of the four.
  __m512 v = _mm512_add_ps(_mm512_shuffle_f32x4(v01, v23, 0x88), _mm512_shuffle_f32x4(v01, v23, 0xdd));
  v = _mm512_add_ps(v, _mm512_shuffle_ps(v, v, 0x4e));
  v = _mm512_add_ps(v, _mm512_movehdup_ps(v));
  const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, v));
}
#elif defined(__GNUC__) && defined(__AVX2__)
PALATE_INLINE __m128 sums_of_four(const Lanes* a) {
  const __m256 v0 = (__m256)(a[0].part[0] + a[0].part[1]);
  const __m256 v1 = (__m256)(a[1].part[0] + a[1].part[1]);
  const __m256 v2 = (__m256)(a[2].part[0] + a[2].part[1]);
  const __m256 v3 = (__m256)(a[3].part[0] + a[3].part[1]);
  const __m256 v02 = _mm256_add_ps(_mm256_permute2f128_ps(v0, v2, 0x20), _mm256_permute2f128_ps(v0, v2, 0x31));
  const __m256 v13 = _mm256_add_ps(_mm256_permute2f128_ps(v1, v3, 0x20), _mm256_permute2f128_ps(v1, v3, 0x31));
  // Two floats for each of the four: 0 and 1 in the lower half, 2 and 3 in the upper.
  __m256 v = _mm256_add_ps(_mm256_shuffle_ps(v02, v13, 0x44), _mm256_shuffle_ps(v02, v13, 0xee));
  v = _mm256_add_ps(v, _mm256_movehdup_ps(v));
  return _mm_shuffle_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1), 0x88);
}
#endif

// target[r] = sum(a[r]) for r < 4, bit for bit.
PALATE_INLINE void sum_four(float* target, const Lanes* a) {
#if defined(__GNUC__) && (defined(__AVX512F__) || defined(__AVX2__))
  _mm_storeu_ps(target, sums_of_four(a));
#else
  for (int r = 0; r < 4; ++r) target[r] = sum(a[r]);
#endif
}

// target[r] += sum(a[r]) for r < 4.
PALATE_INLINE void add_sum_four(float* target, const Lanes* a) {
#if defined(__GNUC__) && (defined(__AVX512F__) || defined(__AVX2__))
  _mm_storeu_ps(target, _mm_loadu_ps(target) + sums_of_four(a));
#else
  for (int r = 0; r < 4; ++r) target[r] += sum(a[r]);
#endif
}

}  // namespace palate::KERNEL_NS
