// What both solvers do with the pairs of a row. Part of solve_als.cc.
#pragma once

#include "kernels/solve_als.h"
#include "math/lanes.h"
#include "math/scalar.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

// A row to fit, and the pairs that it has.
struct AlsRow {
  float* factors;               // (stride)
  const std::uint32_t* others;  // (count)
  const float* roots;           // (count), or nullptr
  std::uint32_t count;
  std::uint32_t left;  // pairs from here on to the last of all rows
  float penalty;
};

// Columns of a block, as a number that the compiler knows where it is a common one: loops over few vectors gain from
// it.
struct AnyWidth {
  std::uint32_t floats;
  constexpr operator std::uint32_t() const { return floats; }
};
template <std::uint32_t width>
struct Width {
  constexpr operator std::uint32_t() const { return width; }
};

// Fixed rows are scattered over a table that no cache near the core holds: they are asked for this many pairs ahead,
// past the end of a row, too, as the next row's pairs follow.
constexpr std::uint32_t kAhead = 12;

PALATE_INLINE void fetch(const float* row, std::uint32_t width) {
#if defined(__GNUC__)
  for (std::uint32_t k = 0; k < width; k += kLanes) __builtin_prefetch(row + k);
#else
  static_cast<void>(row);
  static_cast<void>(width);
#endif
}

PALATE_INLINE const float* fixed_row(const AlsCall& call, std::uint32_t other) {
  return call.fixed + std::size_t{other} * call.stride;
}

// scores[n] = query . columns [first, first + width) of the fixed row of pair n, for pairs [begin, end). Of rows to
// come the first `soon` of these columns are fetched. visit(n, columns) sees each pair while its columns are near.
template <typename W, typename S, typename V>
PALATE_INLINE void score_pairs(const AlsCall& call, const AlsRow& row, std::uint32_t begin, std::uint32_t end,
                               const float* query, std::uint32_t first, W width, S soon, float* scores, V visit) {
  const float* fixed = call.fixed + first;
  const std::size_t stride = call.stride;
  const std::uint32_t* others = row.others;
  const std::uint32_t last = row.left;
  std::uint32_t n = begin;
  for (; n + 4 <= end; n += 4) {
    const float* at[4];
    Lanes sums[4];
    for (std::uint32_t r = 0; r < 4; ++r) {
      at[r] = fixed + others[n + r] * stride;
      sums[r] = splat(0.0f);
    }
    const float* next[4];
    for (std::uint32_t r = 0; r < 4; ++r)
      next[r] = n + 3 + kAhead < last ? fixed + others[n + r + kAhead] * stride : at[r];
    for (std::uint32_t k = width; k < soon; k += kLanes)
      for (std::uint32_t r = 0; r < 4; ++r) fetch(next[r] + k, kLanes);
    for (std::uint32_t k = 0; k < width; k += kLanes) {
      const Lanes q = load(query + k);
      // Between the steps: all at once they would wait for room to be asked in.
      for (std::uint32_t r = 0; r < 4; ++r) fetch(next[r] + k, kLanes);
      for (std::uint32_t r = 0; r < 4; ++r) sums[r] = fma(q, load(at[r] + k), sums[r]);
    }
    sum_four(scores + n, sums);
    for (std::uint32_t r = 0; r < 4; ++r) visit(n + r, at[r]);
  }
  for (; n < end; ++n) {
    const float* at = fixed + others[n] * stride;
    if (n + kAhead < last) fetch(fixed + others[n + kAhead] * stride, soon);
    Lanes sums = splat(0.0f);
    for (std::uint32_t k = 0; k < width; k += kLanes) sums = fma(load(query + k), load(at + k), sums);
    scores[n] = sum(sums);
    visit(n, at);
  }
}

// For score_pairs() where nothing else is to do.
constexpr auto kVisitNothing = [](std::uint32_t, const float*) {};

// Root of the weight times (score - 1).
PALATE_INLINE float error_of(const AlsRow& row, std::uint32_t pair, float score) {
  return row.roots == nullptr ? score - 1 : row.roots[pair] * (score - 1);
}

// A chunk of `size` values, and zeros behind them. target (kAlsDepth)
PALATE_INLINE void copy_padded(const float* values, std::uint32_t size, float* target) {
  for (std::uint32_t n = 0; n < kAlsDepth; n += kLanes) store(target + n, splat(0.0f));
  std::uint32_t n = 0;
  for (; n + kLanes <= size; n += kLanes) store(target + n, load(values + n));
  for (; n < size; ++n) target[n] = values[n];
}

PALATE_INLINE double sum_squares(const float* errors) {
  Lanes sums = splat(0.0f);
  for (std::uint32_t n = 0; n < kAlsDepth; n += kLanes) sums = fma(load(errors + n), load(errors + n), sums);
  return static_cast<double>(sum(sums));
}

}  // namespace
}  // namespace palate::KERNEL_NS
