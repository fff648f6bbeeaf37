// The score of a query and an item as select_topk.h defines it, eight items at a time.
//
// Every result that leaves select_topk was computed here, in one fixed order of additions: sixteen
// lanes over the row, then lane i with i + 8, i + 4, i + 2, i + 1. So a pair has the same score
// whichever path found it and whatever else was asked for in the same call.
#pragma once

#include <float.h>
#include <math.h>

#include <cstdint>
#include <cstring>

#include "kernels/select_topk.h"
#include "math/lanes.h"

#if defined(__GNUC__)
#define PALATE_NOINLINE __attribute__((noinline))
#define PALATE_LIKELY(x) __builtin_expect(x, 1)
#define PALATE_UNROLL _Pragma("GCC unroll 8")
#else
#define PALATE_NOINLINE __declspec(noinline)
#define PALATE_LIKELY(x) (x)
#define PALATE_UNROLL
#endif

namespace palate::KERNEL_NS {

inline constexpr std::uint32_t kRows = 8;  // items scored together

#if defined(__AVX512F__)
inline constexpr std::uint32_t kRowsInRegisters = 8;
#elif defined(__AVX2__)
inline constexpr std::uint32_t kRowsInRegisters = 4;
#else
inline constexpr std::uint32_t kRowsInRegisters = 2;
#endif

// The first `count` < 16 floats at `source`, zeros behind them; nothing beyond is read.
PALATE_INLINE Lanes load_first(const float* source, std::uint32_t count) {
#if defined(__AVX512F__)
  Lanes a;
  a.part[0] = (Part)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), source);
  return a;
#else
  float padded[kLanes] = {};
  for (std::uint32_t i = 0; i < count; ++i) padded[i] = source[i];
  return load(padded);
#endif
}

#if defined(__AVX2__)
// Lane i plus lane i + 8.
PALATE_INLINE __m256 fold(const Lanes& a) {
#if defined(__AVX512F__)
  const __m512 v = (__m512)a.part[0];
  return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
#else
  return _mm256_add_ps((__m256)a.part[0], (__m256)a.part[1]);
#endif
}

// The other three steps of eight sums at once, by transposing.
PALATE_INLINE void finish_sums(const __m256* v, float* sums) {
  __m256 s[4];
  for (int i = 0; i < 4; ++i) {
    s[i] = _mm256_add_ps(_mm256_permute2f128_ps(v[i], v[i + 4], 0x20), _mm256_permute2f128_ps(v[i], v[i + 4], 0x31));
  }
  __m256 p[2];
  for (int i = 0; i < 2; ++i) {
    const __m256d a = _mm256_castps_pd(s[2 * i]);
    const __m256d b = _mm256_castps_pd(s[2 * i + 1]);
    p[i] = _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
  }
  _mm256_storeu_ps(sums, _mm256_add_ps(_mm256_shuffle_ps(p[0], p[1], 0x88), _mm256_shuffle_ps(p[0], p[1], 0xdd)));
}
#endif

// sums[r] = <query, rows[r]> for kRows rows; with `own` the squared lengths of the rows instead.
template <bool own>
PALATE_INLINE void sum_rows(const float* query, const float* const* rows, std::uint32_t dim, float* sums) {
#if defined(__AVX2__)
  __m256 folded[kRows];
#endif
  for (std::uint32_t first = 0; first < kRows; first += kRowsInRegisters) {
    Lanes acc[kRowsInRegisters];
    for (std::uint32_t r = 0; r < kRowsInRegisters; ++r) acc[r] = splat(0.0f);
    std::uint32_t k = 0;
    for (; k + kLanes <= dim; k += kLanes) {
      const Lanes q = own ? splat(0.0f) : load(query + k);
      for (std::uint32_t r = 0; r < kRowsInRegisters; ++r) {
        const Lanes x = load(rows[first + r] + k);
        acc[r] = fma(x, own ? x : q, acc[r]);
      }
    }
    if (k < dim) {
      const Lanes q = own ? splat(0.0f) : load_first(query + k, dim - k);
      for (std::uint32_t r = 0; r < kRowsInRegisters; ++r) {
        const Lanes x = load_first(rows[first + r] + k, dim - k);
        acc[r] = fma(x, own ? x : q, acc[r]);
      }
    }
    for (std::uint32_t r = 0; r < kRowsInRegisters; ++r) {
#if defined(__AVX2__)
      folded[first + r] = fold(acc[r]);
#else
      sums[first + r] = sum(acc[r]);
#endif
    }
  }
#if defined(__AVX2__)
  finish_sums(folded, sums);
#endif
}

