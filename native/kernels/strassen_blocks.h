// Which blocks of the matrices take part in each of Strassen's products, and sums of blocks in the panels of
// multiply_tile.h. Part of multiply_strassen.h.
#pragma once

#include <cstring>
#include <type_traits>

#include "kernels/multiply.h"

namespace palate::KERNEL_NS {

inline constexpr std::uint32_t kStrassenTerms = 4;

namespace {

// The seven products: signs of the blocks 11, 12, 21, 22 of A and of B in their factors, and of the product in C.
constexpr signed char kStrassenLeft[7][4] = {{1, 0, 0, 1}, {0, 0, 1, 1},  {1, 0, 0, 0}, {0, 0, 0, 1},
                                             {1, 1, 0, 0}, {-1, 0, 1, 0}, {0, 1, 0, -1}};
constexpr signed char kStrassenRight[7][4] = {{1, 0, 0, 1}, {1, 0, 0, 0}, {0, 1, 0, -1}, {-1, 0, 1, 0},
                                              {0, 0, 0, 1}, {1, 1, 0, 0}, {0, 0, 1, 1}};
constexpr signed char kStrassenResult[7][4] = {{1, 0, 0, 1},  {0, 0, 1, -1}, {0, 1, 0, 1}, {1, 0, 1, 0},
                                               {-1, 1, 0, 0}, {0, 0, 0, 1},  {1, 0, 0, 0}};

struct BlockTerm {
  std::uint32_t row;  // of the blocks
  std::uint32_t column;
  float sign;
};

// The blocks that take part in a factor, or in which a product does.
struct BlockTerms {
  BlockTerm terms[kStrassenTerms];
  std::uint32_t count = 0;
};

// `product` < 7^levels: its digits are the products of the levels, the outer one first.
BlockTerms terms_of(const signed char (&signs)[7][4], std::uint32_t levels, std::uint32_t product) {
  BlockTerms found;
  found.terms[0] = {0, 0, 1.0f};
  found.count = 1;
  for (std::uint32_t level = 0; level < levels; ++level) {
    const std::uint32_t digit = levels - level == 2 ? product / 7 : product % 7;
    BlockTerms finer;
    for (std::uint32_t t = 0; t < found.count; ++t) {
      for (std::uint32_t b = 0; b < 4; ++b) {
        if (signs[digit][b] == 0) continue;
        const BlockTerm& term = found.terms[t];
        finer.terms[finer.count++] = {2 * term.row + b / 2, 2 * term.column + b % 2,
                                      term.sign * static_cast<float>(signs[digit][b])};
      }
    }
    found = finer;
  }
  return found;
}

// One side of a product, in strips: rows of the left matrix, columns of the right one. Elements of a strip are
// `depth_stride` apart.
struct StrassenSide {
  struct Block {
    const float* values;
    std::uint32_t strips;  // that are there
    std::uint32_t depth;
    float sign;
  };
  Block blocks[kStrassenTerms];
  std::uint32_t count = 0;
  std::size_t strip_stride = 0;
  std::size_t depth_stride = 0;
};

constexpr std::uint32_t clip(std::uint32_t size, std::uint32_t begin, std::uint32_t most) {
  return size <= begin ? 0 : size - begin < most ? size - begin : most;
}

StrassenSide side_of(const Operand& matrix, bool left, std::uint32_t strips, std::uint32_t depth,
                     std::uint32_t block_strips, std::uint32_t block_depth, const BlockTerms& terms) {
  StrassenSide side;
  side.strip_stride = left ? matrix.row_stride : matrix.column_stride;
  side.depth_stride = left ? matrix.column_stride : matrix.row_stride;
  for (std::uint32_t t = 0; t < terms.count; ++t) {
    const std::uint32_t strip = (left ? terms.terms[t].row : terms.terms[t].column) * block_strips;
    const std::uint32_t from = (left ? terms.terms[t].column : terms.terms[t].row) * block_depth;
    side.blocks[side.count++] = {matrix.values + strip * side.strip_stride + from * side.depth_stride,
                                 clip(strips, strip, block_strips), clip(depth, from, block_depth),
                                 terms.terms[t].sign};
  }
  return side;
}

// target[n] (+)= sign * source[n]
template <bool add, typename W>
PALATE_INLINE void take_line(float* PALATE_RESTRICT target, const float* PALATE_RESTRICT source, float sign, W length) {
  for (std::uint32_t n = 0; n < length; ++n) target[n] = add ? target[n] + sign * source[n] : sign * source[n];
}

// Panels of `depth` lines (+)= sign * block, whose lines lie `stride` apart: `there` of them with `strips` elements
// each.
template <bool add, std::uint32_t width>
void take_across(float* panels, std::uint32_t depth, const float* source, std::size_t stride, float sign,
                 std::uint32_t there, std::uint32_t strips) {
  constexpr std::uint32_t kSoon = 8;
  for (std::uint32_t k = 0; k < there; ++k, source += stride) {
#if defined(__GNUC__)
    // Lines far apart are nothing that the hardware's own prefetch foresees.
    if (k + kSoon < there)
      for (std::uint32_t s = 0; s < strips; s += kLanes) __builtin_prefetch(source + kSoon * stride + s);
#endif
    float* target = panels + std::size_t{k} * width;
    std::uint32_t s = 0;
    for (; s + width <= strips; s += width)
      take_line<add>(target + std::size_t{s} * depth, source + s, sign, std::integral_constant<std::uint32_t, width>{});
    take_line<add>(target + std::size_t{s} * depth, source + s, sign, strips - s);
  }
}

// A panel's strips one after the other, kDepth apart, (+)= sign * block: `strips` of them with `there` elements each.
template <bool add>
void take_along(float* lines, const float* source, std::size_t stride, float sign, std::uint32_t strips,
                std::uint32_t there) {
  for (std::uint32_t s = 0; s < strips; ++s)
    take_line<add>(lines + std::size_t{s} * kDepth, source + s * stride, sign, there);
}

// Panels of the sum of a side's blocks: strips [strip, strip + strips), elements [from, from + depth) of each.
template <std::uint32_t width>
void pack_sum(const StrassenSide& side, std::uint32_t strip, std::uint32_t strips, std::uint32_t from,
              std::uint32_t depth, float* panels) {
  const std::uint32_t padded = up_to(strips, width);
  const auto source_of = [&](const StrassenSide::Block& block, std::uint32_t first) {
    return block.values + first * side.strip_stride + from * side.depth_stride;
  };
  if (side.strip_stride == 1) {
    for (std::uint32_t t = 0; t < side.count; ++t) {
      const StrassenSide::Block& block = side.blocks[t];
      const std::uint32_t across = clip(block.strips, strip, strips);
      const std::uint32_t there = clip(block.depth, from, depth);
      if (t == 0 && (across < padded || there < depth))
        std::memset(panels, 0, std::size_t{padded} * depth * sizeof(float));
      const auto take = t == 0 ? take_across<false, width> : take_across<true, width>;
      take(panels, depth, source_of(block, strip), side.depth_stride, block.sign, there, across);
    }
    return;
  }
  alignas(64) float lines[width * kDepth];
  for (std::uint32_t first = 0; first < padded; first += width) {
    const std::uint32_t count = strips - first < width ? strips - first : width;
    for (std::uint32_t t = 0; t < side.count; ++t) {
      const StrassenSide::Block& block = side.blocks[t];
      const std::uint32_t along = clip(block.strips, strip + first, count);
      const std::uint32_t there = clip(block.depth, from, depth);
      if (t == 0 && (along < width || there < depth)) std::memset(lines, 0, sizeof lines);
      const auto take = t == 0 ? take_along<false> : take_along<true>;
      take(lines, source_of(block, strip + first), side.strip_stride, block.sign, along, there);
    }
    pack_panel_of<width>(lines, kDepth, 1, width, depth, panels + std::size_t{first} * depth);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
