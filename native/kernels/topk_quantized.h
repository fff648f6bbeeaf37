// The screen in 8-bit integers: a quarter of the memory and, with AVX512-VNNI, over twice the speed of floats.
//
// Each query row y and each item row x is rounded to multiples of its own step, at most 127 of them:
// y = y' + e, x = x' + f. <y', x'> is exact in 32 bits, and
//   |<y, x> - <y', x'>| = |<y', f> + <e, x>| <= |y'| |f| + |e| |x|,
// where the lengths of e and f are measured, not assumed. So quantized scores have a bound like those of
// topk_tile.h, only wider, and the same lists take them.
//
// An instruction multiplies unsigned bytes (items, shifted by 128) by signed ones (queries); sums start at
// -128 times the sum of the query's integers, which undoes the shift.
#pragma once

#include <cstdint>

#include "kernels/topk_block.h"

#if defined(__AVX512F__) && defined(__GNUC__)
#define PALATE_QUANTIZED 1
#endif

namespace palate::KERNEL_NS {

namespace {

#if defined(PALATE_QUANTIZED)

bool can_quantize() { return __builtin_cpu_supports("avx512vnni") != 0; }

// sums + four products each of unsigned and signed bytes. Written as assembly since the level's flags stop short
// of VNNI, which the first processors with AVX-512 lack, and since GCC 12 copies the sums around the intrinsic.
PALATE_INLINE void add_products(__m512i& sums, __m512i unsigned_bytes, __m512i signed_bytes) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(unsigned_bytes), "v"(signed_bytes));
}

// Rows with smaller steps are rounded to zeros.
constexpr float kSmallestStep = 1e-30f;
constexpr float kMostSteps = 127.0f;

// The first sixteen of `count` floats, zeros behind them.
PALATE_INLINE __m512 load_up_to(const float* source, std::uint32_t count) {
  const __mmask16 mask = count < 16 ? static_cast<__mmask16>((1u << count) - 1) : static_cast<__mmask16>(0xffff);
  return _mm512_maskz_loadu_ps(mask, source);
}

PALATE_INLINE float sum_of(__m512 v) {
  Lanes lanes;
  lanes.part[0] = (Part)v;
  return sum(lanes);
}

PALATE_INLINE float largest_of(__m512 v) {
  float lanes[16];
  _mm512_storeu_ps(lanes, v);
  for (int step = 8; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) lanes[i] = lanes[i] > lanes[i + step] ? lanes[i] : lanes[i + step];
  }
  return lanes[0];
}

// The step of a row, whose largest magnitude takes all of them, and its squared length.
PALATE_INLINE float step_of(const float* row, std::uint32_t dim, float& squared) {
  __m512 largest = _mm512_setzero_ps();
  __m512 squares = _mm512_setzero_ps();
  for (std::uint32_t k = 0; k < dim; k += 16) {
    const __m512 x = load_up_to(row + k, dim - k);
    largest = _mm512_max_ps(_mm512_abs_ps(x), largest);
    squares = _mm512_fmadd_ps(x, x, squares);
  }
  squared = sum_of(squares);
  const float step = largest_of(largest) / kMostSteps;
  return step < kSmallestStep ? 0.0f : step;
}

// Rounds a row to bytes, `flip` xored into each; zeros fill the last sixteen. Returns the length of the difference.
PALATE_INLINE float round_row(const float* row, std::uint32_t dim, float step, char flip, char* bytes) {
  const __m512 inverse = _mm512_set1_ps(step == 0 ? 0.0f : 1.0f / step);
  __m512 squares = _mm512_setzero_ps();
  for (std::uint32_t k = 0; k < dim; k += 16) {
    const __m512 x = load_up_to(row + k, dim - k);
    const __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(x, inverse));
    const __m512 difference = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(rounded), _mm512_set1_ps(step), x);
    squares = _mm512_fmadd_ps(difference, difference, squares);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes + k),
                     _mm_xor_si128(_mm512_cvtsepi32_epi8(rounded), _mm_set1_epi8(flip)));
  }
  return ::sqrtf(sum_of(squares)) + kShortestLength;
}