// Squared lengths outside these bounds are near the ends of float32, or NaN.
inline constexpr float kShortest = 1e-30f;
inline constexpr float kLongest = 1e30f;
// Length of rows whose squared length is kShortest.
inline constexpr float kShortestLength = 1e-15f;

namespace {

// 1 / |row| in double where the square of the length leaves float32; 0 for a row of no normal length.
PALATE_NOINLINE float inverse_length_double(const float* row, std::uint32_t dim) {
  double squared = 0;
  for (std::uint32_t k = 0; k < dim; ++k) squared += static_cast<double>(row[k]) * row[k];
  const double length = ::sqrt(squared);
  return length < FLT_MIN ? 0.0f : static_cast<float>(1 / length);
}

bool is_zero(const float* row, std::uint32_t dim) {
  for (std::uint32_t k = 0; k < dim; ++k) {
    if (row[k] != 0) return false;
  }
  return true;
}

}  // namespace

PALATE_INLINE float inverse_length(const float* row, float squared, std::uint32_t dim) {
  if (squared > kShortest && squared < kLongest) return 1.0f / ::sqrtf(squared);
  return inverse_length_double(row, dim);
}

// One query as its scores are computed.
struct Query {
  const float* row;
  float scale;    // 1 or, for cosine, 1 / |row|
  float squared;  // |row|^2, possibly infinite or NaN
};

PALATE_INLINE Query make_query(const TopkCall& call, std::uint32_t q) {
  const float* row = call.queries + static_cast<std::size_t>(q) * call.dim;
  const float* rows[kRows];
  for (std::uint32_t r = 0; r < kRows; ++r) rows[r] = row;
  float squared[kRows];
  sum_rows<true>(row, rows, call.dim, squared);
  return {row, call.cosine ? inverse_length(row, squared[0], call.dim) : 1.0f, squared[0]};
}

// Up to kRows items, fetched once for all queries.
struct ItemRows {
  const float* rows[kRows];
  float scales[kRows];
  float biases[kRows];
};

// `items` holds `count` of 1 ... kRows item indices; the rest of the rows repeats the last one.
PALATE_INLINE void fetch_rows(const TopkCall& call, const std::uint32_t* items, std::uint32_t count,
                              ItemRows& fetched) {
  for (std::uint32_t r = 0; r < kRows; ++r) {
    const std::uint32_t item = items[r < count ? r : count - 1];
    fetched.rows[r] = call.items + static_cast<std::size_t>(item) * call.dim;
    fetched.biases[r] = call.item_biases != nullptr ? call.item_biases[item] : 0.0f;
    fetched.scales[r] = 1.0f;
  }
  if (!call.cosine) return;
  float squared[kRows];
  sum_rows<true>(nullptr, fetched.rows, call.dim, squared);
  for (std::uint32_t r = 0; r < kRows; ++r) {
    fetched.scales[r] = inverse_length(fetched.rows[r], squared[r], call.dim);
  }
}

// Scores of all kRows rows. Adding 0 turns -0 into +0, so that equal scores have equal bits.
PALATE_INLINE void score_rows(const TopkCall& call, const Query& query, const ItemRows& fetched, float* scores) {
  float sums[kRows];
  sum_rows<false>(query.row, fetched.rows, call.dim, sums);
#if defined(__AVX2__)
  // Left to itself GCC takes the eight apart, which costs as much as the sums.
  const __m256 scaled =
      _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(sums), _mm256_set1_ps(query.scale)), _mm256_loadu_ps(fetched.scales));
  const __m256 biased = _mm256_add_ps(scaled, _mm256_loadu_ps(fetched.biases));
  _mm256_storeu_ps(scores, _mm256_add_ps(biased, _mm256_setzero_ps()));
#else
  for (std::uint32_t r = 0; r < kRows; ++r) {
    scores[r] = sums[r] * query.scale * fetched.scales[r] + fetched.biases[r] + 0.0f;
  }
#endif
}

// Whether any of kRows scores reaches the bar.
PALATE_INLINE bool any_row_reaches(const float* scores, float bar) {
#if defined(__AVX2__)
  return _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores), _mm256_set1_ps(bar), _CMP_GE_OQ)) != 0;
#else
  std::uint32_t reaching = 0;
  for (std::uint32_t r = 0; r < kRows; ++r) reaching += scores[r] >= bar;
  return reaching != 0;
#endif
}

}  // namespace palate::KERNEL_NS
