// Many queries against many items: a blocked multiply whose scores screen candidates.
//
// A panel of items is transposed into L1 once per block of queries, and tiles of queries pass over it
// with all sums in registers. A tile adds up in another order than topk_dot.h, so its scores differ
// from the defined ones in the last digits; `screening_error` bounds by how much. Whoever may still be
// among the k best is kept and scored again as defined: the screen decides about speed, never about results.
#pragma once

#include <float.h>

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "kernels/multiply_tile.h"
#include "kernels/topk_dot.h"
#include "kernels/topk_shortlist.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

// A tile is queries x items.
inline constexpr std::uint32_t kTileQueries = kTileRows;
inline constexpr std::uint32_t kTileItems = kTileColumns;
static_assert(kTileItems <= kLargestGroup);

// What bounds the error of all panels so far.
struct Extent {
  float length;  // longest row; at least kShortestLength
  float bias;    // largest |bias|
  float error;   // longest difference between a row and its quantized one, as `length`
};

struct Panel {
  float* values;  // (dim, kTileItems), for cosine rows of length 1
  float* starts;  // (kTileItems): bias; -infinity where the tile must not select
  float* steps;   // (kTileItems) of quantized rows
  Extent extent;
  std::uint32_t odd[kTileItems];  // positions whose numbers are too large for a bound
  std::uint32_t num_odd;
};

// |tile score - defined score| <= this, for rows whose squared lengths lie within bounds. Each sum of n
// products is off by at most about n 2^-24 |query| |item| (Higham 2002, 3.1), cosine's scales and the
// bias by a few 2^-24 more; taken four times as large.
PALATE_INLINE float screening_error(std::uint32_t dim, float query_length, float item_length, float bias) {
  return static_cast<float>(dim + 8) * (1.0f / (1 << 22)) * (query_length * item_length + bias) + 1e-36f;
}

// Transposes the first dim & ~3 columns of kTileItems rows, four columns at a time.
#if defined(__AVX512F__)
PALATE_INLINE __m512 quarter_rows(const float* const* rows, std::uint32_t k) {
  __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(rows[0] + k));
  v = _mm512_mask_broadcast_f32x4(v, 0x00f0, _mm_loadu_ps(rows[4] + k));
  v = _mm512_mask_broadcast_f32x4(v, 0x0f00, _mm_loadu_ps(rows[8] + k));
  return _mm512_mask_broadcast_f32x4(v, 0xf000, _mm_loadu_ps(rows[12] + k));
}
#define PALATE_MM(name) _mm512_##name
typedef __m512 TransposePart;
#elif defined(__AVX2__)
PALATE_INLINE __m256 quarter_rows(const float* const* rows, std::uint32_t k) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows[0] + k)), _mm_loadu_ps(rows[4] + k), 1);
}
#define PALATE_MM(name) _mm256_##name
typedef __m256 TransposePart;
#elif defined(__SSE2__)
PALATE_INLINE __m128 quarter_rows(const float* const* rows, std::uint32_t k) { return _mm_loadu_ps(rows[0] + k); }
#define PALATE_MM(name) _mm_##name
typedef __m128 TransposePart;
#endif

PALATE_INLINE void transpose(const float* const* rows, std::uint32_t dim, float* values) {
  std::uint32_t k = 0;
#if defined(PALATE_MM)
  for (; k + 4 <= dim; k += 4) {
    for (std::uint32_t p = 0; p < kTileParts; ++p) {
      const float* const* group = rows + p * kWidth;
      // Row r, r + 4, ... of the group in the 128-bit lanes of v[r]; the lanes then transpose alike.
      TransposePart v[4];
      for (std::uint32_t r = 0; r < 4; ++r) v[r] = quarter_rows(group + r, k);
      const TransposePart a = PALATE_MM(unpacklo_ps)(v[0], v[1]);
      const TransposePart b = PALATE_MM(unpackhi_ps)(v[0], v[1]);
      const TransposePart c = PALATE_MM(unpacklo_ps)(v[2], v[3]);
      const TransposePart d = PALATE_MM(unpackhi_ps)(v[2], v[3]);
      float* target = values + k * kTileItems + p * kWidth;
      PALATE_MM(storeu_ps)(target, PALATE_MM(shuffle_ps)(a, c, 0x44));
      PALATE_MM(storeu_ps)(target + kTileItems, PALATE_MM(shuffle_ps)(a, c, 0xee));
      PALATE_MM(storeu_ps)(target + 2 * kTileItems, PALATE_MM(shuffle_ps)(b, d, 0x44));
      PALATE_MM(storeu_ps)(target + 3 * kTileItems, PALATE_MM(shuffle_ps)(b, d, 0xee));
    }
  }
#undef PALATE_MM
#endif
  for (; k < dim; ++k) {
    for (std::uint32_t i = 0; i < kTileItems; ++i) values[k * kTileItems + i] = rows[i][k];
  }
}

