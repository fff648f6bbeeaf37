// Row-wise SGD between plain rows, the loop that most trainings run. Part of train_epoch.cc.
//
// Coupled and decoupled decay are the same for SGD: w <- (1 - lr l2 share) w - lr g (other row).
#pragma once

#include "kernels/row_updates.h"

namespace palate::KERNEL_NS {
namespace {

// Rows of up to so many Lanes stay in registers between their dot product and their updates.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
constexpr std::uint32_t kHeldLanes = static_cast<std::uint32_t>(kRegisters / 4 / kParts);

// Both rows of a rating and what moves them; copied out of the state, which stores to rows could alias.
template <std::uint32_t width>
struct Pair {
  float* PALATE_RESTRICT p;
  float* PALATE_RESTRICT q;
  std::uint32_t stride;
  Lanes user[width];
  Lanes item[width];

  // Adds up as dot() does, so that all levels agree.
  PALATE_INLINE float product() {
    Lanes sums[2] = {splat(0.0f), splat(0.0f)};
    for (std::uint32_t n = 0; n < width; ++n) {
      user[n] = load(p + n * kLanes);
      item[n] = load(q + n * kLanes);
      sums[n % 2] = fma(user[n], item[n], sums[n % 2]);
    }
    return sum(sums[0] + sums[1]);
  }

  PALATE_INLINE void update(float move, float user_keep, float item_keep) {
    const Lanes m = splat(move);
    const Lanes keep_user = splat(user_keep);
    const Lanes keep_item = splat(item_keep);
    for (std::uint32_t n = 0; n < width; ++n) {
      store(p + n * kLanes, fma(m, item[n], keep_user * user[n]));
      store(q + n * kLanes, fma(m, user[n], keep_item * item[n]));
    }
  }
};

// Rows of any width, from memory.
template <>
struct Pair<0> {
  float* PALATE_RESTRICT p;
  float* PALATE_RESTRICT q;
  std::uint32_t stride;

  PALATE_INLINE float product() const { return dot(p, q, stride); }

  PALATE_INLINE void update(float move, float user_keep, float item_keep) const {
    const Lanes m = splat(move);
    const Lanes keep_user = splat(user_keep);
    const Lanes keep_item = splat(item_keep);
    for (std::uint32_t k = 0; k < stride; k += kLanes) {
      const Lanes user = load(p + k);
      const Lanes item = load(q + k);
      store(p + k, fma(m, item, keep_user * user));
      store(q + k, fma(m, user, keep_item * item));
    }
  }
};

template <std::uint32_t width, Objective objective, Link link>
void train_sgd(const Run& run, std::size_t begin, std::size_t end, LossSums& sums) {
  const TrainState& s = *run.state;
  const GridView grid = run.call->grid;
  const TrainOptions o = s.options;
  const float span = o.range_max - o.range_min;
  const std::uint32_t stride = width != 0 ? width * kLanes : s.stride;
  const float rate = run.factor_step.rate;
  const float user_decay = rate * s.users.regularization;
  const float item_decay = rate * s.items.regularization;
  const float bias_rate = run.bias_step.rate;
  const float bias_decay = bias_rate * o.regularization_bias;
  const float global_bias = s.global_bias;
  float* const user_factors = s.users.factors;
  float* const item_factors = s.items.factors;
  float* const user_biases = s.users.biases;
  float* const item_biases = s.items.biases;
  const float* const user_shares = run.call->user_shares;
  const float* const item_shares = run.call->item_shares;
  double loss = 0;
  double squares = 0;
  for (std::size_t n = begin; n < end; ++n) {
    if (n + kPrefetchAhead < end) {
      prefetch_factors(user_factors + static_cast<std::size_t>(grid.users[n + kPrefetchAhead]) * stride, stride);
      prefetch_factors(item_factors + static_cast<std::size_t>(grid.items[n + kPrefetchAhead]) * stride, stride);
    }
    const std::uint32_t user = grid.users[n];
    const std::uint32_t item = grid.items[n];
    Pair<width> pair;
    pair.p = user_factors + static_cast<std::size_t>(user) * stride;
    pair.q = item_factors + static_cast<std::size_t>(item) * stride;
    pair.stride = stride;
    const float user_share = user_shares[user];
    const float item_share = item_shares[item];
    const float user_bias = user_biases[user];
    const float item_bias = item_biases[item];
    const float x = global_bias + user_bias + item_bias + pair.product();
    const Slope result = slope_of<objective, link>(o.range_min, span, x, grid.values[n]);
    const float g = result.derivative;
    loss += result.loss;
    squares += result.squared_error;
    pair.update(-rate * g, 1.0f - user_decay * user_share, 1.0f - item_decay * item_share);
    if (!o.train_biases) continue;
    user_biases[user] = (1.0f - bias_decay * user_share) * user_bias - bias_rate * g;
    item_biases[item] = (1.0f - bias_decay * item_share) * item_bias - bias_rate * g;
  }
  sums.loss += loss;
  sums.squared_error += squares;
}

template <std::uint32_t width>
void train_sgd_of_width(const Run& run, std::size_t begin, std::size_t end, LossSums& sums) {
  const TrainOptions& o = run.state->options;
  if (o.objective == Objective::logistic) {
    train_sgd<width, Objective::logistic, Link::sigmoid>(run, begin, end, sums);
  } else if (o.link == Link::sigmoid) {
    train_sgd<width, Objective::squared, Link::sigmoid>(run, begin, end, sums);
  } else {
    train_sgd<width, Objective::squared, Link::identity>(run, begin, end, sums);
  }
}

// The loop for rows of so many Lanes, searched from `width` down; 0 fits all.
template <std::uint32_t width = kHeldLanes>
void train_sgd_of(std::uint32_t lanes, const Run& run, std::size_t begin, std::size_t end, LossSums& sums) {
  if constexpr (width != 0) {
    if (lanes != width) return train_sgd_of<width - 1>(lanes, run, begin, end, sums);
  }
  train_sgd_of_width<width>(run, begin, end, sums);
}

}  // namespace
}  // namespace palate::KERNEL_NS
