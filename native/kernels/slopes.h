// Derivatives and losses of many ratings at once. Part of train_batch.cc and train_adam.cc.
#pragma once

#include "kernels/loss_sums.h"
#include "math/objectives.h"

namespace palate::KERNEL_NS {
namespace {

template <Objective objective, Link link>
LossSums slopes_of(float* PALATE_RESTRICT scores, const float* PALATE_RESTRICT values, std::uint32_t count, float share,
                   float range_min, float span) {
  LossSums sums{0, 0};
  float losses[kLossChunk];
  float squares[kLossChunk];
  for (std::uint32_t begin = 0; begin < count; begin += kLossChunk) {
    const std::uint32_t size = count - begin < kLossChunk ? count - begin : kLossChunk;
    float* PALATE_RESTRICT score = scores + begin;
    const float* PALATE_RESTRICT value = values + begin;
    // No sums in here, so that the compiler makes vectors of it.
    for (std::uint32_t n = 0; n < size; ++n) {
      const Slope result = slope_of<objective, link>(range_min, span, score[n], value[n]);
      score[n] = result.derivative * share;
      losses[n] = result.loss;
      squares[n] = result.squared_error;
    }
    sums.loss += total(losses, size);
    if constexpr (objective != Objective::squared) sums.squared_error += total(squares, size);
  }
  if constexpr (objective == Objective::squared) sums.squared_error = sums.loss;
  return sums;
}

// Replaces scores by `share` of the derivatives of their losses.
LossSums slopes(float* scores, const float* values, std::uint32_t count, float share, const TrainOptions& o) {
  const float span = o.range_max - o.range_min;
  if (o.objective == Objective::logistic) {
    return slopes_of<Objective::logistic, Link::sigmoid>(scores, values, count, share, o.range_min, span);
  }
  if (o.link == Link::sigmoid) {
    return slopes_of<Objective::squared, Link::sigmoid>(scores, values, count, share, o.range_min, span);
  }
  return slopes_of<Objective::squared, Link::identity>(scores, values, count, share, o.range_min, span);
}

}  // namespace
}  // namespace palate::KERNEL_NS
