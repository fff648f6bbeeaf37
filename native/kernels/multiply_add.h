// A small dense multiply with all sums of a tile in registers: C += A B.
//
// Each element of C is one chain of fused multiply-adds in the order of the depth, so neither the shape of the tiles
// nor how a long depth is cut changes a bit (but on the base level, which has no fused multiply-add).
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {

// A(row, t) = data[row * row_step + t * depth_step]: a matrix or its transpose, read one float at a time.
struct Factor {
  const float* data;
  std::size_t row_step;
  std::size_t depth_step;
};

namespace {

// As many registers as leave room for the operands.
#if defined(__AVX512F__) || defined(__aarch64__) || defined(_M_ARM64)
constexpr std::uint32_t kMultiplyRows = 8;
#elif defined(__AVX2__)
constexpr std::uint32_t kMultiplyRows = 6;
#else
constexpr std::uint32_t kMultiplyRows = 4;
#endif

// Memory that will be read soon. Each step of a multiply asks for one line of it to be in L2: streams of short rows are
// what the hardware's own prefetch foresees worst, and a burst of requests stops the processor until most are served.
struct Ahead {
  const float* next = nullptr;
  const float* end = nullptr;

  PALATE_INLINE void fetch() {
#if defined(__GNUC__)
    if (next >= end) return;
    __builtin_prefetch(next, 0, 2);
    next += kLanes;
#endif
  }
};

PALATE_INLINE Part load_part(const float* source) {
#if defined(__GNUC__)
  return *reinterpret_cast<const LoosePart*>(source);
#else
  Part a;
  for (int i = 0; i < kWidth; ++i) a[i] = source[i];
  return a;
#endif
}

PALATE_INLINE void store_part(float* target, Part a) {
#if defined(__GNUC__)
  *reinterpret_cast<LoosePart*>(target) = a;
#else
  for (int i = 0; i < kWidth; ++i) target[i] = a[i];
#endif
}

template <std::uint32_t rows, std::uint32_t parts>
PALATE_INLINE void multiply_tile(float* c, std::size_t c_stride, const Factor& a, const float* b, std::size_t b_stride,
                                 std::uint32_t depth, Ahead& ahead) {
  Part sums[rows][parts];
  for (std::uint32_t r = 0; r < rows; ++r)
    for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = load_part(c + r * c_stride + p * kWidth);
  const float* column = a.data;
  for (std::uint32_t t = 0; t < depth; ++t) {
    ahead.fetch();
    Part values[parts];
    for (std::uint32_t p = 0; p < parts; ++p) values[p] = load_part(b + p * kWidth);
    for (std::uint32_t r = 0; r < rows; ++r) {
      const Part factor = part_of(column[r * a.row_step]);
      for (std::uint32_t p = 0; p < parts; ++p) sums[r][p] = part_fma(factor, values[p], sums[r][p]);
    }
    column += a.depth_step;
    b += b_stride;
  }
  for (std::uint32_t r = 0; r < rows; ++r)
    for (std::uint32_t p = 0; p < parts; ++p) store_part(c + r * c_stride + p * kWidth, sums[r][p]);
}

// Rows from `row` on in tiles of `tile` of them, then of half as many.
template <std::uint32_t tile, std::uint32_t parts>
PALATE_INLINE void multiply_rows(float* c, std::size_t c_stride, const Factor& a, const float* b, std::size_t b_stride,
                                 std::uint32_t row, std::uint32_t rows, std::uint32_t depth, Ahead& ahead) {
  for (; row + tile <= rows; row += tile) {
    const Factor from{a.data + row * a.row_step, a.row_step, a.depth_step};
    multiply_tile<tile, parts>(c + row * c_stride, c_stride, from, b, b_stride, depth, ahead);
  }
  if constexpr (tile > 1) multiply_rows<tile / 2, parts>(c, c_stride, a, b, b_stride, row, rows, depth, ahead);
}

// C (rows, columns) += A (rows, depth) B (depth, columns); columns a multiple of kLanes.
void multiply_add(float* c, std::size_t c_stride, const Factor& a, const float* b, std::size_t b_stride,
                  std::uint32_t rows, std::uint32_t columns, std::uint32_t depth, Ahead ahead = {}) {
  std::uint32_t column = 0;
  for (; column + 2 * kWidth <= columns; column += 2 * kWidth)
    multiply_rows<kMultiplyRows, 2>(c + column, c_stride, a, b + column, b_stride, 0, rows, depth, ahead);
  for (; column < columns; column += kWidth)
    multiply_rows<kMultiplyRows, 1>(c + column, c_stride, a, b + column, b_stride, 0, rows, depth, ahead);
}

}  // namespace
}  // namespace palate::KERNEL_NS
