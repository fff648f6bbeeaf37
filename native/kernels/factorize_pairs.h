// All pairs without their products: the sums of factorize_counts.h for dim < num_items. Part of factorize_counts.cc.
#pragma once

#include "kernels/factorize_step.h"
#include "kernels/factorize_symmetric.h"
#include "kernels/multiply.h"

namespace palate::KERNEL_NS {
namespace {

// Rows added up with weights (nullptr: 1), `width` Lanes from column `k` on. Two chains, so that one addition need not
// wait for the one before.
template <int width>
PALATE_INLINE void sum_rows(Lanes (&sums)[width], const float* table, std::uint32_t stride, std::uint32_t k,
                            const std::uint32_t* rows, std::uint32_t count, const float* targets,
                            const std::uint32_t* counts) {
  Lanes odd[width];
  for (int w = 0; w < width; ++w) sums[w] = odd[w] = splat(0.0f);
  const auto row = [&](std::uint32_t n) { return table + std::size_t{rows[n]} * stride + k; };
  const auto add = [&](Lanes(&chain)[width], std::uint32_t n) {
    if (counts == nullptr) {
      for (int w = 0; w < width; ++w) chain[w] = chain[w] + load(row(n) + w * kLanes);
    } else {
      const Lanes target = splat(targets[counts[n]]);
      for (int w = 0; w < width; ++w) chain[w] = fma(target, load(row(n) + w * kLanes), chain[w]);
    }
  };
  std::uint32_t n = 0;
  for (; n + 2 <= count; n += 2) {
    add(sums, n);
    add(odd, n + 1);
  }
  if (n < count) add(sums, n);
  for (int w = 0; w < width; ++w) sums[w] = sums[w] + odd[w];
}

struct PairsRun {
  FactorizeState* state;
  const FactorizeCall* call;
  CountStep scalars;
};

// Steps a block of rows by four times what the gradients hold.
void step_gradients(void* context, std::uint32_t block) {
  const PairsRun& run = *static_cast<PairsRun*>(context);
  const FactorizeState& s = *run.state;
  const std::uint32_t last = s.num_items - block * kFactorRows < kFactorRows ? s.num_items : (block + 1) * kFactorRows;
  double size = 0;
  for (std::uint32_t item = block * kFactorRows; item < last; ++item) {
    const float* gradient = run.call->gradients + std::size_t{item} * s.stride;
    size += static_cast<double>(step_row(s, item, gradient, 4.0f, run.scalars));
  }
  run.call->partial[2 * std::size_t{block} + 1] = size;
}

// s_u of a block of users.
void sum_users(void* context, std::uint32_t block) {
  const PairsRun& run = *static_cast<PairsRun*>(context);
  const Likes& likes = run.call->likes;
  const std::uint32_t stride = run.state->stride;
  const std::uint32_t last =
      likes.num_users - block * kFactorRows < kFactorRows ? likes.num_users : (block + 1) * kFactorRows;
  for (std::uint32_t user = block * kFactorRows; user < last; ++user) {
    const std::uint32_t begin = likes.user_offsets[user];
    for (std::uint32_t k = 0; k < stride; k += kLanes) {
      Lanes sums[1];
      sum_rows<1>(sums, run.state->vectors, stride, k, likes.items + begin, likes.user_offsets[user + 1] - begin,
                  nullptr, nullptr);
      store(run.call->user_sums + std::size_t{user} * stride + k, sums[0]);
    }
  }
}

// sum_j t(X_ij) v_j, `width` Lanes from column `k` on.
template <int width>
PALATE_INLINE void sum_neighbours(Lanes (&sums)[width], const PairsRun& run, std::uint32_t item, std::uint32_t k) {
  const FactorizeState& s = *run.state;
  const FactorizeCall& call = *run.call;
  if (call.rows != nullptr) {
    const CountRow& row = call.rows[item];
    sum_rows<width>(sums, s.vectors, s.stride, k, row.items, row.size, call.targets, row.counts);
    return;
  }
  const std::uint32_t begin = call.likes.item_offsets[item];
  const std::uint32_t count = call.likes.item_offsets[item + 1] - begin;
  sum_rows<width>(sums, call.user_sums, s.stride, k, call.likes.users + begin, count, nullptr, nullptr);
  const Lanes own = splat(-static_cast<float>(count));
  const float* row = s.vectors + std::size_t{item} * s.stride + k;
  for (int w = 0; w < width; ++w) sums[w] = fma(own, load(row + w * kLanes), sums[w]);
}

// What a row's cost and step add up on the way.
struct RowSums {
  Lanes cross;    // v_i . sum_j t(X_ij) v_j
  Lanes squares;  // of the new parameters
};

// `width` Lanes of a row, whose gradients hold V^T V v_i. Sums over users are taken before any row moves, so a row that
// they serve can step at once; where rows read each other, the gradients wait.
template <int width>
PALATE_INLINE void slope_columns(const PairsRun& run, std::uint32_t item, std::uint32_t k, float squared_length,
                                 RowSums& row) {
  const FactorizeState& s = *run.state;
  Lanes neighbours[width];
  sum_neighbours<width>(neighbours, run, item, k);
  const std::size_t begin = std::size_t{item} * s.stride + k;
  for (int w = 0; w < width; ++w) {
    const std::size_t at = begin + static_cast<std::size_t>(w) * kLanes;
    const Lanes v = load(s.vectors + at);
    row.cross = fma(v, neighbours[w], row.cross);
    const Lanes slope = fma(splat(-squared_length), v, load(run.call->gradients + at)) - neighbours[w];
    if (run.call->rows != nullptr) {
      store(run.call->gradients + at, slope);
      continue;
    }
    const Lanes fresh = step_lanes(s, at, splat(4.0f) * slope, run.scalars);
    row.squares = fma(fresh, fresh, row.squares);
  }
}

void slope_pairs(void* context, std::uint32_t block) {
  const PairsRun& run = *static_cast<PairsRun*>(context);
  const FactorizeState& s = *run.state;
  const std::uint32_t last = s.num_items - block * kFactorRows < kFactorRows ? s.num_items : (block + 1) * kFactorRows;
  double cost = 0;
  double size = 0;
  for (std::uint32_t item = block * kFactorRows; item < last; ++item) {
    const float* v = s.vectors + std::size_t{item} * s.stride;
    const float squared_length = dot(v, v, s.stride);
    RowSums row = {splat(0.0f), splat(0.0f)};
    std::uint32_t k = 0;
    for (; k + 4 * kLanes <= s.stride; k += 4 * kLanes) slope_columns<4>(run, item, k, squared_length, row);
    for (; k < s.stride; k += kLanes) slope_columns<1>(run, item, k, squared_length, row);
    cost -= static_cast<double>(squared_length) * static_cast<double>(squared_length);
    cost -= 2 * static_cast<double>(sum(row.cross));
    size += static_cast<double>(sum(row.squares));
  }
  run.call->partial[2 * std::size_t{block}] = cost;
  run.call->partial[2 * std::size_t{block} + 1] = size;
}

std::uint32_t blocks_of(std::uint32_t rows) { return (rows + kFactorRows - 1) / kFactorRows; }

Status step_all_pairs(FactorizeState& s, const FactorizeCall& call, Pool& pool, double& cost) {
  MultiplyCall gram = {};
  gram.result = call.gram;
  gram.stride = s.stride;
  gram.left = transposed(s.vectors, s.stride);
  gram.right = row_major(s.vectors, s.stride);
  gram.rows = gram.columns = s.dim;
  gram.depth = s.num_items;
  gram.lower = true;
  gram.scratch = call.multiply_scratch;
  gram.cancel = call.cancel;
  gram.teardown = call.teardown;
  if (multiply(gram, pool) != Status::ok) return Status::cancelled;
  SymmetricRun symmetric = {call.gram, s.stride, s.dim, nullptr, nullptr, call.partial};
  pool.run(blocks_of(s.dim), complete_rows, &symmetric);
  cost += call.sum_squared_targets;
  for (std::uint32_t b = 0; b < blocks_of(s.dim); ++b) cost += call.partial[2 * std::size_t{b}];

  MultiplyCall product = gram;
  product.result = call.gradients;
  product.left = row_major(s.vectors, s.stride);
  product.right = row_major(call.gram, s.stride);
  product.rows = s.num_items;
  product.depth = s.dim;
  product.lower = false;
  if (multiply(product, pool) != Status::ok) return Status::cancelled;

  PairsRun run = {&s, &call, count_step(s, call.learning_rate)};
  if (call.rows == nullptr) pool.run(blocks_of(call.likes.num_users), sum_users, &run);
  pool.run(blocks_of(s.num_items), slope_pairs, &run);
  if (call.rows != nullptr) pool.run(blocks_of(s.num_items), step_gradients, &run);
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
