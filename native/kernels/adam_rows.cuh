// Rows of users and items under Adam that moves them when they are needed, a warp a row: as adam_rows.h has them for
// the processor, with the formulas of math/adam.h and math/adam_pieces.h. Part of train_adam.cu and train_batch.cu.
#pragma once

#include "kernels/train.h"
#include "kernels/warp_rows.cuh"
#include "math/adam_pieces.h"

namespace palate::k_cuda {

// One column of 32 neighbouring ones, a lane each. What the formulas decide for a vector, they decide for all 32.
struct Across {
  float v;
};
template <>
__device__ __forceinline__ Across spread<Across>(float x) {
  return {x};
}
__device__ __forceinline__ Across operator+(const Across& a, const Across& b) { return {a.v + b.v}; }
__device__ __forceinline__ Across operator-(const Across& a, const Across& b) { return {a.v - b.v}; }
__device__ __forceinline__ Across operator*(const Across& a, const Across& b) { return {a.v * b.v}; }
__device__ __forceinline__ Across operator/(const Across& a, const Across& b) { return {a.v / b.v}; }
__device__ __forceinline__ Across fma(const Across& a, const Across& b, const Across& c) {
  return {fma(a.v, b.v, c.v)};
}
__device__ __forceinline__ Across root(const Across& a) { return {root(a.v)}; }
__device__ __forceinline__ Across lower(const Across& a, const Across& b) { return {lower(a.v, b.v)}; }
__device__ __forceinline__ Across magnitude(const Across& a) { return {magnitude(a.v)}; }
__device__ __forceinline__ float total(const Across& a) { return warp_sum(a.v); }

// One kind of row during one step; pointers are those of the device.
struct AdamSide {
  const TrainState& s;
  const AdamCall& adam;
  const ParameterTable& table;
  const AdamKind& kind;
  AdamStep factors;
  AdamStep biases;
};

__device__ __forceinline__ AdamSide adam_side(const TrainState& s, const AdamCall& adam, const ParameterTable& table,
                                              const AdamKind& kind, std::uint32_t step) {
  return {s, adam, table, kind, step_of(s.options, adam, kind, step), step_of(s.options, adam, adam.biases, step)};
}

// The bias of a row behind step `now`, for one lane; with moments (w, m, v) it is brought up to date in place.
template <bool closed>
__device__ __forceinline__ float bring_up_bias(const AdamSide& side, std::uint32_t row, std::uint32_t last,
                                               std::uint32_t now) {
  const ParameterTable& t = side.table;
  if constexpr (closed) {
    return brought_up(t.biases[row], t.biases_first[row], gap_of(side.adam, side.adam.biases, last, now));
  } else {
    float w = t.biases[row];
    if (side.s.options.lazy || !side.s.options.train_biases || last == now) return w;
    float m = t.biases_first[row];
    float v = t.biases_second[row];
    bring_up(side.adam, side.adam.biases, last, now, w, m, v, side.biases);
    t.biases[row] = w;
    t.biases_first[row] = m;
    t.biases_second[row] = v;
    return w;
  }
}

// The factors of a row behind step `now`, to `target`; with moments (w, m, v) the row is brought up to date in place,
// too, and `target` may be that place. Lanes do not write what they read in slices: a barrier stands before the
// readers.
template <bool closed, int width>
__device__ __forceinline__ void bring_up_factors(const AdamSide& side, std::uint32_t row, std::uint32_t last,
                                                 std::uint32_t now, float* target) {
  const std::uint32_t stride = side.s.stride;
  const std::size_t at = row_start(row, stride);
  float* w = side.table.factors + at;
  float* first = side.table.factors_first + at;
  float* second = side.table.factors_second + at;
  const unsigned lane = lane_of_thread();
  if constexpr (closed) {
    const AdamGap gap = gap_of(side.adam, side.kind, last, now);
    for (std::uint32_t k = lane * width; k < stride; k += kWarpSize * width) {
      Slice<width> values = load_slice<width>(w + k);
      const Slice<width> u = load_slice<width>(first + k);
      for (int n = 0; n < width; ++n) values.v[n] = brought_up(values.v[n], u.v[n], gap);
      store_slice(target + k, values);
    }
  } else {
    const bool still = side.s.options.lazy || last == now;
    for (std::uint32_t start = 0; start < stride; start += kWarpSize) {
      const std::uint32_t k = start + lane;
      const bool inside = k < stride;
      Across value = {inside ? w[k] : 0.0f};
      if (!still) {
        Across m = {inside ? first[k] : 0.0f};
        Across v = {inside ? second[k] : 0.0f};
        bring_up(side.adam, side.kind, last, now, value, m, v, side.factors);
        if (inside) {
          w[k] = value.v;
          first[k] = m.v;
          second[k] = v.v;
        }
      }
      if (inside) target[k] = value.v;
    }
  }
}

// Steps a row whose factors and bias, up to date, are `values` and `bias`. gradient(k) is the slice of its gradient
// from column k on.
template <bool closed, int width, typename Gradient>
__device__ __forceinline__ void step_adam_row(const AdamSide& side, std::uint32_t row, std::uint32_t step,
                                              const float* values, float bias, float bias_gradient,
                                              const Gradient& gradient) {
  const std::uint32_t stride = side.s.stride;
  const std::size_t at = row_start(row, stride);
  const unsigned lane = lane_of_thread();
  const std::uint32_t last = side.table.last_step[row];
  AdamGap gap = {};
  if constexpr (closed) gap = gap_of(side.adam, side.kind, last, step - 1);
  for (std::uint32_t k = lane * width; k < stride; k += kWarpSize * width) {
    Slice<width> w = load_slice<width>(values + k);
    Slice<width> first = load_slice<width>(side.table.factors_first + at + k);
    Slice<width> second = load_slice<width>(side.table.factors_second + at + k);
    const Slice<width> g = gradient(k);
    for (int n = 0; n < width; ++n)
      adam_step<closed>(w.v[n], first.v[n], second.v[n], g.v[n], gap, side.factors, side.kind.l2);
    store_slice(side.table.factors + at + k, w);
    store_slice(side.table.factors_first + at + k, first);
    store_slice(side.table.factors_second + at + k, second);
  }
  __syncwarp();  // every lane has read last_step
  if (lane != 0) return;
  side.table.last_step[row] = step;
  if (!side.s.options.train_biases) return;
  if constexpr (closed) gap = gap_as(gap, side.adam.biases, last, step - 1);
  adam_step<closed>(bias, side.table.biases_first[row], side.table.biases_second[row], bias_gradient, gap, side.biases,
                    side.adam.biases.l2);
  side.table.biases[row] = bias;
}

// Brings a row to the last step of the epoch, where the next one starts as its step 0.
template <bool closed, int width>
__device__ __forceinline__ void finish_row(const AdamSide& side, std::uint32_t row) {
  const std::uint32_t stride = side.s.stride;
  const std::uint32_t last = side.table.last_step[row];
  const std::uint32_t end = side.adam.steps;
  const std::size_t at = row_start(row, stride);
  bring_up_factors<closed, width>(side, row, last, end, side.table.factors + at);
  const AdamGap gap = closed ? gap_of(side.adam, side.kind, last, end) : AdamGap{};
  const float epsilon = side.adam.epsilons[end];
  if constexpr (closed) {
    for (std::uint32_t k = lane_of_thread() * width; k < stride; k += kWarpSize * width) {
      Slice<width> u = load_slice<width>(side.table.factors_first + at + k);
      Slice<width> deviation = load_slice<width>(side.table.factors_second + at + k);
      for (int n = 0; n < width; ++n) fade(u.v[n], deviation.v[n], gap, epsilon);
      store_slice(side.table.factors_first + at + k, u);
      store_slice(side.table.factors_second + at + k, deviation);
    }
  }
  if (lane_of_thread() != 0 || !side.s.options.train_biases) return;
  const float bias = bring_up_bias<closed>(side, row, last, end);
  if constexpr (closed) {
    side.table.biases[row] = bias;
    fade(side.table.biases_first[row], side.table.biases_second[row], gap, epsilon);
  }
}

inline constexpr std::uint32_t kFinishWarps = 8;

template <bool closed, int width>
__global__ void __launch_bounds__(kFinishWarps* kWarpSize)
    finish_rows_kernel(const __grid_constant__ TrainState s, const __grid_constant__ AdamCall adam) {
  const std::uint32_t unit = warp_of_grid();
  if (unit >= s.users.rows + s.items.rows) return;
  const bool user = unit < s.users.rows;
  const AdamSide side = adam_side(s, adam, user ? s.users : s.items, user ? adam.users : adam.items, adam.steps);
  finish_row<closed, width>(side, user ? unit : unit - s.users.rows);
}

}  // namespace palate::k_cuda
