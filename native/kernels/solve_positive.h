// One system of linear equations with a symmetric positive definite matrix, by one thread in float64: A x = b by the
// Cholesky factorisation A = U'U in panels of rows. Part of the kernels that include it.
//
// Each element is one chain of fused multiply-adds in the order of the rows, so its bits do not depend on the shape of
// the tiles, nor on the level where that fuses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/doubles.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kPanelRows = 16;
constexpr std::uint32_t kEight = 8;  // doubles of the widest level: rows are padded to them
constexpr std::uint32_t kEightParts = kEight / kDoubles;
#if defined(__AVX512F__)
constexpr std::uint32_t kSolveParts = 3;
constexpr std::uint32_t kSolveRows = 8;
#else
constexpr std::uint32_t kSolveParts = 2;
constexpr std::uint32_t kSolveRows = 4;
#endif
static_assert(kPanelRows % kSolveRows == 0);

// Doubles from one row to the next: whole vectors and one more, as a tile may begin within the last, and no multiple of
// a page's part, whose columns would share a few lines of the cache.
PALATE_INLINE std::size_t solve_stride(std::uint32_t size) {
  const std::size_t padded = (std::size_t{size} + 2 * kEight - 1) / kEight * kEight;
  return padded % 64 == 0 ? padded + kEight : padded;
}

// Scales row `j` of a panel and takes it from the panel's rows below, and from b. False when its pivot is not positive.
PALATE_INLINE bool sweep_row(double* matrix, std::size_t stride, std::uint32_t size, std::uint32_t j, std::uint32_t end,
                             double* b) {
  double* row = matrix + j * stride;
  const double pivot = row[j];
  if (!(pivot > 0) || pivot - pivot != 0) return false;
  const double inverse = 1 / __builtin_sqrt(pivot);
  const std::uint32_t first = j / kEight * kEight;
  const DoublePart scale = doubles_of(inverse);
  for (std::uint32_t k = first; k < size; k += kDoubles) store_doubles(row + k, scale * load_doubles(row + k));
  row[j] = inverse;  // all that is needed of U_jj
  b[j] *= inverse;
  for (std::uint32_t i = j + 1; i < end; ++i) {
    double* below = matrix + i * stride;
    const double factor = -row[i];
    const DoublePart weight = doubles_of(factor);
    for (std::uint32_t k = first; k < size; k += kDoubles)
      store_doubles(below + k, doubles_fma(weight, load_doubles(row + k), load_doubles(below + k)));
    b[i] += factor * b[j];
  }
  return true;
}

// target (kSolveRows, parts vectors) -= left' right over `depth` rows of the panel.
template <std::uint32_t parts>
PALATE_INLINE void subtract_tile(double* target, const double* left, const double* right, std::size_t stride,
                                 std::uint32_t depth) {
  DoublePart sums[kSolveRows][parts];
  for (std::uint32_t r = 0; r < kSolveRows; ++r)
    for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = load_doubles(target + r * stride + p * kDoubles);
  for (std::uint32_t k = 0; k < depth; ++k) {
    DoublePart x[parts];
    for (std::uint32_t p = 0; p < parts; ++p) x[p] = load_doubles(right + p * kDoubles);
    for (std::uint32_t r = 0; r < kSolveRows; ++r) {
      const DoublePart y = doubles_of(-left[r]);
      for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = doubles_fma(x[p], y, sums[r][p]);
    }
    left += stride;
    right += stride;
  }
  for (std::uint32_t r = 0; r < kSolveRows; ++r)
    for (std::uint32_t p = 0; p < parts; ++p) store_doubles(target + r * stride + p * kDoubles, sums[r][p]);
}

// The rows behind a panel, less what it explains; what lies left of the diagonal is lost.
PALATE_INLINE void subtract_panel(double* matrix, std::size_t stride, std::uint32_t size, std::uint32_t first,
                                  std::uint32_t end) {
  const double* panel = matrix + first * stride;
  for (std::uint32_t i = end; i < size; i += kSolveRows) {
    std::uint32_t c = i / kDoubles * kDoubles;
    for (; c + kSolveParts * kDoubles <= size; c += kSolveParts * kDoubles)
      subtract_tile<kSolveParts>(matrix + i * stride + c, panel + i, panel + c, stride, end - first);
    for (; c < size; c += kDoubles)
      subtract_tile<1>(matrix + i * stride + c, panel + i, panel + c, stride, end - first);
  }
}

// x_j from those behind it. Eight sums whatever the level's width.
PALATE_INLINE double solved(const double* row, const double* b, std::uint32_t j, std::uint32_t size) {
  const std::uint32_t first = (j / kEight + 1) * kEight;
  double rest = b[j];
  for (std::uint32_t k = j + 1; k < first && k < size; ++k) rest -= row[k] * b[k];
  alignas(64) double sums[kEight] = {};
  DoublePart parts[kEightParts];
  for (std::uint32_t p = 0; p < kEightParts; ++p) parts[p] = doubles_of(0);
  for (std::uint32_t k = first; k < size; k += kEight)
    for (std::uint32_t p = 0; p < kEightParts; ++p)
      parts[p] = doubles_fma(load_doubles(row + k + p * kDoubles), load_doubles(b + k + p * kDoubles), parts[p]);
  for (std::uint32_t p = 0; p < kEightParts; ++p) store_doubles(sums + p * kDoubles, parts[p]);
  for (std::uint32_t s = 0; s < kEight; ++s) rest -= sums[s];
  return rest * row[j];
}

// x in place of b. Of A (size, solve_stride(size)) the upper triangle is read, and all is lost; below it and behind the
// columns stands anything finite, and kSolveRows more rows follow. b has solve_stride(size) doubles, zeros behind
// `size`. False unless A is positive definite.
[[maybe_unused]] bool solve_positive(double* matrix, std::uint32_t size, double* b) {
  const std::size_t stride = solve_stride(size);
  for (std::uint32_t first = 0; first < size; first += kPanelRows) {
    const std::uint32_t end = size - first < kPanelRows ? size : first + kPanelRows;
    for (std::uint32_t j = first; j < end; ++j)
      if (!sweep_row(matrix, stride, size, j, end, b)) return false;
    for (std::uint32_t j = first; j < end; ++j) {
      const double* row = matrix + j * stride;
      const double y = b[j];
      for (std::uint32_t k = end; k < size; ++k) b[k] -= row[k] * y;
    }
    subtract_panel(matrix, stride, size, first, end);
  }
  for (std::uint32_t j = size; j-- > 0;) {
    // What lies behind the columns of the matrix meets zeros.
    b[j] = solved(matrix + j * stride, b, j, size);
  }
  return true;
}

}  // namespace
}  // namespace palate::KERNEL_NS
