// The pairs that occur, weighted. Part of factorize_counts.cc.
#pragma once

#include "kernels/factorize_dense.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kNeighbours = 32;  // whose rows stay in L1 between their scores and their share of the gradient

// scores[n] = v . row of items[n]
void dots(float* scores, const float* v, const FactorizeState& s, const std::uint32_t* items, std::uint32_t count) {
  const auto row = [&](std::uint32_t n) { return s.vectors + std::size_t{items[n]} * s.stride; };
  std::uint32_t n = 0;
  for (; n + 4 <= count; n += 4) {
    const float* rows[4] = {row(n), row(n + 1), row(n + 2), row(n + 3)};
    Lanes sums[4];
    for (int r = 0; r < 4; ++r) sums[r] = splat(0.0f);
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) {
      const Lanes x = load(v + k);
      for (int r = 0; r < 4; ++r) sums[r] = fma(x, load(rows[r] + k), sums[r]);
    }
    sum_four(scores + n, sums);
  }
  for (; n < count; ++n) {
    Lanes total = splat(0.0f);
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) total = fma(load(v + k), load(row(n) + k), total);
    scores[n] = sum(total);
  }
}

// target += sum of slopes[n] times the row of items[n]
void add_rows(float* target, const float* slopes, const FactorizeState& s, const std::uint32_t* items,
              std::uint32_t count) {
  std::uint32_t k = 0;
  for (; k + 4 * kLanes <= s.stride; k += 4 * kLanes) {
    Lanes sums[4];
    for (std::uint32_t w = 0; w < 4; ++w) sums[w] = load(target + k + w * kLanes);
    for (std::uint32_t n = 0; n < count; ++n) {
      const float* row = s.vectors + std::size_t{items[n]} * s.stride + k;
      for (std::uint32_t w = 0; w < 4; ++w) sums[w] = fma(splat(slopes[n]), load(row + w * kLanes), sums[w]);
    }
    for (std::uint32_t w = 0; w < 4; ++w) store(target + k + w * kLanes, sums[w]);
  }
  for (; k < s.stride; k += kLanes) {
    Lanes total = load(target + k);
    for (std::uint32_t n = 0; n < count; ++n)
      total = fma(splat(slopes[n]), load(s.vectors + std::size_t{items[n]} * s.stride + k), total);
    store(target + k, total);
  }
}

// Cost of a row; its gradients go to memory, as other rows still need its parameters.
double slope_row(const PairsRun& run, std::uint32_t item) {
  const FactorizeState& s = *run.state;
  const FactorizeCall& call = *run.call;
  const CountRow& row = call.rows[item];
  const float* v = s.vectors + std::size_t{item} * s.stride;
  float* gradient = call.gradients + std::size_t{item} * s.stride;
  for (std::uint32_t k = 0; k < s.stride; k += kLanes) store(gradient + k, splat(0.0f));
  double cost = 0;
  double bias_gradient = 0;
  for (std::uint32_t begin = 0; begin < row.size; begin += kNeighbours) {
    const std::uint32_t count = row.size - begin < kNeighbours ? row.size - begin : kNeighbours;
    const std::uint32_t* items = row.items + begin;
    float slopes[kNeighbours];
    dots(slopes, v, s, items, count);
    for (std::uint32_t n = 0; n < count; ++n) {
      const std::uint32_t x = row.counts[begin + n];
      const float error = slopes[n] + s.biases[item] + s.biases[items[n]] - call.targets[x];
      // Each pair is met from both sides, so a row has twice the derivative of its own terms.
      slopes[n] = 4 * call.weights[x] * error;
      cost += static_cast<double>(call.weights[x] * error) * static_cast<double>(error);
      bias_gradient += static_cast<double>(slopes[n]);
    }
    add_rows(gradient, slopes, s, items, count);
  }
  call.bias_gradients[item] = static_cast<float>(bias_gradient);
  return cost;
}

void slope_rows(void* context, std::uint32_t block) {
  const PairsRun& run = *static_cast<PairsRun*>(context);
  const std::uint32_t items = run.state->num_items;
  const std::uint32_t last = items - block * kFactorRows < kFactorRows ? items : (block + 1) * kFactorRows;
  double cost = 0;
  for (std::uint32_t item = block * kFactorRows; item < last; ++item) cost += slope_row(run, item);
  run.call->partial[2 * std::size_t{block}] = cost;
}

void step_weighted_rows(void* context, std::uint32_t block) {
  const PairsRun& run = *static_cast<PairsRun*>(context);
  const FactorizeState& s = *run.state;
  const std::uint32_t last = s.num_items - block * kFactorRows < kFactorRows ? s.num_items : (block + 1) * kFactorRows;
  double size = 0;
  for (std::uint32_t item = block * kFactorRows; item < last; ++item) {
    const float* gradient = run.call->gradients + std::size_t{item} * s.stride;
    size += static_cast<double>(step_row(s, item, gradient, 1.0f, run.scalars));
    float none = 0;
    float& second = s.biases_second == nullptr ? none : s.biases_second[item];
    s.biases[item] = stepped(s.biases[item], s.biases_first[item], second, run.call->bias_gradients[item], run.scalars);
    size += static_cast<double>(s.biases[item]) * static_cast<double>(s.biases[item]);
  }
  run.call->partial[2 * std::size_t{block} + 1] = size;
}

void step_glove(FactorizeState& s, const FactorizeCall& call, Pool& pool) {
  PairsRun run = {&s, &call, count_step(s, call.learning_rate)};
  pool.run(blocks_of(s.num_items), slope_rows, &run);
  pool.run(blocks_of(s.num_items), step_weighted_rows, &run);
}

}  // namespace
}  // namespace palate::KERNEL_NS