// Rounds the block's queries; those that are not screened become zeros.
PALATE_NOINLINE void quantize_queries(BlockState& state) {
  const TopkCall& call = *state.block.call;
  const std::uint32_t groups = groups_of(call.dim);
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    std::int32_t* target =
        state.rounded + static_cast<std::size_t>(slot / kTileQueries) * groups * kTileQueries + slot % kTileQueries;
    if (state.lengths[slot] == 0) {
      for (std::uint32_t g = 0; g < groups; ++g) target[g * kTileQueries] = 0;
      continue;
    }
    const Query& query = state.queries[slot];
    float squared;
    const float step = step_of(query.row, call.dim, squared);
    char* bytes = reinterpret_cast<char*>(state.staged);
    state.errors[slot] = round_row(query.row, call.dim, step, 0, bytes) * query.scale;
    state.steps[slot] = step * query.scale;
    std::int32_t sum = 0;
    for (std::uint32_t k = 0; k < call.dim; ++k) sum += static_cast<signed char>(bytes[k]);
    state.sums[slot] = -128 * sum;
    for (std::uint32_t g = 0; g < groups; ++g) std::memcpy(target + g * kTileQueries, state.staged + g, sizeof *target);
  }
}

// Like pack_panel, rounded.
PALATE_NOINLINE void quantize_panel(BlockState& state, std::uint32_t begin, std::uint32_t end) {
  const TopkCall& call = *state.block.call;
  Panel& panel = state.panel;
  const std::uint32_t groups = groups_of(call.dim);
  const float* rows[kTileItems];
  find_rows(call, state.block.item_of, begin, end, rows, panel);
  float squared[kTileItems];
  float steps[kTileItems];
  for (std::uint32_t i = 0; i < kTileItems; ++i) steps[i] = step_of(rows[i], call.dim, squared[i]);
  float scales[kTileItems];
  const std::uint64_t odd_rows = judge_rows(call, rows, squared, begin, end, scales, panel);
  const float* staged[kTileItems];
  for (std::uint32_t i = 0; i < kTileItems; ++i) {
    float* target = state.staged + static_cast<std::size_t>(i) * groups;
    const float error =
        round_row(rows[i], call.dim, steps[i], static_cast<char>(-128), reinterpret_cast<char*>(target));
    const bool odd = (odd_rows >> i & 1) != 0;
    panel.steps[i] = odd ? 0.0f : steps[i] * scales[i];
    if (!odd && error * scales[i] > panel.extent.error) panel.extent.error = error * scales[i];
    staged[i] = target;
  }
  // Four bytes of an item move as one float would.
  transpose(staged, groups, panel.values);
}

// Sums of a tile of queries and the quantized panel, as scores.
PALATE_INLINE void multiply_quantized(const BlockState& state, std::uint32_t tile_index, Tile& tile) {
  const std::uint32_t groups = groups_of(state.block.call->dim);
  const std::uint32_t first = tile_index * kTileQueries;
  const std::int32_t* queries = state.rounded + static_cast<std::size_t>(first) * groups;
  const float* items = state.panel.values;
  __m512i sums[kTileQueries][kTileParts];
  for (std::uint32_t q = 0; q < kTileQueries; ++q) {
    for (std::uint32_t p = 0; p < kTileParts; ++p) sums[q][p] = _mm512_set1_epi32(state.sums[first + q]);
  }
  for (std::uint32_t g = 0; g < groups; ++g) {
    __m512i x[kTileParts];
    for (std::uint32_t p = 0; p < kTileParts; ++p) x[p] = _mm512_loadu_si512(items + p * kWidth);
    for (std::uint32_t q = 0; q < kTileQueries; ++q) {
      const __m512i y = _mm512_set1_epi32(queries[q]);
      for (std::uint32_t p = 0; p < kTileParts; ++p) add_products(sums[q][p], x[p], y);
    }
    items += kTileItems;
    queries += kTileQueries;
  }
  for (std::uint32_t q = 0; q < kTileQueries; ++q) {
    const __m512 query_step = _mm512_set1_ps(state.steps[first + q]);
    for (std::uint32_t p = 0; p < kTileParts; ++p) {
      const __m512 step = _mm512_mul_ps(_mm512_loadu_ps(state.panel.steps + p * kWidth), query_step);
      const __m512 start = _mm512_loadu_ps(state.panel.starts + p * kWidth);
      tile.sums[q][p] = (Part)_mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[q][p]), step, start);
    }
  }
}

PALATE_NOINLINE void screen_quantized(const BlockState& state, std::uint32_t first_position) {
  for (std::uint32_t t = 0; t < state.num_tiles; ++t) {
    Tile tile;
    multiply_quantized(state, t, tile);
    collect(state, t, tile, first_position);
  }
}

#else

constexpr bool can_quantize() { return false; }

#endif

}  // namespace

}  // namespace palate::KERNEL_NS
