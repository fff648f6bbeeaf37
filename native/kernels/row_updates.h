// Row-wise updates of ratings between plain rows. Part of train_epoch.cc.
#pragma once

#include "kernels/train.h"
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

struct Sums {
  double loss;
  double squares;
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

// SGD's step of both rows as w <- keep w + move (other row).
struct PairStep {
  Lanes user_keep, user_move, item_keep, item_move;
};

PALATE_INLINE PairStep pair_step(float g, const StepScalars& user_step, const StepScalars& item_step) {
  return {splat(user_step.keep - user_step.rate * user_step.l2), splat(-user_step.rate * g),
          splat(item_step.keep - item_step.rate * item_step.l2), splat(-item_step.rate * g)};
}

// Both rows of a rating, each by the other's old value.
template <Optimizer kind>
PALATE_INLINE void update_pair(float* PALATE_RESTRICT p, float* PALATE_RESTRICT p_first, float* PALATE_RESTRICT q,
                               float* PALATE_RESTRICT q_first, float g, std::uint32_t stride,
                               const StepScalars& user_step, const StepScalars& item_step) {
  const Lanes slope_lanes = splat(g);
  const PairStep both = pair_step(g, user_step, item_step);
  Lanes none = splat(0.0f);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes user = load(p + k);
    Lanes item = load(q + k);
    if constexpr (kind == Optimizer::sgd) {
      store(p + k, fma(both.user_move, item, both.user_keep * user));
      store(q + k, fma(both.item_move, user, both.item_keep * item));
    } else {
      const Lanes user_gradient = slope_lanes * item;
      const Lanes item_gradient = slope_lanes * user;
      Lanes user_first = load(p_first + k);
      Lanes item_first = load(q_first + k);
      step<kind>(user, user_first, none, user_gradient, user_step);
      step<kind>(item, item_first, none, item_gradient, item_step);
      store(p_first + k, user_first);
      store(q_first + k, item_first);
      store(p + k, user);
      store(q + k, item);
    }
  }
}

#if defined(__GNUC__)
PALATE_INLINE void prefetch(const float* row, std::uint32_t stride) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) __builtin_prefetch(row + k, 1);
}
#endif

// Rows of up to so many Lanes stay in registers between their dot product and their updates.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
constexpr std::uint32_t kHeldLanes = static_cast<std::uint32_t>(kRegisters / 4 / kParts);

// Dot product and both updates of SGD; `width` Lanes a row. Adds up as dot() does, so that all levels agree.
template <std::uint32_t width, typename SlopeOf>
PALATE_INLINE float update_held(float* PALATE_RESTRICT p, float* PALATE_RESTRICT q, const StepScalars& user_step,
                                const StepScalars& item_step, const SlopeOf& slope_of_dot) {
  Lanes user[width];
  Lanes item[width];
  Lanes sums[2] = {splat(0.0f), splat(0.0f)};
  for (std::uint32_t n = 0; n < width; ++n) {
    user[n] = load(p + n * kLanes);
    item[n] = load(q + n * kLanes);
    sums[n % 2] = fma(user[n], item[n], sums[n % 2]);
  }
  const float g = slope_of_dot(sum(sums[0] + sums[1]));
  const PairStep both = pair_step(g, user_step, item_step);
  for (std::uint32_t n = 0; n < width; ++n) {
    store(p + n * kLanes, fma(both.user_move, item[n], both.user_keep * user[n]));
    store(q + n * kLanes, fma(both.item_move, user[n], both.item_keep * item[n]));
  }
  return g;
}

// Ratings [begin, end) of a block. width > 0: SGD with so many Lanes a row.
template <Optimizer kind, std::uint32_t width>
void train_plain(const Run& run, std::size_t begin, std::size_t end, Sums& sums) {
  const TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  const TrainOptions& o = s.options;
  const std::uint32_t stride = width != 0 ? width * kLanes : s.stride;
  for (std::size_t n = begin; n < end; ++n) {
    const std::uint32_t user = call.grid.users[n];
    const std::uint32_t item = call.grid.items[n];
    const std::size_t user_at = static_cast<std::size_t>(user) * stride;
    const std::size_t item_at = static_cast<std::size_t>(item) * stride;
#if defined(__GNUC__)
    if (n + kPrefetchAhead < end) {
      prefetch(s.users.factors + static_cast<std::size_t>(call.grid.users[n + kPrefetchAhead]) * stride, stride);
      prefetch(s.items.factors + static_cast<std::size_t>(call.grid.items[n + kPrefetchAhead]) * stride, stride);
    }
#endif
    const float user_share = call.user_shares[user];
    const float item_share = call.item_shares[item];
    const StepScalars user_step = with_share(run.factor_step, o, s.users.regularization, user_share);
    const StepScalars item_step = with_share(run.factor_step, o, s.items.regularization, item_share);
    const float bias = s.global_bias + s.users.biases[user] + s.items.biases[item];
    const auto slope_at = [&](float product) {
      const Slope result = slope(o, bias + product, call.grid.values[n]);
      sums.loss += result.loss;
      sums.squares += result.squared_error;
      return result.derivative;
    };
    float* p = s.users.factors + user_at;
    float* q = s.items.factors + item_at;
    float g;
    if constexpr (width != 0) {
      g = update_held<width>(p, q, user_step, item_step, slope_at);
    } else {
      g = slope_at(dot(p, q, stride));
      update_pair<kind>(p, kind == Optimizer::sgd ? nullptr : s.users.factors_first + user_at, q,
                        kind == Optimizer::sgd ? nullptr : s.items.factors_first + item_at, g, stride, user_step,
                        item_step);
    }
    if (!o.train_biases) continue;
    update_bias<kind>(s.users.biases, s.users.biases_first, user, g,
                      with_share(run.bias_step, o, o.regularization_bias, user_share));
    update_bias<kind>(s.items.biases, s.items.biases_first, item, g,
                      with_share(run.bias_step, o, o.regularization_bias, item_share));
  }
}

// The loop for rows of so many Lanes, from `width` down.
template <std::uint32_t width>
void train_held(const Run& run, std::uint32_t lanes, std::size_t begin, std::size_t end, Sums& sums) {
  if constexpr (width != 0) {
    if (lanes != width) return train_held<width - 1>(run, lanes, begin, end, sums);
    return train_plain<Optimizer::sgd, width>(run, begin, end, sums);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
