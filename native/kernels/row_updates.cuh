// Row-wise updates by one warp. Part of train_epoch.cu.
#pragma once

#include "kernels/train.h"
#include "kernels/warp_loss.cuh"
#include "math/optimizers.h"

namespace palate::k_cuda {

// Where the arrays of a copy of the shared features lie in it, in floats: see WarpFeatures.
struct CopyLayout {
  std::size_t factors_first;
  std::size_t biases;
  std::size_t biases_first;
  std::size_t updates;
  std::size_t floats;  // of the copy
};

constexpr CopyLayout copy_layout(Optimizer kind, std::size_t features, std::size_t stride) {
  const std::size_t factors = features * stride;
  const std::size_t biases = kind == Optimizer::sgd ? factors : 2 * factors;
  const std::size_t end = biases + 3 * features;
  return {factors, biases, biases + features, biases + 2 * features, (end + 15) / 16 * 16};
}

// What the blocks of a stratum have; pointers are those of the device.
struct RowRun {
  TrainState state;
  GridView grid;
  const float* user_shares;
  const float* item_shares;
  const float* feature_shares;
  float* copies;  // (warps of the stratum, copy.floats) of the shared features
  CopyLayout copy;
  double* losses;  // (blocks, 2), added to
  std::uint32_t stratum;
  StepScalars factor_step;  // l2 is set a row
  StepScalars bias_step;
  StepScalars feature_step;
  StepScalars feature_bias_step;
};

__device__ __forceinline__ StepScalars with_share(StepScalars scalars, const TrainOptions& o, float regularization,
                                                  float share) {
  const float l2 = regularization * share;
  scalars.l2 = o.decoupled ? 0.0f : l2;
  scalars.keep = o.decoupled ? 1.0f - scalars.rate * l2 : 1.0f;
  return scalars;
}

template <Optimizer kind, int width>
__device__ __forceinline__ void step_slice(Slice<width>& w, Slice<width>& first, const Slice<width>& direction,
                                           float scale, const StepScalars& scalars) {
  float none = 0.0f;
  for (int n = 0; n < width; ++n) step<kind>(w.v[n], first.v[n], none, scale * direction.v[n], scalars);
}

// Steps the bias whose value is known; returns its new one.
template <Optimizer kind>
__device__ __forceinline__ float step_known_bias(float* biases, float* first, std::uint32_t row, float value,
                                                 float gradient, const StepScalars& scalars) {
  float none = 0.0f;
  float sum = kind == Optimizer::sgd ? 0.0f : first[row];
  step<kind>(value, sum, none, gradient, scalars);
  biases[row] = value;
  if constexpr (kind != Optimizer::sgd) first[row] = sum;
  return value;
}

// One rating of the grid.
struct Rating {
  std::uint32_t user;
  std::uint32_t item;
  float value;
};

__device__ __forceinline__ Rating rating_at(const GridView& grid, std::size_t n) {
  return {grid.users[n], grid.items[n], grid.values[n]};
}

// The rows of one rating in registers: a slice of each, and in lane 0 the user's bias, in lane 1 the item's. A lane
// reads what no other lane writes, so the lanes of a warp need not wait for each other's stores.
template <Optimizer kind, int width>
struct HeldRating {
  Rating rating;
  float user_share;
  float item_share;
  float bias;
  Slice<width> p, p_first;
  Slice<width> q, q_first;

  __device__ __forceinline__ void load(const RowRun& run, const Rating& of, unsigned lane) {
    const TrainState& s = run.state;
    rating = of;
    const auto [user, item, value] = rating;
    user_share = run.user_shares[user];
    item_share = run.item_shares[item];
    bias = lane == 0 ? s.users.biases[user] : lane == 1 ? s.items.biases[item] : 0.0f;
    p = p_first = q = q_first = zero_slice<width>();
    const std::uint32_t k = lane * width;
    if (k >= s.stride) return;
    p = load_slice<width>(s.users.factors + row_start(user, s.stride) + k);
    q = load_slice<width>(s.items.factors + row_start(item, s.stride) + k);
    if constexpr (kind != Optimizer::sgd) {
      p_first = load_slice<width>(s.users.factors_first + row_start(user, s.stride) + k);
      q_first = load_slice<width>(s.items.factors_first + row_start(item, s.stride) + k);
    }
  }

  // Takes over rows that the rating before has changed since this one was loaded.
  __device__ __forceinline__ void follow(const HeldRating& before, unsigned lane) {
    if (before.rating.user == rating.user) {
      p = before.p;
      p_first = before.p_first;
      if (lane == 0) bias = before.bias;
    }
    if (before.rating.item == rating.item) {
      q = before.q;
      q_first = before.q_first;
      if (lane == 1) bias = before.bias;
    }
  }

  __device__ __forceinline__ void update(const RowRun& run, unsigned lane, WarpLoss& sums) {
    const TrainState& s = run.state;
    const TrainOptions& o = s.options;
    const auto [user, item, value] = rating;
    const float x = s.global_bias + warp_sum(dot_slices(p, q, bias));
    const Slope result = slope(o, x, value);
    const float g = result.derivative;
    sums.add(result);
    const Slice<width> user_before = p;
    step_slice<kind>(p, p_first, q, g, with_share(run.factor_step, o, s.users.regularization, user_share));
    step_slice<kind>(q, q_first, user_before, g, with_share(run.factor_step, o, s.items.regularization, item_share));
    if (o.train_biases && lane < 2) {
      const ParameterTable& table = lane == 0 ? s.users : s.items;
      const float share = lane == 0 ? user_share : item_share;
      const std::uint32_t row = lane == 0 ? user : item;
      bias = step_known_bias<kind>(table.biases, table.biases_first, row, bias, g,
                                   with_share(run.bias_step, o, o.regularization_bias, share));
    }
    const std::uint32_t k = lane * width;
    if (k >= s.stride) return;
    store_slice(s.users.factors + row_start(user, s.stride) + k, p);
    store_slice(s.items.factors + row_start(item, s.stride) + k, q);
    if constexpr (kind != Optimizer::sgd) {
      store_slice(s.users.factors_first + row_start(user, s.stride) + k, p_first);
      store_slice(s.items.factors_first + row_start(item, s.stride) + k, q_first);
    }
  }
};

// Ratings [begin, end). While one is updated, the rows of the next are on their way, and the indices of the one behind.
template <Optimizer kind, int width>
__device__ __forceinline__ void train_held(const RowRun& run, std::size_t begin, std::size_t end, WarpLoss& sums) {
  if (begin == end) return;
  const unsigned lane = lane_of_thread();
  HeldRating<kind, width> rating;
  rating.load(run, rating_at(run.grid, begin), lane);
  Rating ahead = rating_at(run.grid, begin + 1 < end ? begin + 1 : begin);
  for (std::size_t n = begin; n + 1 < end; ++n) {
    HeldRating<kind, width> next;
    next.load(run, ahead, lane);
    if (n + 2 < end) ahead = rating_at(run.grid, n + 2);
    rating.update(run, lane, sums);
    next.follow(rating, lane);
    rating = next;
  }
  rating.update(run, lane, sums);
}

}  // namespace palate::k_cuda
