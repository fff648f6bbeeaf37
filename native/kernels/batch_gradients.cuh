// Scores, losses and gradients of a mini-batch. Part of train_batch.cu.
//
// A warp has a segment, at most 32 ratings of one slot, and leaves the sum over it; then a warp has a slot and adds the
// sums of its segments in their order. So hot users and items are as parallel as all others, without atomics.
#pragma once

#include "kernels/batch_run.cuh"
#include "math/objectives.h"

namespace palate::k_cuda {

// Users and items of the batch as their ratings see them, where there are shared features.
template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    combine_slots_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t n = warp_of_grid();
  if (n >= run.users.slots + run.items.slots) return;
  const auto [side, slot] = side_of(run, n, run.users.slots);
  const float bias =
      combine_row<width>(side.combined + row_start(slot, run.s.stride), run.s, side.table, side.lists, side.rows[slot]);
  if (lane_of_thread() == 0) side.combined_bias[slot] = bias;
}

// target = sum over the lanes' entries of weight * row of `vectors`; entries in the order of the lanes.
template <int width>
__device__ __forceinline__ void sum_rows(float* target, const float* vectors, std::uint32_t vector, float weight,
                                         std::uint32_t count, std::uint32_t stride) {
  for (std::uint32_t start = 0; start < stride; start += kWarpSize * width) {
    const std::uint32_t k = start + lane_of_thread() * width;
    Slice<width> sum = zero_slice<width>();
#pragma unroll 4
    for (std::uint32_t j = 0; j < count; ++j) {
      const std::uint32_t row = __shfl_sync(kAllLanes, vector, static_cast<int>(j));
      const float x = __shfl_sync(kAllLanes, weight, static_cast<int>(j));
      if (k < stride) add_slice(sum, x, load_slice<width>(vectors + row_start(row, stride) + k));
    }
    if (k < stride) store_slice(target + k, sum);
  }
}

// Scores the ratings of a user's segment, a lane a rating in the end; leaves their slopes, losses and gradient.
template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    user_segments_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t segment = warp_of_grid();
  const SideRun& users = run.users;
  if (segment >= users.segments.count) return;
  const unsigned lane = lane_of_thread();
  const std::uint32_t stride = run.s.stride;
  const std::uint32_t slot = users.segments.slots[segment];
  const std::uint32_t own = users.combined != nullptr ? slot : users.rows[slot];
  const std::uint32_t begin = users.segments.starts[segment];
  const std::uint32_t count = users.segments.starts[segment + 1] - begin;
  const bool inside = lane < count;
  const std::uint32_t other = inside ? run.view.rating_vectors[begin + lane] : 0;
  const float* p = vectors_of(users) + row_start(own, stride);
  const float* vectors = vectors_of(run.items);
  float x = 0.0f;
#pragma unroll 4
  for (std::uint32_t j = 0; j < count; ++j) {
    const float* q = vectors + row_start(__shfl_sync(kAllLanes, other, static_cast<int>(j)), stride);
    float product = 0.0f;
    for (std::uint32_t k = lane * width; k < stride; k += kWarpSize * width)
      product = dot_slices(load_slice<width>(p + k), load_slice<width>(q + k), product);
    product = warp_sum(product);
    if (lane == j) x = product;
  }
  Slope result = {0, 0, 0};
  float error = 0.0f;
  if (inside) {
    x += run.globals->bias + biases_of(users)[own] + biases_of(run.items)[other];
    result = slope(run.s.options, x, run.view.values[begin + lane]);
    error = result.derivative * (1.0f / static_cast<float>(run.view.size));
    run.errors[begin + lane] = error;
  }
  sum_rows<width>(users.partial + row_start(segment, stride), vectors, other, error, count, stride);
  const float bias = warp_sum(error);
  const double loss = warp_sum(static_cast<double>(result.loss));
  const double squares = warp_sum(static_cast<double>(result.squared_error));
  if (lane != 0) return;
  users.partial_bias[segment] = bias;
  run.losses[2 * segment] = loss;
  run.losses[2 * segment + 1] = squares;
}

template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    item_segments_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t segment = warp_of_grid();
  const SideRun& items = run.items;
  if (segment >= items.segments.count) return;
  const unsigned lane = lane_of_thread();
  const std::uint32_t begin = items.segments.starts[segment];
  const std::uint32_t count = items.segments.starts[segment + 1] - begin;
  const bool inside = lane < count;
  const std::uint32_t other = inside ? run.view.entry_vectors[begin + lane] : 0;
  const float error = inside ? run.errors[run.view.entry_ratings[begin + lane]] : 0.0f;
  sum_rows<width>(items.partial + row_start(segment, run.s.stride), vectors_of(run.users), other, error, count,
                  run.s.stride);
  const float bias = warp_sum(error);
  if (lane == 0) items.partial_bias[segment] = bias;
}

