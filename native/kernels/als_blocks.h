// The solver by blocks of columns. Part of solve_als.cc.
#pragma once

#include "kernels/als_cholesky.h"
#include "kernels/als_rows.h"
#include "math/transpose.h"

namespace palate::KERNEL_NS {
namespace {

// Scratch of a thread, in the order of als_floats(). Up to sixteen rows are fitted together.
struct BlockScratch {
  float* errors;     // (kAlsTogether, or a longer row) of the rows' pairs, after one another
  float* columns;    // (als_columns(), als_column_stride()) of their fixed rows, times the root of the weight
  float* matrices;   // (16, block, block) if narrow, else (block, block)
  float* triangles;  // (triangle_lanes(block), 16); narrow blocks alone
  float* sides;      // (block, 16); narrow blocks alone
  float* gradients;  // (16, block)
  float* steps;      // (16, block) opposite to the step of the block before
  float* product;    // (block)
};

BlockScratch block_scratch(const AlsCall& call, float* scratch) {
  const std::size_t block = call.block;
  const bool narrow = block <= kNarrowAlsBlock;
  BlockScratch s;
  s.errors = scratch;
  s.columns = s.errors + als_pairs(call.longest);
  s.matrices = s.columns + als_columns(call.block) * als_column_stride(call.block);
  s.triangles = s.matrices + (narrow ? kLanes : 1) * block * block;
  s.sides = s.triangles + (narrow ? triangle_lanes(call.block) * kLanes : 0);
  s.gradients = s.sides + (narrow ? block * kLanes : 0);
  s.steps = s.gradients + kLanes * block;
  s.product = s.steps + kLanes * block;
  return s;
}

// Columns [first, first + width) of all rows. Errors lack the step of the block before; before the first there are
// none.
struct Columns {
  std::uint32_t first;
  std::uint32_t width;
};

// matrix = w Q'Q + l I, of a block's columns.
template <typename W>
PALATE_INLINE void start_matrix(const AlsCall& call, const AlsRow& row, Columns c, W width, float* matrix) {
  const Lanes weight = splat(call.unobserved_weight);
  for (std::uint32_t i = 0; i < width; ++i) {
    const float* gram = call.gram + std::size_t{c.first + i} * call.stride + c.first;
    float* line = matrix + i * call.block;
    for (std::uint32_t k = i / kLanes * kLanes; k < width; k += kLanes) store(line + k, weight * load(gram + k));
    line[i] += row.penalty;
  }
}

// gradients = (w Q'Q + l I) p of a block's columns, for four rows at a time: Q'Q does not fit into the nearest cache.
void start_gradients(const AlsCall& call, const AlsRow* rows, std::uint32_t count, Columns c, float* gradients) {
  const Lanes weight = splat(call.unobserved_weight);
  for (std::uint32_t begin = 0; begin < count; begin += 4) {
    const float* factors[4];
    for (std::uint32_t r = 0; r < 4; ++r) factors[r] = rows[begin + r < count ? begin + r : begin].factors;
    for (std::uint32_t k = 0; k < c.width; k += kLanes) {
      const float* gram = call.gram + c.first + k;
      Lanes sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
      for (std::uint32_t i = 0; i < call.stride; ++i) {
        const Lanes line = load(gram + std::size_t{i} * call.stride);
        for (std::uint32_t r = 0; r < 4; ++r) sums[r] = fma(splat(factors[r][i]), line, sums[r]);
      }
      for (std::uint32_t r = 0; r < 4 && begin + r < count; ++r) {
        const Lanes penalty = splat(rows[begin + r].penalty);
        store(gradients + (begin + r) * call.block + k, fma(penalty, load(factors[r] + c.first + k), weight * sums[r]));
      }
    }
  }
}

// Columns of all blocks but the last, which may have fewer.
PALATE_INLINE AnyWidth whole_block(const AlsCall& call, AnyWidth) { return {call.block}; }
template <std::uint32_t columns>
PALATE_INLINE Width<columns> whole_block(const AlsCall&, Width<columns> width) {
  return width;
}

// Copies columns of a pair, times the root of its weight.
template <typename W>
PALATE_INLINE void copy_columns(const float* roots, std::uint32_t n, const float* source, W width, float* target) {
  const Lanes root = splat(roots == nullptr ? 1.0f : roots[n]);
  for (std::uint32_t k = 0; k < width; k += kLanes) store(target + k, root * load(source + k));
}

// errors += step . columns of the block before, for a chunk of pairs, and this block's columns to the chunk. Those of
// the block before are there still when they are kept; else they stand before this block's in the fixed rows.
template <bool kept, typename B, typename W>
PALATE_INLINE void renew_chunk(const AlsCall& call, const AlsRow& row, std::uint32_t begin, std::uint32_t size,
                               const float* step, std::uint32_t first, B before, W width, float* errors,
                               float* columns) {
  const float* fixed = call.fixed + first;
  const std::size_t fixed_stride = call.stride;
  const std::size_t stride = als_column_stride(before);
  const std::uint32_t* others = row.others + begin;
  const float* roots = row.roots == nullptr ? nullptr : row.roots + begin;
  const std::uint32_t left = row.left - begin;
  for (std::uint32_t n = 0; n < size; n += 4, columns += 4 * stride) {
    const std::uint32_t ahead = n + 3 + kAhead < left ? kAhead : 0;
    const std::uint32_t pairs = size - n < 4 ? size - n : 4;
    const auto fixed_row = [&](std::uint32_t r) { return fixed + others[n + r] * fixed_stride; };
    const auto take = [&](std::uint32_t r) {
      const float* own = fixed_row(r);
      const float* past = kept ? columns + r * stride : own - before;
      const float* next = fixed_row(r + ahead);
      fetch(kept ? next : next - before, kept ? width : before + width);
      Lanes sums = splat(0.0f);
      for (std::uint32_t k = 0; k < before; k += kLanes) sums = fma(load(step + k), load(past + k), sums);
      copy_columns(roots, n + r, own, width, columns + r * stride);
      return sums;
    };
    if (pairs < 4) {
      for (std::uint32_t r = 0; r < pairs; ++r)
        errors[n + r] += (kept || roots == nullptr ? 1.0f : roots[n + r]) * sum(take(r));
      break;
    }
    const Lanes sums[4] = {take(0), take(1), take(2), take(3)};
    if (kept || roots == nullptr) {
      add_sum_four(errors + n, sums);
    } else {
      float found[4];
      sum_four(found, sums);
      for (std::uint32_t r = 0; r < 4; ++r) errors[n + r] += roots[n + r] * found[r];
    }
  }
}

// Adds a row's pairs to its matrix and gradient, after bringing their errors up to date. Returns the loss of the pairs
// when the errors were not there yet. `first` is the place of the row's first pair among those of rows fitted together.
template <bool kept, typename W>
double add_pairs(const AlsCall& call, const AlsRow& row, const BlockScratch& s, Columns c, W width, const float* step,
                 std::size_t first, float* matrix, float* gradient) {
  const std::size_t stride = als_column_stride(call.block);
  double loss = 0;
  alignas(64) float found[kAlsDepth];
  for (std::uint32_t begin = 0; begin < row.count; begin += kAlsDepth) {
    const std::uint32_t size = row.count - begin < kAlsDepth ? row.count - begin : kAlsDepth;
    float* errors = s.errors + first + begin;
    float* columns = s.columns + (kept ? first + begin : 0) * stride;
    if (c.first == 0) {
      const AnyWidth all{call.stride};
      score_pairs(call, row, begin, begin + size, row.factors, 0, all, all, errors - begin,
                  [&](std::uint32_t n, const float* at) {
                    copy_columns(row.roots, n, at, width, columns + (n - begin) * stride);
                  });
      for (std::uint32_t n = 0; n < size; ++n) errors[n] = error_of(row, begin + n, errors[n]);
    } else {
      renew_chunk<kept>(call, row, begin, size, step, c.first, whole_block(call, width), width, errors, columns);
    }
    copy_padded(errors, size, found);
    if (c.first == 0) loss += sum_squares(found);
    combine(s.product, columns, stride, found, (size + 3) / 4 * 4, width);
    for (std::uint32_t k = 0; k < width; k += kLanes) store(gradient + k, load(gradient + k) + load(s.product + k));
    add_products<false>(matrix, call.block, columns, stride, width, size);
  }
  return loss;
}

// The upper triangles of sixteen matrices, a lane each, and their gradients.
void spread_systems(const BlockScratch& s, std::uint32_t block, std::uint32_t width) {
  const std::size_t floats = std::size_t{block} * block;
  // From the last line to the first, as what lies left of a diagonal lands on the line before.
  float* line = s.triangles + triangle_lanes(width) * kLanes;
  for (std::uint32_t i = width; i-- > 0;) {
    line -= (width - i) * kLanes;
    for (std::uint32_t k = i / kLanes * kLanes; k < width; k += kLanes)
      transpose_sixteen(line + (std::size_t{k} - i) * kLanes, kLanes, s.matrices + i * block + k, floats);
  }
  for (std::uint32_t k = 0; k < width; k += kLanes)
    transpose_sixteen(s.sides + k * kLanes, kLanes, s.gradients + k, block);
}

// Takes a step, which is stored with its sign turned; returns by how much the row's objective falls.
double take_step(const AlsRow& row, Columns c, const float* gradient, float* step) {
  Lanes falls = splat(0.0f);
  for (std::uint32_t k = 0; k < c.width; k += kLanes) {
    const Lanes found = load(step + k);
    falls = fma(load(gradient + k), found, falls);
    store(row.factors + c.first + k, load(row.factors + c.first + k) - found);
    store(step + k, splat(0.0f) - found);
  }
  return static_cast<double>(sum(falls));
}

// Fits up to sixteen rows, block by block.
void fit_by_blocks(const AlsCall& call, const AlsRow* rows, std::uint32_t count, const BlockScratch& s, AlsSums& sums) {
  const bool narrow = call.block <= kNarrowAlsBlock;
  std::size_t pairs = 0;
  for (std::uint32_t r = 0; r < count; ++r) pairs += rows[r].count;
  const bool kept = narrow && pairs <= kAlsTogether;
  alignas(64) float penalties[kLanes];
  for (std::uint32_t r = 0; r < kLanes; ++r) penalties[r] = rows[r < count ? r : 0].penalty;
  Columns c = {0, 0};
  for (; c.first < call.stride; c.first += c.width) {
    c.width = call.stride - c.first < call.block ? call.stride - c.first : call.block;
    start_gradients(call, rows, count, c, s.gradients);
    std::size_t first = 0;
    for (std::uint32_t r = 0; r < count; ++r) {
      float* matrix = s.matrices + (narrow ? std::size_t{r} * call.block * call.block : 0);
      float* gradient = s.gradients + r * call.block;
      float* step = s.steps + r * call.block;
      const auto add = [&](auto width) {
        start_matrix(call, rows[r], c, width, matrix);
        return kept ? add_pairs<true>(call, rows[r], s, c, width, step, first, matrix, gradient)
                    : add_pairs<false>(call, rows[r], s, c, width, step, first, matrix, gradient);
      };
      sums.observed += c.width != call.block ? add(AnyWidth{c.width})
                       : c.width == 16       ? add(Width<16>{})
                       : c.width == 32       ? add(Width<32>{})
                                             : add(AnyWidth{c.width});
      first += rows[r].count;
      if (!narrow) {
        for (std::uint32_t k = 0; k < c.width; ++k) step[k] = gradient[k];
        solve_one(matrix, call.block, c.width, rows[r].penalty, step);
      }
    }
    if (narrow) {
      // Lanes without a row solve what others left there.
      spread_systems(s, call.block, c.width);
      solve_sixteen(s.triangles, c.width, penalties, s.sides);
      for (std::uint32_t k = 0; k < c.width; k += kLanes)
        transpose_sixteen(s.steps + k, call.block, s.sides + k * kLanes, kLanes);
    }
    for (std::uint32_t r = 0; r < count; ++r)
      sums.gain += take_step(rows[r], c, s.gradients + r * call.block, s.steps + r * call.block);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