namespace {

// Queries whose numbers are too large for a bound; tiles leave them out and they are scanned instead.
bool is_odd(const TopkCall& call, const Query& query) {
  if (!(query.squared < kLongest)) return true;
  return call.cosine && query.squared < kShortest && query.scale != 0;
}

// Length of a query's row as packed, or a little more; 0 for a zero row alone.
float packed_length(const TopkCall& call, const Query& query) {
  if (query.squared == 0 && is_zero(query.row, call.dim)) return 0;
  return call.cosine ? 1.0f : ::sqrtf(query.squared) + kShortestLength;
}

// Squared lengths of the panel's rows.
void measure(const Panel& panel, std::uint32_t dim, float* squared) {
  Part sums[kTileParts];
  for (std::uint32_t p = 0; p < kTileParts; ++p) sums[p] = part_of(0.0f);
  for (std::uint32_t k = 0; k < dim; ++k) {
    for (std::uint32_t p = 0; p < kTileParts; ++p) {
      const Part v = *reinterpret_cast<const Part*>(panel.values + k * kTileItems + p * kWidth);
      sums[p] = part_fma(v, v, sums[p]);
    }
  }
  std::memcpy(squared, sums, sizeof sums);
}

// Multiplies each row by its scale.
void rescale(const Panel& panel, std::uint32_t dim, const float* scales) {
  Part factors[kTileParts];
  std::memcpy(factors, scales, sizeof factors);
  for (std::uint32_t k = 0; k < dim; ++k) {
    for (std::uint32_t p = 0; p < kTileParts; ++p) {
      Part* v = reinterpret_cast<Part*>(panel.values + k * kTileItems + p * kWidth);
      *v = *v * factors[p];
    }
  }
}

// The rows and starting scores of the items at positions [begin, end), at most kTileItems; the last one repeats.
PALATE_INLINE void find_rows(const TopkCall& call, const std::uint32_t* item_of, std::uint32_t begin, std::uint32_t end,
                             const float** rows, Panel& panel) {
  for (std::uint32_t i = 0; i < kTileItems; ++i) {
    const std::uint32_t position = begin + i < end ? begin + i : end - 1;
    const std::uint32_t item = item_of != nullptr ? item_of[position] : position;
    rows[i] = call.items + static_cast<std::size_t>(item) * call.dim;
    panel.starts[i] = call.item_biases != nullptr ? call.item_biases[item] : 0.0f;
  }
}

// Given the rows' squared lengths: what each is multiplied by, which ones are odd (as bits), and the panel's
// length, bias and list of odd positions.
PALATE_INLINE std::uint64_t judge_rows(const TopkCall& call, const float* const* rows, const float* squared,
                                       std::uint32_t begin, std::uint32_t end, float* scales, Panel& panel) {
  std::uint64_t odd_rows = 0;
  Extent& extent = panel.extent;
  panel.num_odd = 0;
  for (std::uint32_t i = 0; i < kTileItems; ++i) {
    const float s = squared[i];
    const float bias = panel.starts[i];
    const float magnitude = bias < 0 ? -bias : bias;
    const bool used = begin + i < end;
    // A zero row is fine, and in a dot product any short one; written so that NaN is odd.
    bool odd = !(s < kLongest) || !(magnitude <= FLT_MAX);
    if (call.cosine && s <= kShortest && !odd) odd = inverse_length_double(rows[i], call.dim) != 0;
    scales[i] = call.cosine && s > kShortest ? 1.0f / ::sqrtf(s) : 1.0f;
    if (odd) {
      odd_rows |= std::uint64_t{1} << i;
      scales[i] = 1;
      if (used) panel.odd[panel.num_odd++] = begin + i;
    } else {
      const float length = call.cosine ? 1.0f : ::sqrtf(s);
      extent.length = length > extent.length ? length : extent.length;
      extent.bias = magnitude > extent.bias ? magnitude : extent.bias;
    }
    if (odd || !used) panel.starts[i] = -INFINITY;
  }
  return odd_rows;
}

// Packs the items at positions [begin, end), at most kTileItems, into the panel.
PALATE_NOINLINE void pack_panel(const TopkCall& call, const std::uint32_t* item_of, std::uint32_t begin,
                                std::uint32_t end, Panel& panel) {
  const float* rows[kTileItems];
  find_rows(call, item_of, begin, end, rows, panel);
  transpose(rows, call.dim, panel.values);
  float squared[kTileItems];
  measure(panel, call.dim, squared);
  float scales[kTileItems];
  const std::uint64_t odd_rows = judge_rows(call, rows, squared, begin, end, scales, panel);
  for (std::uint32_t i = 0; odd_rows != 0 && i < kTileItems; ++i) {
    if ((odd_rows >> i & 1) == 0) continue;
    for (std::uint32_t k = 0; k < call.dim; ++k) panel.values[k * kTileItems + i] = 0;
  }
  if (call.cosine) rescale(panel, call.dim, scales);
}

}  // namespace