// The sum over segments [begin, end), from column k on.
template <int width>
__device__ __forceinline__ Slice<width> sum_segments(const float* partial, std::uint32_t begin, std::uint32_t end,
                                                     std::uint32_t stride, std::uint32_t k) {
  Slice<width> sum = zero_slice<width>();
  for (std::uint32_t g = begin; g < end; ++g)
    add_slice(sum, 1.0f, load_slice<width>(partial + row_start(g, stride) + k));
  return sum;
}

// Lanes add up segments 32 apart.
__device__ __forceinline__ float sum_biases(const float* partial, std::uint32_t begin, std::uint32_t end) {
  float sum = 0.0f;
  for (std::uint32_t g = begin + lane_of_thread(); g < end; g += kWarpSize) sum += partial[g];
  return warp_sum(sum);
}

// Gradients of the slots. The pairs inside a side add G (A - p) to that of p.
template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    finish_slots_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t n = warp_of_grid();
  if (n >= run.users.slots + run.items.slots) return;
  const auto [side, slot] = side_of(run, n, run.users.slots);
  const TrainState& s = run.s;
  const unsigned lane = lane_of_thread();
  const std::uint32_t row = side.rows[slot];
  const std::uint32_t begin = side.segments.slot_segments[slot];
  const std::uint32_t end = side.segments.slot_segments[slot + 1];
  const float bias = sum_biases(side.partial_bias, begin, end);
  const std::size_t at = row_start(slot, s.stride);
  float squares = 0.0f;
  for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
    Slice<width> gradient = sum_segments<width>(side.partial, begin, end, s.stride, k);
    if (side.combined != nullptr && s.options.within_side) {
      add_slice(gradient, bias, load_slice<width>(side.combined + at + k));
      add_slice(gradient, -bias, load_slice<width>(side.table.factors + row_start(row, s.stride) + k));
    }
    squares = dot_slices(gradient, gradient, squares);
    store_slice(side.gradient + at + k, gradient);
  }
  squares = warp_sum(squares);
  if (lane != 0) return;
  side.gradient_bias[slot] = bias;
  side.norm[slot] = squares + (s.options.train_biases ? static_cast<double>(bias) * bias : 0.0);
  if (run.dense) side.slot_of_row[row] = slot + 1;
}

// d/dv_f = sum over rows with f of x (H - x G v_f), H = (gradient of p) + G p; without pairs inside a side just
// x (gradient of p).
template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    feature_segments_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t segment = warp_of_grid();
  if (segment >= run.features.count) return;
  const TrainState& s = run.s;
  const unsigned lane = lane_of_thread();
  const std::uint32_t f = run.features.slots[segment];
  const std::uint32_t begin = run.features.starts[segment];
  const std::uint32_t end = run.features.starts[segment + 1];
  const float* factors = s.features.factors + row_start(f, s.stride);
  const std::size_t at = row_start(segment, s.stride);
  for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
    Slice<width> sum = zero_slice<width>();
    const Slice<width> own = load_slice<width>(factors + k);
    for (std::uint32_t e = begin; e < end; ++e) {
      const auto [side, slot] = side_of(run, run.feature_slots[e], run.users.slots);
      const float x = run.feature_weights[e];
      add_slice(sum, x, load_slice<width>(side.gradient + row_start(slot, s.stride) + k));
      if (!s.options.within_side) continue;
      const float g = side.gradient_bias[slot];
      add_slice(sum, x * g, load_slice<width>(side.table.factors + row_start(side.rows[slot], s.stride) + k));
      add_slice(sum, -x * x * g, own);
    }
    store_slice(run.feature_partial + at + k, sum);
  }
  float bias = 0.0f;
  if (begin + lane < end) {
    const auto [side, slot] = side_of(run, run.feature_slots[begin + lane], run.users.slots);
    bias = run.feature_weights[begin + lane] * side.gradient_bias[slot];
  }
  bias = warp_sum(bias);
  if (lane == 0) run.feature_partial_bias[segment] = bias;
}

template <int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    finish_features_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t f = warp_of_grid();
  const TrainState& s = run.s;
  if (f >= s.features.rows) return;
  const unsigned lane = lane_of_thread();
  const std::uint32_t begin = run.features.slot_segments[f];
  const std::uint32_t end = run.features.slot_segments[f + 1];
  const float bias = sum_biases(run.feature_partial_bias, begin, end);
  float squares = 0.0f;
  for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
    const Slice<width> gradient = sum_segments<width>(run.feature_partial, begin, end, s.stride, k);
    squares = dot_slices(gradient, gradient, squares);
    store_slice(run.feature_gradient + row_start(f, s.stride) + k, gradient);
  }
  squares = warp_sum(squares);
  if (lane != 0) return;
  run.feature_gradient_bias[f] = bias;
  run.feature_norm[f] = squares + (s.options.train_biases ? static_cast<double>(bias) * bias : 0.0);
}

}  // namespace palate::k_cuda
