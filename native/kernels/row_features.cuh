// Row-wise updates by one warp where rows have shared features, or do not fit into registers. Part of train_epoch.cu.
//
// Each warp of a stratum works on a copy of the shared features of its own; after the stratum the copies are averaged,
// weighted by how often each was updated, in their order.
//
// The factors of a rating are visited twice, a slice at a time: every term of the score is a sum over columns, and so
// is the update of a column a matter of that column alone. So nothing is held, whatever the width and the number of
// features; the second visit finds the rows in the nearest cache. A row lists a feature once.
#pragma once

#include "kernels/combine_rows.cuh"
#include "kernels/row_updates.cuh"

namespace palate::k_cuda {

// A warp's copy of the shared features; `first` arrays with AdaGrad alone.
struct WarpFeatures {
  float* factors;        // (features, stride)
  float* factors_first;  // (features, stride)
  float* biases;         // (features)
  float* biases_first;   // (features)
  float* updates;        // (features) how often each was updated in this stratum
};

__device__ __forceinline__ WarpFeatures features_at(float* copy, const CopyLayout& layout) {
  return {copy, copy + layout.factors_first, copy + layout.biases, copy + layout.biases_first, copy + layout.updates};
}

template <Optimizer kind>
__device__ void load_features(const TrainState& s, const WarpFeatures& copy, unsigned lane) {
  const std::size_t floats = static_cast<std::size_t>(s.features.rows) * s.stride;
  for (std::size_t k = lane; k < floats; k += kWarpSize) {
    copy.factors[k] = s.features.factors[k];
    if constexpr (kind != Optimizer::sgd) copy.factors_first[k] = s.features.factors_first[k];
  }
  for (std::uint32_t f = lane; f < s.features.rows; f += kWarpSize) {
    copy.biases[f] = s.features.biases[f];
    if constexpr (kind != Optimizer::sgd) copy.biases_first[f] = s.features.biases_first[f];
    copy.updates[f] = 0.0f;
  }
  __syncwarp();
}

// Gradient g (B + A - p) of an id row, or g x (B + A - x v) of a feature; without pairs inside a side g x B.
template <Optimizer kind, int width>
__device__ __forceinline__ void update_slice(float* w, float* first, std::size_t at, const Slice<width>& own,
                                             const Slice<width>& other, float g, float x, bool within_side,
                                             const StepScalars& scalars) {
  Slice<width> value = load_slice<width>(w + at);
  Slice<width> direction = other;
  for (int n = 0; n < width; ++n) direction.v[n] += within_side ? fma(-x, value.v[n], own.v[n]) : 0.0f;
  Slice<width> sums = zero_slice<width>();
  if constexpr (kind != Optimizer::sgd) sums = load_slice<width>(first + at);
  step_slice<kind>(value, sums, direction, g * x, scalars);
  store_slice(w + at, value);
  if constexpr (kind != Optimizer::sgd) store_slice(first + at, sums);
}

template <Optimizer kind, int width>
__device__ __forceinline__ void update_active(const RowRun& run, const WarpFeatures& copy, const Active& active,
                                              const Slice<width>& own, const Slice<width>& other, float g,
                                              std::uint32_t k) {
  const TrainState& s = run.state;
  for (std::uint32_t e = 0; e < active.count; ++e) {
    const std::uint32_t f = active.features[e];
    update_slice<kind>(copy.factors, copy.factors_first, row_start(f, s.stride) + k, own, other, g, active.weights[e],
                       s.options.within_side,
                       with_share(run.feature_step, s.options, s.features.regularization, run.feature_shares[f]));
  }
}

template <Optimizer kind>
__device__ __forceinline__ void update_feature_biases(const RowRun& run, const WarpFeatures& copy, const Active& active,
                                                      float g, unsigned lane) {
  const TrainOptions& o = run.state.options;
  for (std::uint32_t e = lane; e < active.count; e += kWarpSize) {
    const std::uint32_t f = active.features[e];
    copy.updates[f] += 1.0f;
    if (!o.train_biases) continue;
    step_known_bias<kind>(copy.biases, copy.biases_first, f, copy.biases[f], g * active.weights[e],
                          with_share(run.feature_bias_step, o, o.regularization_bias, run.feature_shares[f]));
  }
  __syncwarp();  // a feature of both sides: its second update sees the first
}

template <Optimizer kind, int width>
__device__ __forceinline__ void train_featured(const RowRun& run, const WarpFeatures& copy, std::size_t begin,
                                               std::size_t end, WarpLoss& sums) {
  const TrainState& s = run.state;
  const TrainOptions& o = s.options;
  const unsigned lane = lane_of_thread();
  for (std::size_t n = begin; n < end; ++n) {
    const std::uint32_t user = run.grid.users[n];
    const std::uint32_t item = run.grid.items[n];
    const Active of_user = active_of(s.user_features, user);
    const Active of_item = active_of(s.item_features, item);
    const std::size_t user_at = row_start(user, s.stride);
    const std::size_t item_at = row_start(item, s.stride);
    const float* p = s.users.factors + user_at;
    const float* q = s.items.factors + item_at;
    const float bias = lane == 0 ? s.users.biases[user] : lane == 1 ? s.items.biases[item] : 0.0f;
    float x = bias + feature_biases(of_user, copy.biases, lane) + feature_biases(of_item, copy.biases, lane);
    for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
      const Slice<width> a = combine_slice<width>(p, of_user, copy.factors, s.stride, k, o.within_side, x);
      const Slice<width> b = combine_slice<width>(q, of_item, copy.factors, s.stride, k, o.within_side, x);
      x = dot_slices(a, b, x);
    }
    const Slope result = slope(o, s.global_bias + warp_sum(x), run.grid.values[n]);
    const float g = result.derivative;
    sums.add(result);
    const float user_share = run.user_shares[user];
    const float item_share = run.item_shares[item];
    const StepScalars user_step = with_share(run.factor_step, o, s.users.regularization, user_share);
    const StepScalars item_step = with_share(run.factor_step, o, s.items.regularization, item_share);
    for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
      float unused = 0.0f;
      const Slice<width> a = combine_slice<width>(p, of_user, copy.factors, s.stride, k, false, unused);
      const Slice<width> b = combine_slice<width>(q, of_item, copy.factors, s.stride, k, false, unused);
      update_slice<kind>(s.users.factors, s.users.factors_first, user_at + k, a, b, g, 1.0f, o.within_side, user_step);
      update_slice<kind>(s.items.factors, s.items.factors_first, item_at + k, b, a, g, 1.0f, o.within_side, item_step);
      update_active<kind>(run, copy, of_user, a, b, g, k);
      update_active<kind>(run, copy, of_item, b, a, g, k);
    }
    update_feature_biases<kind>(run, copy, of_user, g, lane);
    update_feature_biases<kind>(run, copy, of_item, g, lane);
    if (!o.train_biases || lane >= 2) continue;
    const ParameterTable& table = lane == 0 ? s.users : s.items;
    step_known_bias<kind>(table.biases, table.biases_first, lane == 0 ? user : item, bias, g,
                          with_share(run.bias_step, o, o.regularization_bias, lane == 0 ? user_share : item_share));
  }
}

}  // namespace palate::k_cuda
