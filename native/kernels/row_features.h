// Row-wise updates with shared features: copies a block, updates, merging. Part of train_epoch.cc.
#pragma once

#include "kernels/combine_rows.h"
#include "kernels/row_updates.h"

namespace palate::KERNEL_NS {
namespace {

// A block's private copy of the shared features, in EpochCall::block_scratch.
struct FeatureCopy {
  float* factors;        // (features, stride)
  float* factors_first;  // (features, stride)
  float* biases;         // (features)
  float* biases_first;   // (features)
  float* updates;        // (features) how often each was updated in this block
  float* user_row;       // (stride) A_u
  float* item_row;       // (stride) B_i
};

FeatureCopy copy_of(const TrainState& s, const EpochCall& call, std::uint32_t block) {
  float* base = call.block_scratch + call.block_stride * block;
  const std::size_t rows = s.features.rows;
  FeatureCopy copy;
  copy.user_row = base;
  copy.item_row = base + s.stride;
  copy.factors = base + 2 * s.stride;
  copy.factors_first = copy.factors + rows * s.stride;
  copy.biases = copy.factors_first + rows * s.stride;
  copy.biases_first = copy.biases + rows;
  copy.updates = copy.biases_first + rows;
  return copy;
}

void copy_floats(float* target, const float* source, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) target[k] = source[k];
}

template <Optimizer kind>
void load_features(const TrainState& s, const FeatureCopy& copy) {
  const std::size_t rows = s.features.rows;
  copy_floats(copy.factors, s.features.factors, rows * s.stride);
  copy_floats(copy.biases, s.features.biases, rows);
  if (kind == Optimizer::adagrad) {
    copy_floats(copy.factors_first, s.features.factors_first, rows * s.stride);
    copy_floats(copy.biases_first, s.features.biases_first, rows);
  }
  for (std::size_t f = 0; f < rows; ++f) copy.updates[f] = 0.0f;
}

// Gradient g (B + A - p) of an id row, or g x (B + A - x v) of a feature; without pairs inside a side g x B.
template <Optimizer kind>
void update_featured(float* w, float* first, std::size_t at, const float* own_side, const float* other_side, float g,
                     float x, bool within_side, std::uint32_t stride, const StepScalars& scalars) {
  const Lanes weight = splat(g * x);
  const Lanes minus_x = splat(-x);
  Lanes none = splat(0.0f);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes value = load(w + at + k);
    Lanes direction = load(other_side + k);
    if (within_side) direction = direction + fma(minus_x, value, load(own_side + k));
    if constexpr (kind == Optimizer::sgd) {
      step<kind>(value, none, none, weight * direction, scalars);
    } else {
      Lanes sums = load(first + at + k);
      step<kind>(value, sums, none, weight * direction, scalars);
      store(first + at + k, sums);
    }
    store(w + at + k, value);
  }
}

template <Optimizer kind>
void update_features(const Run& run, const FeatureCopy& copy, const FeatureLists& lists, std::uint32_t row,
                     const float* own_side, const float* other_side, float g) {
  if (lists.empty()) return;
  const TrainState& s = *run.state;
  for (std::uint32_t e = lists.offsets[row]; e < lists.offsets[row + 1]; ++e) {
    const std::uint32_t f = lists.features[e];
    const float x = lists.weights[e];
    const float share = run.call->feature_shares[f];
    update_featured<kind>(copy.factors, copy.factors_first, static_cast<std::size_t>(f) * s.stride, own_side,
                          other_side, g, x, s.options.within_side, s.stride,
                          with_share(run.feature_step, s.options, s.features.regularization, share));
    copy.updates[f] += 1.0f;
    if (!s.options.train_biases) continue;
    update_bias<kind>(copy.biases, copy.biases_first, f, g * x,
                      with_share(run.feature_bias_step, s.options, s.options.regularization_bias, share));
  }
}

