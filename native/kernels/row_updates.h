// Row-wise updates of ratings between plain rows. Part of train_epoch.cc.
#pragma once

#include "kernels/loss_sums.h"
#include "math/objectives.h"
#include "math/optimizers.h"

namespace palate::KERNEL_NS {
namespace {

// Ratings; a row of L3 is on its way for about six updates.
constexpr std::size_t kPrefetchAhead = 6;

struct Run {
  TrainState* state;
  const EpochCall* call;
  std::uint32_t stratum;
  StepScalars factor_step;  // l2 is set a row
  StepScalars bias_step;
  StepScalars feature_step;
  StepScalars feature_bias_step;
};

PALATE_INLINE StepScalars with_share(StepScalars scalars, const TrainOptions& o, float regularization, float share) {
  const float l2 = regularization * share;
  scalars.l2 = o.decoupled ? 0.0f : l2;
  scalars.keep = o.decoupled ? 1.0f - scalars.rate * l2 : 1.0f;
  return scalars;
}

template <Optimizer kind>
PALATE_INLINE void update_bias(float* w, float* first, std::size_t at, float g, const StepScalars& scalars) {
  step_bias<kind>(w + at, kind == Optimizer::sgd ? nullptr : first + at, nullptr, g, scalars);
}

// Both rows of a rating, each by the other's old value.
template <Optimizer kind>
PALATE_INLINE void update_pair(float* PALATE_RESTRICT p, float* PALATE_RESTRICT p_first, float* PALATE_RESTRICT q,
                               float* PALATE_RESTRICT q_first, float g, std::uint32_t stride,
                               const StepScalars& user_step, const StepScalars& item_step) {
  const Lanes slope_lanes = splat(g);
  Lanes none = splat(0.0f);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes user = load(p + k);
    Lanes item = load(q + k);
    Lanes user_first = load(p_first + k);
    Lanes item_first = load(q_first + k);
    const Lanes user_gradient = slope_lanes * item;
    const Lanes item_gradient = slope_lanes * user;
    step<kind>(user, user_first, none, user_gradient, user_step);
    step<kind>(item, item_first, none, item_gradient, item_step);
    store(p_first + k, user_first);
    store(q_first + k, item_first);
    store(p + k, user);
    store(q + k, item);
  }
}

PALATE_INLINE void prefetch_factors(const float* row, std::uint32_t stride) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) prefetch(row + k);
}

// Both rows of the rating kPrefetchAhead behind n.
PALATE_INLINE void prefetch_ahead(const TrainState& s, const GridView& grid, std::size_t n, std::size_t end) {
  const std::size_t ahead = n + kPrefetchAhead;
  if (ahead >= end) return;
  prefetch_factors(s.users.factors + static_cast<std::size_t>(grid.users[ahead]) * s.stride, s.stride);
  prefetch_factors(s.items.factors + static_cast<std::size_t>(grid.items[ahead]) * s.stride, s.stride);
}

// Ratings [begin, end) of a block, with AdaGrad.
void train_adagrad(const Run& run, std::size_t begin, std::size_t end, LossSums& sums) {
  const TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  const TrainOptions& o = s.options;
  for (std::size_t n = begin; n < end; ++n) {
    const std::uint32_t user = call.grid.users[n];
    const std::uint32_t item = call.grid.items[n];
    const std::size_t user_at = static_cast<std::size_t>(user) * s.stride;
    const std::size_t item_at = static_cast<std::size_t>(item) * s.stride;
    prefetch_ahead(s, call.grid, n, end);
    const float user_share = call.user_shares[user];
    const float item_share = call.item_shares[item];
    float* p = s.users.factors + user_at;
    float* q = s.items.factors + item_at;
    const float x = s.global_bias + s.users.biases[user] + s.items.biases[item] + dot(p, q, s.stride);
    const Slope result = slope(o, x, call.grid.values[n]);
    const float g = result.derivative;
    sums.loss += result.loss;
    sums.squared_error += result.squared_error;
    update_pair<Optimizer::adagrad>(p, s.users.factors_first + user_at, q, s.items.factors_first + item_at, g, s.stride,
                                    with_share(run.factor_step, o, s.users.regularization, user_share),
                                    with_share(run.factor_step, o, s.items.regularization, item_share));
    if (!o.train_biases) continue;
    update_bias<Optimizer::adagrad>(s.users.biases, s.users.biases_first, user, g,
                                    with_share(run.bias_step, o, o.regularization_bias, user_share));
    update_bias<Optimizer::adagrad>(s.items.biases, s.items.biases_first, item, g,
                                    with_share(run.bias_step, o, o.regularization_bias, item_share));
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
