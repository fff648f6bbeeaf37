// Sixteen rows of sixteen floats turned into sixteen columns, in registers where the level has the shuffles for it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {

#if defined(__GNUC__) && defined(__AVX512F__)
// target[c * target_stride + r] = source[r * stride + c]
PALATE_INLINE void transpose_sixteen(float* target, std::size_t target_stride, const float* source,
                                     std::size_t stride) {
  // Pairs of rows, then quarters of four rows: lane q of group g holds rows g .. g + 3 of column 4 q + c.
  __m512 groups[4][4];
  for (int g = 0; g < 4; ++g) {
    const float* at = source + 4 * g * stride;
    const __m512 a = _mm512_loadu_ps(at);
    const __m512 b = _mm512_loadu_ps(at + stride);
    const __m512 c = _mm512_loadu_ps(at + 2 * stride);
    const __m512 d = _mm512_loadu_ps(at + 3 * stride);
    const __m512d ab_low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    const __m512d ab_high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
    const __m512d cd_low = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
    const __m512d cd_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
    groups[g][0] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_low, cd_low));
    groups[g][1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_low, cd_low));
    groups[g][2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high));
    groups[g][3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high));
  }
  for (int c = 0; c < 4; ++c) {
    const __m512 upper_low = _mm512_shuffle_f32x4(groups[0][c], groups[1][c], 0x88);
    const __m512 upper_high = _mm512_shuffle_f32x4(groups[0][c], groups[1][c], 0xdd);
    const __m512 lower_low = _mm512_shuffle_f32x4(groups[2][c], groups[3][c], 0x88);
    const __m512 lower_high = _mm512_shuffle_f32x4(groups[2][c], groups[3][c], 0xdd);
    _mm512_storeu_ps(target + c * target_stride, _mm512_shuffle_f32x4(upper_low, lower_low, 0x88));
    _mm512_storeu_ps(target + (4 + c) * target_stride, _mm512_shuffle_f32x4(upper_high, lower_high, 0x88));
    _mm512_storeu_ps(target + (8 + c) * target_stride, _mm512_shuffle_f32x4(upper_low, lower_low, 0xdd));
    _mm512_storeu_ps(target + (12 + c) * target_stride, _mm512_shuffle_f32x4(upper_high, lower_high, 0xdd));
  }
}
#else
// target[c * target_stride + r] = source[r * stride + c]
PALATE_INLINE void transpose_sixteen(float* target, std::size_t target_stride, const float* source,
                                     std::size_t stride) {
  for (std::uint32_t c = 0; c < kLanes; ++c)
    for (std::uint32_t r = 0; r < kLanes; ++r) target[c * target_stride + r] = source[r * stride + c];
}
#endif

}  // namespace palate::KERNEL_NS
