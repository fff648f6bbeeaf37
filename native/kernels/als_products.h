// Sums of outer products in tiles that stay in registers. Part of solve_als.cc and fold_rows.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

// As many sums as registers leave room for beside the operands.
#if defined(__AVX512F__) || defined(__aarch64__) || defined(_M_ARM64)
constexpr std::uint32_t kProductRows = 8;
#else
constexpr std::uint32_t kProductRows = 4;
#endif
constexpr std::uint32_t kProductParts = 3;
static_assert(kLanes % kProductRows == 0);

PALATE_INLINE Part load_part(const float* source) {
  Part part;
  std::memcpy(&part, source, sizeof part);
  return part;
}

// Element (r, c) of the target +- sum over k of left[k * stride + r] right[k * stride + c]. Each sum is one chain of
// fused multiply-adds in the order of k, so that its bits do not depend on the tile's shape.
template <std::uint32_t parts, bool subtract>
PALATE_INLINE void add_tile(float* target, std::size_t target_stride, const float* left, const float* right,
                            std::size_t stride, std::uint32_t depth) {
  Part sums[kProductRows][parts];
  for (std::uint32_t r = 0; r < kProductRows; ++r)
    for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = part_of(0.0f);
  for (std::uint32_t k = 0; k < depth; ++k) {
    Part x[parts];
    for (std::uint32_t p = 0; p < parts; ++p) x[p] = load_part(right + p * kWidth);
    for (std::uint32_t r = 0; r < kProductRows; ++r) {
      const Part y = part_of(left[r]);
      for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = part_fma(x[p], y, sums[r][p]);
    }
    left += stride;
    right += stride;
  }
  for (std::uint32_t r = 0; r < kProductRows; ++r) {
    for (std::uint32_t p = 0; p < parts; ++p) {
      float* at = target + r * target_stride + p * kWidth;
      const Part sum = subtract ? load_part(at) - sums[r][p] : load_part(at) + sums[r][p];
      std::memcpy(at, &sum, sizeof sum);
    }
  }
}

// Upper triangle of the target +- rows' rows, for `depth` rows of `width` floats, a multiple of 16. What lies below the
// diagonal is left undefined.
template <bool subtract, typename W>
void add_products(float* target, std::size_t target_stride, const float* rows, std::size_t stride, W width,
                  std::uint32_t depth) {
  constexpr std::uint32_t kTile = kProductParts * kWidth;
  for (std::uint32_t r = 0; r < width; r += kProductRows) {
    float* line = target + r * target_stride;
    std::uint32_t c = r / kWidth * kWidth;
    for (; c + kTile <= width; c += kTile)
      add_tile<kProductParts, subtract>(line + c, target_stride, rows + r, rows + c, stride, depth);
    for (; c + 2 * kWidth <= width; c += 2 * kWidth)
      add_tile<2, subtract>(line + c, target_stride, rows + r, rows + c, stride, depth);
    if (c < width) add_tile<1, subtract>(line + c, target_stride, rows + r, rows + c, stride, depth);
  }
}

// out[k] = sum over rows r of weights[r] matrix[r * stride + k], for `width` columns from the matrix' first on; `rows`
// is a multiple of 4. Four chains a sum, as a single one waits for each of its additions.
template <typename W>
PALATE_INLINE void combine(float* out, const float* matrix, std::size_t stride, const float* weights,
                           std::uint32_t rows, W width) {
  for (std::uint32_t k = 0; k < width; k += kLanes) {
    Lanes sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
    for (std::uint32_t r = 0; r < rows; r += 4) {
      const float* at = matrix + r * stride + k;
      for (std::uint32_t s = 0; s < 4; ++s) sums[s] = fma(splat(weights[r + s]), load(at + s * stride), sums[s]);
    }
    store(out + k, (sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
