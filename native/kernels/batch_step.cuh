// The optimizer step of a mini-batch. Part of train_batch.cu.
#pragma once

#include "kernels/batch_run.cuh"

namespace palate::k_cuda {

inline constexpr std::uint32_t kSumThreads = 256;

// A sum in double over an array, by one block: threads `stride` elements apart.
template <typename T>
__device__ __forceinline__ double sum_array(const T* values, std::size_t count, std::size_t stride) {
  double sum = 0;
  for (std::size_t n = threadIdx.x; n < count; n += kSumThreads) sum += static_cast<double>(values[n * stride]);
  return block_sum<kSumThreads>(sum);
}

template <Optimizer kind>
__device__ __forceinline__ void step_bias_at(float* biases, float* first, float* second, std::uint32_t row,
                                             float gradient, const StepScalars& scalars) {
  step_bias<kind>(biases + row, kind == Optimizer::sgd ? nullptr : first + row,
                  kind == Optimizer::adam ? second + row : nullptr, gradient, scalars);
}

// By one block: adds up the losses of the batch, finds the scale that clips the gradient, and steps the global bias,
// which nothing behind reads before the next batch.
template <Optimizer kind>
__global__ void __launch_bounds__(kSumThreads) step_globals_kernel(const __grid_constant__ BatchRun run) {
  const TrainOptions& o = run.s.options;
  BatchGlobals& globals = *run.globals;
  const double loss = sum_array(run.losses, run.users.segments.count, 2);
  const double squares = sum_array(run.losses + 1, run.users.segments.count, 2);
  const double gradient = o.train_global_bias ? sum_array(run.users.gradient_bias, run.users.slots, 1) : 0.0;
  float scale = 1.0f;
  if (o.clip_norm > 0) {
    const double norm =
        ::sqrt(sum_array(run.users.norm, run.users.slots, 1) + sum_array(run.items.norm, run.items.slots, 1) +
               sum_array(run.feature_norm, run.s.features.rows, 1) + gradient * gradient);
    if (norm > o.clip_norm) scale = static_cast<float>(o.clip_norm / norm);
  }
  if (threadIdx.x != 0) return;
  globals.scale = scale;
  globals.loss += loss;
  globals.squared_error += squares;
  if (!o.train_global_bias) return;
  StepScalars scalars = run.scalars.biases;
  scalars.l2 = 0.0f;  // an intercept is not shrunk
  scalars.keep = 1.0f;
  step_bias<kind>(&globals.bias, &globals.first, &globals.second, static_cast<float>(gradient) * scale, scalars);
}

// Steps one row by `gradient`, or without one.
template <Optimizer kind, int width>
__device__ __forceinline__ void step_table_row(const TrainState& s, const ParameterTable& table, std::uint32_t row,
                                               const float* gradient, float bias_gradient, float scale,
                                               const StepScalars& scalars, const StepScalars& bias_scalars) {
  const std::size_t at = row_start(row, s.stride);
  for (std::uint32_t k = lane_of_thread() * width; k < s.stride; k += kWarpSize * width) {
    Slice<width> w = load_slice<width>(table.factors + at + k);
    Slice<width> first = zero_slice<width>();
    Slice<width> second = zero_slice<width>();
    if constexpr (kind != Optimizer::sgd) first = load_slice<width>(table.factors_first + at + k);
    if constexpr (kind == Optimizer::adam) second = load_slice<width>(table.factors_second + at + k);
    const Slice<width> g = gradient == nullptr ? zero_slice<width>() : load_slice<width>(gradient + k);
    for (int n = 0; n < width; ++n) step<kind>(w.v[n], first.v[n], second.v[n], g.v[n] * scale, scalars);
    store_slice(table.factors + at + k, w);
    if constexpr (kind != Optimizer::sgd) store_slice(table.factors_first + at + k, first);
    if constexpr (kind == Optimizer::adam) store_slice(table.factors_second + at + k, second);
  }
  if (lane_of_thread() != 0 || !s.options.train_biases) return;
  step_bias_at<kind>(table.biases, table.biases_first, table.biases_second, row, bias_gradient * scale, bias_scalars);
}

// A warp a row of users and items: of both tables, or of the slots.
template <Optimizer kind, int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    step_rows_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t users = run.dense ? run.s.users.rows : run.users.slots;
  const std::uint32_t items = run.dense ? run.s.items.rows : run.items.slots;
  const std::uint32_t n = warp_of_grid();
  if (n >= users + items) return;
  const auto [side, unit] = side_of(run, n, users);
  std::uint32_t row = unit;
  std::uint32_t slot = unit + 1;
  if (run.dense) {
    slot = side.slot_of_row[row];
    __syncwarp();
    if (slot != 0 && lane_of_thread() == 0) side.slot_of_row[row] = 0;
  } else {
    row = side.rows[unit];
  }
  const float* gradient = slot == 0 ? nullptr : side.gradient + row_start(slot - 1, run.s.stride);
  step_table_row<kind, width>(run.s, side.table, row, gradient, slot == 0 ? 0.0f : side.gradient_bias[slot - 1],
                              run.globals->scale, n < users ? run.scalars.users : run.scalars.items,
                              run.scalars.biases);
}

template <Optimizer kind, int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    step_features_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t f = warp_of_grid();
  if (f >= run.s.features.rows) return;
  if (run.s.options.lazy && run.features.slot_segments[f] == run.features.slot_segments[f + 1]) return;
  step_table_row<kind, width>(run.s, run.s.features, f, run.feature_gradient + row_start(f, run.s.stride),
                              run.feature_gradient_bias[f], run.globals->scale, run.scalars.features,
                              run.scalars.feature_biases);
}

// --- Adam on touched rows

__device__ __forceinline__ AdamSide adam_side_of(const BatchRun& run, const SideRun& side) {
  return adam_side(run.s, run.adam, side.table, side.kind, run.adam_step);
}

// Rows of the batch up to date, in place.
template <bool closed, int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    bring_up_slots_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t n = warp_of_grid();
  if (n >= run.users.slots + run.items.slots) return;
  const auto [side, slot] = side_of(run, n, run.users.slots);
  const std::uint32_t row = side.rows[slot];
  const AdamSide rows = adam_side_of(run, side);
  const std::uint32_t last = side.table.last_step[row];
  bring_up_factors<closed, width>(rows, row, last, run.adam_step - 1,
                                  side.table.factors + row_start(row, run.s.stride));
  if (lane_of_thread() != 0 || !run.s.options.train_biases) return;
  side.table.biases[row] = bring_up_bias<closed>(rows, row, last, run.adam_step - 1);
}

template <bool closed, int width>
__global__ void __launch_bounds__(kBatchWarps* kWarpSize, kBatchBlocks)
    step_slots_kernel(const __grid_constant__ BatchRun run) {
  const std::uint32_t n = warp_of_grid();
  if (n >= run.users.slots + run.items.slots) return;
  const auto [side, slot] = side_of(run, n, run.users.slots);
  const std::uint32_t row = side.rows[slot];
  const float scale = run.globals->scale;
  const float* gradient = side.gradient + row_start(slot, run.s.stride);
  step_adam_row<closed, width>(adam_side_of(run, side), row, run.adam_step,
                               side.table.factors + row_start(row, run.s.stride), side.table.biases[row],
                               side.gradient_bias[slot] * scale, [&](std::uint32_t k) {
                                 Slice<width> g = load_slice<width>(gradient + k);
                                 for (int i = 0; i < width; ++i) g.v[i] *= scale;
                                 return g;
                               });
}

}  // namespace palate::k_cuda
