// Packing matrices into the panels of multiply_tile.h, and multiplying what is packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "kernels/multiply_tile.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

// A matrix in memory, either way round: element (r, c) is values[r * row_stride + c * column_stride].
struct Operand {
  const float* values;
  std::size_t row_stride;
  std::size_t column_stride;
};

PALATE_INLINE Operand row_major(const float* values, std::size_t stride) { return {values, stride, 1}; }
PALATE_INLINE Operand transposed(const float* values, std::size_t stride) { return {values, 1, stride}; }
PALATE_INLINE Operand transposed(const Operand& m) { return {m.values, m.column_stride, m.row_stride}; }
PALATE_INLINE Operand part_from(const Operand& m, std::size_t row, std::size_t column) {
  return {m.values + row * m.row_stride + column * m.column_stride, m.row_stride, m.column_stride};
}

namespace {

#if defined(__SSE2__)
// Four rows of four floats, `stride` apart, to four columns of a panel of `width`.
PALATE_INLINE void transpose_four(const float* source, std::size_t stride, float* target, std::size_t width) {
  __m128 a = _mm_loadu_ps(source);
  __m128 b = _mm_loadu_ps(source + stride);
  __m128 c = _mm_loadu_ps(source + 2 * stride);
  __m128 d = _mm_loadu_ps(source + 3 * stride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(target, a);
  _mm_storeu_ps(target + width, b);
  _mm_storeu_ps(target + 2 * width, c);
  _mm_storeu_ps(target + 3 * width, d);
}
#endif

// Packs `count` <= width strips of `depth` elements: strip s starts at source + s * strip_stride, its elements are
// `stride` apart. Strips that are missing are zeros.
template <std::uint32_t width>
PALATE_INLINE void pack_panel_of(const float* source, std::size_t strip_stride, std::size_t stride, std::uint32_t count,
                                 std::uint32_t depth, float* PALATE_RESTRICT target) {
  if (strip_stride == 1 && count == width) {
    for (std::uint32_t k = 0; k < depth; ++k) {
      const float* from = source + k * stride;
      for (std::uint32_t s = 0; s < width; ++s) target[k * width + s] = from[s];
    }
    return;
  }
  std::uint32_t strip = 0;
#if defined(__SSE2__)
  if (stride == 1) {
    for (; strip + 4 <= count; strip += 4) {
      const float* from = source + strip * strip_stride;
      std::uint32_t k = 0;
      for (; k + 4 <= depth; k += 4) transpose_four(from + k, strip_stride, target + k * width + strip, width);
      for (; k < depth; ++k)
        for (std::uint32_t s = 0; s < 4; ++s) target[k * width + strip + s] = from[s * strip_stride + k];
    }
  }
#endif
  for (; strip < count; ++strip) {
    const float* from = source + strip * strip_stride;
    for (std::uint32_t k = 0; k < depth; ++k) target[k * width + strip] = from[k * stride];
  }
  for (; strip < width; ++strip)
    for (std::uint32_t k = 0; k < depth; ++k) target[k * width + strip] = 0;
}

// Panels of rows [0, rows) of the left matrix: (panels, depth, kTileRows).
void pack_rows(const Operand& a, std::uint32_t rows, std::uint32_t depth, float* target) {
  for (std::uint32_t r = 0; r < rows; r += kTileRows) {
    const std::uint32_t count = rows - r < kTileRows ? rows - r : kTileRows;
    pack_panel_of<kTileRows>(a.values + r * a.row_stride, a.row_stride, a.column_stride, count, depth,
                             target + std::size_t{r} * depth);
  }
}

// Panels of columns [0, columns) of the right matrix: (panels, depth, kTileColumns).
void pack_columns(const Operand& b, std::uint32_t columns, std::uint32_t depth, float* target) {
  for (std::uint32_t c = 0; c < columns; c += kTileColumns) {
    const std::uint32_t count = columns - c < kTileColumns ? columns - c : kTileColumns;
    pack_panel_of<kTileColumns>(b.values + c * b.column_stride, b.column_stride, b.row_stride, count, depth,
                                target + std::size_t{c} * depth);
  }
}

// c (+)= tile, the first `rows` x `columns` of it.
template <bool add>
PALATE_INLINE void store_tile(const Tile& tile, float* c, std::size_t stride, std::uint32_t rows,
                              std::uint32_t columns) {
  if (rows == kTileRows && columns == kTileColumns) {
    for (std::uint32_t r = 0; r < kTileRows; ++r) {
      for (std::uint32_t p = 0; p < kTileParts; ++p) {
        float* target = c + r * stride + p * kWidth;
        Part sums = tile.sums[r][p];
        if constexpr (add) {
          Part before;
          std::memcpy(&before, target, sizeof before);
          sums = before + sums;
        }
        std::memcpy(target, &sums, sizeof sums);
      }
    }
    return;
  }
  float sums[kTileRows * kTileColumns];
  std::memcpy(sums, &tile, sizeof sums);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t j = 0; j < columns; ++j) {
      const float sum = sums[r * kTileColumns + j];
      c[r * stride + j] = add ? c[r * stride + j] + sum : sum;
    }
  }
}

// One panel of columns with all panels of rows. The panel that follows is fetched meanwhile.
template <bool add>
PALATE_INLINE void multiply_column_panel(float* c, std::size_t stride, const float* packed_rows, const float* panel,
                                         std::uint32_t rows, std::uint32_t columns, std::uint32_t depth) {
  const float* following = panel + std::size_t{depth} * kTileColumns;
  const std::size_t step = kTileColumns * std::size_t{kTileRows} / rows + 1;  // all of it once all rows have passed
  for (std::uint32_t i = 0; i < rows; i += kTileRows) {
    const std::uint32_t height = rows - i < kTileRows ? rows - i : kTileRows;
    float* target = c + i * stride;
#if defined(__GNUC__)
    // The target lies in L2 at best, and is needed `depth` steps from now.
    for (std::uint32_t r = 0; r < height; ++r)
      for (std::uint32_t p = 0; p < kTileColumns; p += kLanes) __builtin_prefetch(target + r * stride + p, 1);
#endif
    Tile tile;
    for (std::uint32_t r = 0; r < kTileRows; ++r)
      for (std::uint32_t p = 0; p < kTileParts; ++p) tile.sums[r][p] = part_of(0.0f);
    const Ahead ahead{following + std::size_t{i / kTileRows} * depth * step, step};
    accumulate(packed_rows + std::size_t{i} * depth, panel, depth, tile, ahead);
    store_tile<add>(tile, target, stride, height, columns);
  }
}

// C(rows, columns) (+)= packed rows . packed columns.
template <bool add>
void multiply_panels(float* c, std::size_t stride, const float* packed_rows, const float* packed_columns,
                     std::uint32_t rows, std::uint32_t columns, std::uint32_t depth) {
  if (rows == 0) return;
  for (std::uint32_t j = 0; j < columns; j += kTileColumns) {
    const std::uint32_t width = columns - j < kTileColumns ? columns - j : kTileColumns;
    multiply_column_panel<add>(c + j, stride, packed_rows, packed_columns + std::size_t{j} * depth, rows, width, depth);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