// Ratings [begin, end) of a block on its copy of the shared features.
template <Optimizer kind>
void train_featured(const Run& run, const FeatureCopy& copy, std::size_t begin, std::size_t end, LossSums& sums) {
  const TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  const TrainOptions& o = s.options;
  for (std::size_t n = begin; n < end; ++n) {
    const std::uint32_t user = call.grid.users[n];
    const std::uint32_t item = call.grid.items[n];
    prefetch_ahead(s, call.grid, n, end);
    const float user_share = call.user_shares[user];
    const float item_share = call.item_shares[item];
    const float user_bias =
        combine_row(copy.user_row, s.users, s.user_features, copy.factors, copy.biases, user, s.stride, o.within_side);
    const float item_bias =
        combine_row(copy.item_row, s.items, s.item_features, copy.factors, copy.biases, item, s.stride, o.within_side);
    const float x = s.global_bias + user_bias + item_bias + dot(copy.user_row, copy.item_row, s.stride);
    const Slope result = slope(o, x, call.grid.values[n]);
    const float g = result.derivative;
    sums.loss += result.loss;
    sums.squared_error += result.squared_error;
    update_featured<kind>(s.users.factors, s.users.factors_first, static_cast<std::size_t>(user) * s.stride,
                          copy.user_row, copy.item_row, g, 1.0f, o.within_side, s.stride,
                          with_share(run.factor_step, o, s.users.regularization, user_share));
    update_featured<kind>(s.items.factors, s.items.factors_first, static_cast<std::size_t>(item) * s.stride,
                          copy.item_row, copy.user_row, g, 1.0f, o.within_side, s.stride,
                          with_share(run.factor_step, o, s.items.regularization, item_share));
    update_features<kind>(run, copy, s.user_features, user, copy.user_row, copy.item_row, g);
    update_features<kind>(run, copy, s.item_features, item, copy.item_row, copy.user_row, g);
    if (!o.train_biases) continue;
    update_bias<kind>(s.users.biases, s.users.biases_first, user, g,
                      with_share(run.bias_step, o, o.regularization_bias, user_share));
    update_bias<kind>(s.items.biases, s.items.biases_first, item, g,
                      with_share(run.bias_step, o, o.regularization_bias, item_share));
  }
}

// base + sum of weights (copy - base), element by element, over the blocks that updated the feature.
void merge_values(float* base, std::size_t count, float* const* copies, const float* weights, std::uint32_t blocks) {
  for (std::size_t k = 0; k < count; ++k) {
    float delta = 0.0f;
    for (std::uint32_t b = 0; b < blocks; ++b) delta += weights[b] * (copies[b][k] - base[k]);
    base[k] += delta;
  }
}

constexpr std::uint32_t kMostBlocks = 256;

void merge_feature(void* context, std::uint32_t f) {
  const Run& run = *static_cast<const Run*>(context);
  TrainState& s = *run.state;
  const std::uint32_t side = run.call->grid.side;
  float weights[kMostBlocks];
  float* factors[kMostBlocks];
  float* factors_first[kMostBlocks];
  float* biases[kMostBlocks];
  float* biases_first[kMostBlocks];
  float total = 0.0f;
  for (std::uint32_t b = 0; b < side; ++b) {
    const FeatureCopy copy = copy_of(s, *run.call, b);
    const std::size_t at = static_cast<std::size_t>(f) * s.stride;
    weights[b] = copy.updates[f];
    factors[b] = copy.factors + at;
    factors_first[b] = copy.factors_first + at;
    biases[b] = copy.biases + f;
    biases_first[b] = copy.biases_first + f;
    total += copy.updates[f];
  }
  if (total == 0.0f) return;
  for (std::uint32_t b = 0; b < side; ++b) weights[b] /= total;
  const std::size_t at = static_cast<std::size_t>(f) * s.stride;
  merge_values(s.features.factors + at, s.stride, factors, weights, side);
  merge_values(s.features.biases + f, 1, biases, weights, side);
  if (s.options.optimizer != Optimizer::adagrad) return;
  merge_values(s.features.factors_first + at, s.stride, factors_first, weights, side);
  merge_values(s.features.biases_first + f, 1, biases_first, weights, side);
}

}  // namespace
}  // namespace palate::KERNEL_NS
