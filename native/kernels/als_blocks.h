// The solver by blocks of columns. Part of solve_als.cc.
#pragma once

#include <type_traits>

#include "kernels/als_cholesky.h"
#include "kernels/als_rows.h"

namespace palate::KERNEL_NS {
namespace {

// Blocks of up to so many columns are solved for sixteen rows at once.
constexpr std::uint32_t kNarrow = 32;

// Scratch of a thread, in the order of als_floats(). `slots` rows are fitted together.
struct BlockScratch {
  float* scores;     // (kAlsTogether, or a longer row) of the rows, after one another
  float* chunk;      // (kAlsDepth, block + kAlsPadding)
  float* matrix;     // (block, block)
  float* triangles;  // (triangle_lanes(block), 16); narrow blocks alone
  float* sides;      // (block, 16); narrow blocks alone
  float* gradients;  // (16, block)
  float* steps;      // (16, block) opposite to the step of the block before
  float* product;    // (block)
};

BlockScratch block_scratch(const AlsCall& call, float* scratch) {
  const std::size_t block = call.block;
  const bool narrow = block <= kNarrow;
  BlockScratch s;
  s.scores = scratch;
  s.chunk = s.scores + als_scores(call.longest);
  s.matrix = s.chunk + kAlsDepth * (block + kAlsPadding);
  s.triangles = s.matrix + block * block;
  s.sides = s.triangles + (narrow ? triangle_lanes(call.block) * kLanes : 0);
  s.gradients = s.sides + (narrow ? block * kLanes : 0);
  s.steps = s.gradients + kLanes * block;
  s.product = s.steps + kLanes * block;
  return s;
}

// Columns [first, first + width) of all rows. Scores lack the step of the block before; before the first there are
// none.
struct Columns {
  std::uint32_t first;
  std::uint32_t width;
};

// matrix = w Q'Q + l I, of a block's columns.
void start_matrix(const AlsCall& call, const AlsRow& row, Columns c, float* matrix) {
  const Lanes weight = splat(call.unobserved_weight);
  for (std::uint32_t i = 0; i < c.width; ++i) {
    const float* gram = call.gram + std::size_t{c.first + i} * call.stride + c.first;
    float* line = matrix + i * call.block;
    for (std::uint32_t k = i / kLanes * kLanes; k < c.width; k += kLanes) store(line + k, weight * load(gram + k));
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

// Adds a row's pairs to its matrix and gradient, after bringing their scores up to date. Returns the loss of the pairs
// when the scores were not there yet. A block before has W columns, too.
template <typename W>
double add_pairs(const AlsCall& call, const AlsRow& row, const BlockScratch& s, Columns c, W width, const float* step,
                 float* scores, float* gradient) {
  const std::size_t stride = call.block + kAlsPadding;
  double loss = 0;
  alignas(64) float errors[kAlsDepth];
  for (std::uint32_t begin = 0; begin < row.count; begin += kAlsDepth) {
    const std::uint32_t size = row.count - begin < kAlsDepth ? row.count - begin : kAlsDepth;
    // Copies columns of a pair, times the root of its weight, to the chunk.
    const auto gather = [&](std::uint32_t n, const float* columns) {
      float* target = s.chunk + (n - begin) * stride;
      const Lanes root = splat(row.roots == nullptr ? 1.0f : row.roots[n]);
      for (std::uint32_t k = 0; k < width; k += kLanes) store(target + k, root * load(columns + k));
    };
    // What is scored stands before the block's columns: those of the block before.
    const auto gather_next = [&](std::uint32_t n, const float* columns) { gather(n, columns + call.block); };
    if (c.first == 0) {
      const AnyWidth all{call.stride};
      score_pairs<false>(call, row, begin, begin + size, row.factors, 0, all, all, scores, gather);
    } else if constexpr (std::is_same_v<W, AnyWidth>) {
      score_pairs<true>(call, row, begin, begin + size, step, c.first - call.block, AnyWidth{call.block},
                        AnyWidth{call.block + width}, scores, gather_next);
    } else {
      score_pairs<true>(call, row, begin, begin + size, step, c.first - width, width, Width<2 * W{}>{}, scores,
                        gather_next);
    }
    take_errors(row, scores, begin, size, errors);
    if (c.first == 0) loss += sum_squares(errors);
    combine(s.product, s.chunk, stride, errors, (size + 3) / 4 * 4, width);
    for (std::uint32_t k = 0; k < width; k += kLanes) store(gradient + k, load(gradient + k) + load(s.product + k));
    add_products<false>(s.matrix, call.block, s.chunk, stride, width, size);
  }
  return loss;
}

// The upper triangle of a matrix and its gradient into a lane.
void spread_system(const float* matrix, std::size_t stride, const float* gradient, std::uint32_t width,
                   std::uint32_t lane, const BlockScratch& s) {
  float* target = s.triangles + lane;
  for (std::uint32_t i = 0; i < width; ++i) {
    for (std::uint32_t k = i; k < width; ++k, target += kLanes) *target = matrix[i * stride + k];
    s.sides[i * kLanes + lane] = gradient[i];
  }
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
  const bool narrow = call.block <= kNarrow;
  alignas(64) float penalties[kLanes];
  for (std::uint32_t r = 0; r < kLanes; ++r) penalties[r] = rows[r < count ? r : 0].penalty;
  Columns c = {0, 0};
  for (; c.first < call.stride; c.first += c.width) {
    c.width = call.stride - c.first < call.block ? call.stride - c.first : call.block;
    start_gradients(call, rows, count, c, s.gradients);
    float* scores = s.scores;
    for (std::uint32_t r = 0; r < count; ++r) {
      float* gradient = s.gradients + r * call.block;
      float* step = s.steps + r * call.block;
      start_matrix(call, rows[r], c, s.matrix);
      const auto add = [&](auto width) { return add_pairs(call, rows[r], s, c, width, step, scores, gradient); };
      sums.observed += c.width != call.block ? add(AnyWidth{c.width})
                       : c.width == 16       ? add(Width<16>{})
                       : c.width == 32       ? add(Width<32>{})
                                             : add(AnyWidth{c.width});
      scores += rows[r].count;
      if (narrow) {
        spread_system(s.matrix, call.block, gradient, c.width, r, s);
      } else {
        for (std::uint32_t k = 0; k < c.width; ++k) step[k] = gradient[k];
        solve_one(s.matrix, call.block, c.width, rows[r].penalty, step);
      }
    }
    // Lanes without a row solve what others left there.
    if (narrow) solve_sixteen(s.triangles, c.width, penalties, s.sides);
    for (std::uint32_t r = 0; r < count; ++r) {
      float* step = s.steps + r * call.block;
      for (std::uint32_t k = 0; narrow && k < c.width; ++k) step[k] = s.sides[k * kLanes + r];
      sums.gain += take_step(rows[r], c, s.gradients + r * call.block, step);
    }
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