// queries: (dim, kTileQueries), aligned like the panel.
PALATE_INLINE void multiply(const float* queries, const Panel& panel, std::uint32_t dim, Tile& tile) {
  for (std::uint32_t p = 0; p < kTileParts; ++p) {
    const Part start = *reinterpret_cast<const Part*>(panel.starts + p * kWidth);
    for (std::uint32_t q = 0; q < kTileQueries; ++q) tile.sums[q][p] = start;
  }
  accumulate(queries, panel.values, dim, tile, NothingAhead{});
}

// Bit i of the result: score i of a tile's row >= bar.
PALATE_INLINE std::uint64_t reaching(const Part* sums, float bar) {
  std::uint64_t mask = 0;
  for (std::uint32_t p = 0; p < kTileParts; ++p) {
#if defined(__AVX512F__)
    const std::uint64_t part = _mm512_cmp_ps_mask((__m512)sums[p], _mm512_set1_ps(bar), _CMP_GE_OQ);
#elif defined(__AVX2__)
    const __m256 compared = _mm256_cmp_ps((__m256)sums[p], _mm256_set1_ps(bar), _CMP_GE_OQ);
    const std::uint64_t part = static_cast<std::uint32_t>(_mm256_movemask_ps(compared));
#elif defined(__SSE2__)
    const std::uint64_t part =
        static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmpge_ps((__m128)sums[p], _mm_set1_ps(bar))));
#else
    std::uint64_t part = 0;
    for (int i = 0; i < kWidth; ++i) part |= static_cast<std::uint64_t>(sums[p][i] >= bar) << i;
#endif
    mask |= part << (p * kWidth);
  }
  return mask;
}

// Whether any bit would be set, which most often is not the case; cheaper than the bits.
PALATE_INLINE bool any_reaches(const Part* sums, float bar) {
#if defined(__AVX512F__)
  const __m512 largest = _mm512_max_ps(_mm512_max_ps((__m512)sums[0], (__m512)sums[1]), (__m512)sums[2]);
  return _mm512_cmp_ps_mask(largest, _mm512_set1_ps(bar), _CMP_GE_OQ) != 0;
#else
  return reaching(sums, bar) != 0;
#endif
}

// Writes the scores whose bits are set, and their positions; returns how many. Up to kTileItems elements
// of the targets are overwritten.
PALATE_INLINE std::uint32_t compress(const Part* scores, std::uint64_t mask, std::uint32_t first_position,
                                     float* values, std::uint32_t* positions) {
  std::uint32_t count = 0;
#if defined(__AVX512F__)
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::uint32_t p = 0; p < kTileParts; ++p) {
    const __mmask16 part = static_cast<__mmask16>(mask >> (p * kWidth));
    const __m512i position = _mm512_add_epi32(lane, _mm512_set1_epi32(static_cast<int>(first_position + p * kWidth)));
    _mm512_storeu_ps(values + count, _mm512_maskz_compress_ps(part, (__m512)scores[p]));
    _mm512_storeu_si512(positions + count, _mm512_maskz_compress_epi32(part, position));
    count += static_cast<std::uint32_t>(__builtin_popcount(part));
  }
#else
  for (std::uint32_t i = 0; i < kTileItems; ++i) {
    values[count] = scores[i / kWidth][i % kWidth];
    positions[count] = first_position + i;
    count += static_cast<std::uint32_t>(mask >> i & 1);
  }
#endif
  return count;
}

}  // namespace palate::KERNEL_NS
