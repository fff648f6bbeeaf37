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

PALATE_INLINE Slope slope(const TrainOptions& options, float x, float rating) {
  const float span = options.range_max - options.range_min;
  if (options.objective == Objective::logistic) {
    const float target = (rating - options.range_min) / span;
    const float p = sigmoid(x);
    const float error = span * (p - target);
    return {p - target, softplus(x) - target * x, error * error};
  }
  if (options.link == Link::sigmoid) {
    const float p = sigmoid(x);
    const float error = options.range_min + span * p - rating;
    return {2.0f * error * span * p * (1.0f - p), error * error, error * error};
  }
  const float error = x - rating;
  return {2.0f * error, error * error, error * error};
}

}  // namespace palate::KERNEL_NS
