// Gradients of factorize_counts.cu that need no products of all pairs: a block a row, see cuda/pair_sums.h.
#pragma once

#include "cuda/pair_sums.h"
#include "kernels/factorize_step.cuh"

namespace palate::k_cuda {
namespace {

// X on the device; nullptr where sums over users do.
struct CountRows {
  const std::uint64_t* offsets;  // (num_items + 1)
  const std::uint32_t* items;
  const std::uint32_t* counts;
};

// Lists, CSR.
struct Lists {
  const std::uint32_t* offsets;
  const std::uint32_t* members;
};

struct RowsRun {
  Parameters vectors;  // (num_items, stride)
  Parameters biases;   // (num_items), of glove
  CountRows rows;
  const float* targets;  // by count
  const float* weights;  // by count, of glove
  Lists likers;          // by item
  const float* user_sums;
  float* gradients;       // (num_items, stride)
  float* neighbours;      // (num_items, stride) sum_j t(X_ij) v_j
  float* bias_gradients;  // (num_items), of glove
  double* costs;          // (num_items)
  std::uint32_t stride;
};

// Thread t has columns t, t + kPairThreads, ... of a row.
__device__ __forceinline__ void clear_row(float* row, std::uint32_t stride) {
  for (std::uint32_t k = threadIdx.x; k < stride; k += kPairThreads) row[k] = 0;
}

// s_u, the sum of the vectors that a user likes.
__global__ void __launch_bounds__(kPairThreads)
    sum_users_kernel(float* user_sums, const float* vectors, const Lists liked, std::uint32_t stride) {
  SHARED(sums, PairSums);
  const std::uint32_t begin = liked.offsets[blockIdx.x];
  float* target = user_sums + std::size_t{blockIdx.x} * stride;
  clear_row(target, stride);
  add_pairs<false>(sums, target, nullptr, vectors, stride, liked.members + begin, liked.offsets[blockIdx.x + 1] - begin,
                   [](std::uint32_t, float) { return 1.0f; });
}

// Of a row whose gradients hold V^T V v_i. Sums over users are taken before any row moves, so a row that they serve can
// step at once; where rows read each other, the gradients wait.
__global__ void __launch_bounds__(kPairThreads)
    slope_kernel(const __grid_constant__ RowsRun run, const __grid_constant__ CountStep step) {
  SHARED(sums, PairSums);
  const std::uint32_t item = blockIdx.x;
  const std::size_t first = std::size_t{item} * run.stride;
  float* neighbours = run.neighbours + first;
  const float* v = run.vectors.values + first;
  const bool by_rows = run.rows.offsets != nullptr;
  clear_row(neighbours, run.stride);
  float own = 0;
  if (by_rows) {
    const std::uint64_t begin = run.rows.offsets[item];
    add_pairs<false>(sums, neighbours, nullptr, run.vectors.values, run.stride, run.rows.items + begin,
                     static_cast<std::uint32_t>(run.rows.offsets[item + 1] - begin),
                     [&](std::uint32_t n, float) { return run.targets[run.rows.counts[begin + n]]; });
  } else {
    const std::uint32_t begin = run.likers.offsets[item];
    const std::uint32_t count = run.likers.offsets[item + 1] - begin;
    own = -static_cast<float>(count);  // each s_u holds the item itself, too
    add_pairs<false>(sums, neighbours, nullptr, run.user_sums, run.stride, run.likers.members + begin, count,
                     [](std::uint32_t, float) { return 1.0f; });
  }
  float squares = 0;
  for (std::uint32_t k = threadIdx.x; k < run.stride; k += kPairThreads) squares = fmaf(v[k], v[k], squares);
  squares = block_sum<kPairThreads>(squares);
  double cross = 0;
  for (std::uint32_t k = threadIdx.x; k < run.stride; k += kPairThreads) {
    const float sum = fmaf(own, v[k], neighbours[k]);
    cross += static_cast<double>(v[k] * sum);
    const float slope = fmaf(-squares, v[k], run.gradients[first + k]) - sum;
    if (by_rows) {
      run.gradients[first + k] = slope;
    } else {
      take_step(run.vectors, first + k, 4 * slope, step);
    }
  }
  cross = block_sum<kPairThreads>(cross);
  if (threadIdx.x == 0) run.costs[item] = -static_cast<double>(squares) * static_cast<double>(squares) - 2 * cross;
}

// Of a row over the pairs that occur, weighted.
__global__ void __launch_bounds__(kPairThreads) weighted_slope_kernel(const __grid_constant__ RowsRun run) {
  SHARED(sums, PairSums);
  const std::uint32_t item = blockIdx.x;
  const std::size_t first = std::size_t{item} * run.stride;
  const std::uint64_t begin = run.rows.offsets[item];
  const std::uint32_t* items = run.rows.items + begin;
  const float* biases = run.biases.values;
  double cost = 0;
  double bias_gradient = 0;
  clear_row(run.gradients + first, run.stride);
  add_pairs<true>(sums, run.gradients + first, run.vectors.values + first, run.vectors.values, run.stride, items,
                  static_cast<std::uint32_t>(run.rows.offsets[item + 1] - begin), [&](std::uint32_t n, float product) {
                    const std::uint32_t x = run.rows.counts[begin + n];
                    const float error = product + biases[item] + biases[items[n]] - run.targets[x];
                    // Each pair is met from both sides, so a row has twice the derivative of its own terms.
                    const float slope = 4 * run.weights[x] * error;
                    cost += static_cast<double>(run.weights[x] * error) * static_cast<double>(error);
                    bias_gradient += static_cast<double>(slope);
                    return slope;
                  });
  cost = block_sum<kPairThreads>(cost);
  bias_gradient = block_sum<kPairThreads>(bias_gradient);
  if (threadIdx.x != 0) return;
  run.costs[item] = cost;
  run.bias_gradients[item] = static_cast<float>(bias_gradient);
}

}  // namespace
}  // namespace palate::k_cuda
