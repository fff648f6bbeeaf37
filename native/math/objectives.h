// Objectives with their derivatives by the raw score x. Contract: kernels/train.h.
#pragma once

#include "kernels/train.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {

struct Slope {
  float derivative;  // d loss / d x
  float loss;
  float squared_error;  // in rating units
};

// `span` is the width of the range of ratings, from `range_min` on.
template <Objective objective, Link link>
PALATE_INLINE Slope slope_of(float range_min, float span, float x, float rating) {
  if constexpr (objective == Objective::logistic) {
    const float target = (rating - range_min) / span;
    const float p = sigmoid(x);
    const float error = span * (p - target);
    return {p - target, softplus(x) - target * x, error * error};
  } else if constexpr (link == Link::sigmoid) {
    const float p = sigmoid(x);
    const float error = range_min + span * p - rating;
    return {2.0f * error * span * p * (1.0f - p), error * error, error * error};
  } else {
    const float error = x - rating;
    return {2.0f * error, error * error, error * error};
  }
}

PALATE_INLINE Slope slope(const TrainOptions& o, float x, float rating) {
  const float span = o.range_max - o.range_min;
  if (o.objective == Objective::logistic) {
    return slope_of<Objective::logistic, Link::sigmoid>(o.range_min, span, x, rating);
  }
  if (o.link == Link::sigmoid) return slope_of<Objective::squared, Link::sigmoid>(o.range_min, span, x, rating);
  return slope_of<Objective::squared, Link::identity>(o.range_min, span, x, rating);
}

// Squared error of a prediction as users see it: clipped to the range of ratings.
PALATE_INLINE float clipped_squared_error(float range_min, float range_max, float x, float rating) {
  const float y = x < range_min ? range_min : x > range_max ? range_max : x;
  return (y - rating) * (y - rating);
}

}  // namespace palate::KERNEL_NS
